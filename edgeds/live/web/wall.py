"""The wall: small pictures of all cameras on one page, and each camera's own page behind its own.

    /                          the wall                /cameras.json         how each one is doing
    /metrics                   of all cameras, for Prometheus
    /cameras/NAME/             the page of a camera, as if it were alone
    /cameras/NAME/small.jpg    its newest picture

Knows nothing about threads, ports and permission.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from edgeds.errors import InputError
from edgeds.live.web.connection_limits import ConnectionLimiter
from edgeds.live.web.jpeg_encoder import thumbnail
from edgeds.live.web.run_page import RunPage
from edgeds.live.web.settings import Page
from edgeds.live.web.static_files import FILES, content_type, page_file
from edgeds.sources.url import masked

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

_PREFIX = "/cameras/"


class Wall:
    """An ASGI application in front of the pages of several runs."""

    def __init__(
        self, pages: Mapping[str, RunPage], limiter: ConnectionLimiter, settings: Page
    ) -> None:
        self._pages, self._limiter, self._settings = pages, limiter, settings
        self._encoders = ThreadPoolExecutor(1, thread_name_prefix="edgeds-wall")
        self._starlette = self._routes()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request; a client that reads the answer too slowly is disconnected."""
        from anyio import fail_after

        name, slash, rest = scope["path"].removeprefix(_PREFIX).partition("/")
        page = self._pages.get(name) if scope["path"].startswith(_PREFIX) else None
        if page is not None and slash and rest != "small.jpg":
            path = f"/{rest}"
            await page.app({**scope, "path": path, "raw_path": path.encode()}, receive, send)
            return
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_in_time(message: Any) -> None:
            with fail_after(self._settings.send_secs):
                await send(message)

        with self._limiter.inside(scope["client"]), suppress(TimeoutError):
            await self._starlette(scope, receive, send_in_time)

    def _routes(self) -> Starlette:
        from starlette.applications import Starlette
        from starlette.routing import Route

        return Starlette(
            routes=[
                Route("/", self._file),
                *(Route(f"/{name}", self._file) for name in FILES),
                Route("/cameras.json", self._cameras),
                Route("/metrics", self._metrics),
                Route("/cameras/{name}/small.jpg", self._picture),
                Route("/cameras/{name}", self._to_page),
            ]
        )

    async def _file(self, request: Request) -> Response:
        from starlette.responses import Response

        name = request.scope["path"].lstrip("/") or "wall.html"
        return Response(page_file(name), headers={"content-type": content_type(name)})

    async def _cameras(self, _: Request) -> Response:
        from starlette.responses import JSONResponse

        cameras = []
        for name, page in self._pages.items():
            status = page.control.status()
            cameras.append(
                {
                    "name": name,
                    "state": status.source_state,
                    "message": masked(status.source_message),
                    "view": status.view,
                    "plate": status.plate.phase,
                    "fps": round(status.fps, 1),
                    "picture": None if page.newest is None else page.newest.index,
                }
            )
        return JSONResponse({"cameras": cameras})

    async def _metrics(self, _: Request) -> Response:
        from starlette.responses import PlainTextResponse, Response

        from edgeds.live.signals.delivery.metrics import CONTENT_TYPE, metrics_of_cameras

        controls = {name: page.control for name, page in self._pages.items()}
        loop = asyncio.get_running_loop()
        try:
            body = await loop.run_in_executor(self._encoders, lambda: metrics_of_cameras(controls))
        except InputError as error:
            return PlainTextResponse(f"{error.what}: {error.why}; {error.fix}", 501)
        return Response(body, headers={"content-type": CONTENT_TYPE})

    async def _picture(self, request: Request) -> Response:
        from starlette.responses import PlainTextResponse, Response

        page = self._pages.get(request.path_params["name"])
        frame = None if page is None else page.newest
        if frame is None:
            return PlainTextResponse("there is no picture yet", 404)
        loop = asyncio.get_running_loop()
        jpeg = await loop.run_in_executor(
            self._encoders, lambda: thumbnail(frame.pixels, self._settings)
        )
        return Response(jpeg, media_type="image/jpeg")

    async def _to_page(self, request: Request) -> Response:
        """The page's own addresses are relative to its folder."""
        from starlette.responses import PlainTextResponse, RedirectResponse

        name = request.path_params["name"]
        if name not in self._pages:
            return PlainTextResponse("there is no such camera", 404)
        return RedirectResponse(f"{_PREFIX}{name}/", 307)
