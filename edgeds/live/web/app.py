"""What there is to ask for: the page's files, the live WebSocket, a snapshot, a backdrop.

`access` decides who may ask. Knows nothing about threads and ports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeds.errors import EdgedsError
from edgeds.live.control import LiveControl
from edgeds.live.web.broadcast import Broadcast
from edgeds.live.web.connections import ConnectionLimiter
from edgeds.live.web.pages import TYPES, page_file
from edgeds.live.web.settings import PAGE, Page
from edgeds.live.web.upload import picture_from_upload
from edgeds.live.web.viewer import SavedFiles, StatusFeed, Viewer
from edgeds.live.web.webrtc import Stream

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.websockets import WebSocket


class App:
    """The page of one run. Made, used and closed in the event loop's thread."""

    def __init__(
        self,
        control: LiveControl,
        broadcast: Broadcast,
        stream: Stream | None,
        limiter: ConnectionLimiter,
        settings: Page = PAGE,
    ) -> None:
        self._control, self._broadcast, self._stream = control, broadcast, stream
        self._limiter, self._settings = limiter, settings
        self._recordings = SavedFiles()
        self._feed = StatusFeed(
            control, self._recordings, webrtc=stream is not None, settings=settings
        )
        self.viewers = 0
        # A run may take its time to complete a file; pictures go on meanwhile.
        self._control_calls = ThreadPoolExecutor(2, thread_name_prefix="edgeds-web-control")
        self._decoding = ThreadPoolExecutor(1, thread_name_prefix="edgeds-web-decode")
        self._starlette = self._routes()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request, cutting off whoever takes his answer too slowly."""
        from anyio import fail_after

        with self._limiter.inside(scope["client"]):
            if scope["type"] == "websocket":
                await self._starlette(scope, receive, send)
                return

            async def send_in_time(message: Any) -> None:
                with fail_after(self._settings.send_secs):
                    await send(message)

            with suppress(TimeoutError):
                await self._starlette(scope, receive, send_in_time)

    def close(self) -> None:
        self._control_calls.shutdown(wait=False, cancel_futures=True)
        self._decoding.shutdown(wait=False, cancel_futures=True)

    def _routes(self) -> Starlette:
        from starlette.applications import Starlette
        from starlette.routing import Route, WebSocketRoute

        files = [Route(f"/{name}", _file_route(name)) for name in TYPES if name != "index.html"]
        return Starlette(
            routes=[
                Route("/", _file_route("index.html")),
                *files,
                Route("/snapshot", self._snapshot, methods=["POST"]),
                Route("/backdrop", self._backdrop, methods=["POST"]),
                Route("/recordings/{number:int}", self._recording),
                WebSocketRoute("/live", self._live),
            ]
        )

    async def _live(self, socket: WebSocket) -> None:
        await socket.accept()
        if self.viewers >= self._settings.viewers:
            await socket.close(1013, "too many viewers")
            return
        self.viewers += 1
        try:
            await Viewer(
                socket,
                control=self._control,
                call=self._call,
                broadcast=self._broadcast,
                stream=self._stream,
                feed=self._feed,
                recordings=self._recordings,
                settings=self._settings,
            ).serve()
        finally:
            self.viewers -= 1

    async def _snapshot(self, _: Request) -> Response:
        """Write a snapshot where the run writes them, and give it to the viewer as well."""
        try:
            path = await self._call(self._control.snapshot)
        except EdgedsError as error:
            return _error(500, error)
        if path is None:
            return _error(409, EdgedsError("there is no picture yet", fix="wait for the camera"))
        return _download(path)

    async def _recording(self, request: Request) -> Response:
        number, paths = request.path_params["number"], self._recordings.paths
        if number >= len(paths) or not paths[number].is_file():
            return _error(404, EdgedsError("this recording is not there any more"))
        return _download(paths[number])

    async def _backdrop(self, request: Request) -> Response:
        from anyio import move_on_after

        too_large = EdgedsError(
            "this file cannot be the backdrop",
            why=f"it is larger than {self._settings.upload_bytes // 1_000_000} MB",
            fix="make it smaller, or save it as JPEG",
        )
        with move_on_after(self._settings.upload_secs) as patience:
            data = await self._body(request)
        if patience.cancelled_caught:
            return _error(408, EdgedsError("the upload took too long"))
        if data is None:
            return _error(413, too_large)
        loop = asyncio.get_running_loop()
        try:
            picture = await loop.run_in_executor(self._decoding, picture_from_upload, data)
            await self._call(lambda: self._control.set_backdrop(picture))
        except EdgedsError as error:
            return _error(415, error)
        return _json({"height": picture.shape[0], "width": picture.shape[1]})

    async def _body(self, request: Request) -> bytes | None:
        """The whole body; None as soon as it, or what is announced of it, is too large."""
        announced = request.headers.get("content-length", "0")
        if int(announced) > self._settings.upload_bytes:
            return None
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > self._settings.upload_bytes:
                return None
        return bytes(data)

    async def _call(self, function: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._control_calls, function)


def _file_route(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def serve(_: Request) -> Response:
        from starlette.responses import Response

        return Response(page_file(name), headers={"content-type": TYPES[name]})

    return serve


def _download(path: Path) -> Response:
    from starlette.responses import FileResponse

    return FileResponse(path, filename=path.name, content_disposition_type="attachment")


def _json(content: dict[str, Any], status: int = 200) -> Response:
    from starlette.responses import JSONResponse

    # Whoever is refused may still be sending; the connection is not read to its end.
    return JSONResponse(content, status, {"connection": "close"} if status >= 400 else None)


def _error(status: int, error: EdgedsError) -> Response:
    return _json({"what": error.what, "why": error.why, "fix": error.fix}, status)
