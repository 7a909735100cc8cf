"""The server's answers: the page's files, the live WebSocket, saved files, uploads.

token_and_origin_check.py checks permission. Knows nothing about threads and ports.
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
from edgeds.live.web.api import Api
from edgeds.live.web.broadcast import Broadcast
from edgeds.live.web.connection_limits import ConnectionLimiter
from edgeds.live.web.jpeg_encoder import thumbnail
from edgeds.live.web.qr_code import PhoneLink
from edgeds.live.web.settings import PAGE, Page
from edgeds.live.web.static_files import FILES, content_type, page_file
from edgeds.live.web.status import SavedFiles, StatusFeed
from edgeds.live.web.uploads import UploadRefusedError, Uploads
from edgeds.live.web.viewer_socket import Room, Viewer
from edgeds.sources.url import masked

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
        pictures: Broadcast,
        stream: Broadcast | None,
        limiter: ConnectionLimiter,
        phone: PhoneLink,
        settings: Page = PAGE,
    ) -> None:
        self._control, self._limiter, self._settings = control, limiter, settings
        self._phone, self._saved = phone, SavedFiles(settings)
        # A run may need time to complete a file; pictures go on meanwhile.
        self._control_calls = ThreadPoolExecutor(2, thread_name_prefix="edgeds-web-control")
        self._room = Room(
            control=control,
            call=self._call,
            pictures=pictures,
            stream=stream,
            feed=StatusFeed(
                control,
                self._saved,
                webrtc=stream is not None,
                phone=phone.kind,
                settings=settings,
            ),
            saved=self._saved,
            settings=settings,
        )
        self._uploads = Uploads(self._room)
        self._api = Api(control, self._call, settings)
        self.viewers = 0
        self._starlette = self._routes()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request; a client that reads the answer too slowly is disconnected."""
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
        self._uploads.close()

    def _routes(self) -> Starlette:
        from starlette.applications import Starlette
        from starlette.routing import Route, WebSocketRoute

        return Starlette(
            routes=[
                Route("/", _file_route("index.html")),
                *(Route(f"/{name}", _file_route(name)) for name in FILES),
                Route("/plate.jpg", self._plate_thumbnail),
                Route("/plate", _upload_route(self._uploads.plate), methods=["POST"]),
                Route("/backdrop", _upload_route(self._uploads.backdrop), methods=["POST"]),
                Route(
                    "/backdrop-video",
                    _upload_route(self._uploads.backdrop_video),
                    methods=["POST"],
                ),
                Route("/snapshot", self._snapshot, methods=["POST"]),
                Route("/saved/{number:int}", self._saved_file),
                Route("/phone.svg", self._phone_code),
                Route("/api/state", self._api.state),
                Route("/api/rules", self._api.rules, methods=["GET", "POST"]),
                Route("/api/plate/take-in", self._api.take_in, methods=["POST"]),
                Route("/api/shapes", self._api.shapes, methods=["GET", "POST"]),
                Route("/metrics", self._api.metrics),
                WebSocketRoute("/api/events", self._api.events),
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
            await Viewer(socket, self._room).serve()
        finally:
            self.viewers -= 1

    async def _snapshot(self, _: Request) -> Response:
        """Write a snapshot where the run writes them, and send it to the viewer as well."""
        try:
            path = await self._call(self._control.snapshot)
        except EdgedsError as error:
            return _error(500, error)
        if path is None:
            return _error(409, EdgedsError("there is no picture yet", fix="wait for the camera"))
        self._saved.add("snapshot", path)
        return _download(path)

    async def _saved_file(self, request: Request) -> Response:
        path = self._saved.path(request.path_params["number"])
        if path is None:
            return _error(404, EdgedsError("this file no longer exists"))
        return _download(path)

    async def _plate_thumbnail(self, _: Request) -> Response:
        def jpeg() -> bytes | None:
            pixels = self._control.plate()
            return None if pixels is None else thumbnail(pixels, self._settings)

        data = await self._call(jpeg)
        if data is None:
            return _error(404, EdgedsError("there is no plate yet"))
        return _content(data, "image/jpeg")

    async def _phone_code(self, _: Request) -> Response:
        svg = self._phone.svg()
        if svg is None:
            return _error(404, EdgedsError("phones cannot reach this page"))
        return _content(svg, "image/svg+xml")

    async def _call(self, function: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._control_calls, function)


def _file_route(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def serve(_: Request) -> Response:
        return _content(page_file(name), content_type(name))

    return serve


def _upload_route(
    take: Callable[[Request], Awaitable[dict[str, Any]]],
) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        try:
            return _json(await take(request))
        except UploadRefusedError as refusal:
            return _error(refusal.status, refusal.error)

    return serve


def _content(data: bytes, kind: str) -> Response:
    from starlette.responses import Response

    return Response(data, headers={"content-type": kind})


def _download(path: Path) -> Response:
    from starlette.responses import FileResponse

    return FileResponse(path, filename=path.name, content_disposition_type="attachment")


def _json(content: dict[str, Any], status: int = 200) -> Response:
    from starlette.responses import JSONResponse

    # A client that is refused may still be sending; the connection is not read to its end.
    return JSONResponse(content, status, {"connection": "close"} if status >= 400 else None)


def _error(status: int, error: EdgedsError) -> Response:
    return _json({"what": masked(error.what), "why": masked(error.why), "fix": error.fix}, status)
