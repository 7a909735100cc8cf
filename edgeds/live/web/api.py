"""What other programs ask the page's server: the state, events as they come, metrics, the rules.

    GET /api/state     the newest state                  GET /metrics      for Prometheus
    WS  /api/events    the state, then every event       GET, POST /api/rules, /api/shapes
    POST /api/plate/take-in    an object becomes a part of the plate

token_and_origin_check.py decides who may ask. docs/signals.schema.json describes the messages.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from edgeds.errors import EdgedsError, InputError
from edgeds.live.control import LiveControl
from edgeds.live.signals.events import Event, json_line
from edgeds.live.signals.rules.from_file import rules_from_text
from edgeds.live.signals.rules.kinds import Rules
from edgeds.live.signals.rules.shapes_on_page import rules_with_shapes, shapes_of
from edgeds.live.signals.rules.to_text import text_from_rules
from edgeds.live.signals.signals import Signals
from edgeds.live.web.settings import PAGE, Page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.websockets import WebSocket

_WAITING = 256
"""Messages for a client that reads slowly; with more, the oldest is lost."""
_RULES = "the rules"
_NO_SIGNALS = EdgedsError(
    "this run does not look for objects",
    why="no option asks for it",
    fix="add --rules FILE to edgeds live",
)


class Api:
    """Made, used and closed in the event loop's thread."""

    def __init__(
        self,
        control: LiveControl,
        call: Callable[[Callable[[], Any]], Awaitable[Any]],
        settings: Page = PAGE,
    ) -> None:
        """`call`: runs a function outside the event loop."""
        self._control, self._call, self._settings = control, call, settings
        self._feeds: set[_Feed] = set()

    @property
    def _signals(self) -> Signals | None:
        return self._control.signals

    async def state(self, _: Request) -> Response:
        signals = self._signals
        if signals is None:
            return _error(404, _NO_SIGNALS)
        if signals.seen is None:
            return _error(503, EdgedsError("there is no picture yet", fix="wait for the camera"))
        return _json(await self._call(signals.seen.state))

    async def rules(self, request: Request) -> Response:
        """GET: the rules as TOML. POST: watch these from now on; the file stays as it is."""
        from starlette.responses import Response

        signals = self._signals
        if signals is None:
            return _error(404, _NO_SIGNALS)
        if request.method == "POST":
            refusal = await self._exchange(request, lambda text: rules_from_text(text, name=_RULES))
            if refusal is not None:
                return refusal
        headers = {
            "content-type": "application/toml; charset=utf-8",
            "content-disposition": 'attachment; filename="rules.toml"',
        }
        return Response(text_from_rules(signals.rules), headers=headers)

    async def shapes(self, request: Request) -> Response:
        """Zones and lines as JSON; POST replaces them, and other rules stay."""
        signals = self._signals
        if signals is None:
            return _error(404, _NO_SIGNALS)
        if request.method == "POST":
            before = signals.rules
            refusal = await self._exchange(
                request, lambda text: rules_with_shapes(before, json.loads(text))
            )
            if refusal is not None:
                return refusal
        return _json(shapes_of(signals.rules))

    async def take_in(self, request: Request) -> Response:
        """POST {"object": id}: that object is a part of the plate from now on."""
        signals = self._signals
        if signals is None:
            return _error(404, _NO_SIGNALS)
        body = await self._body(request)
        if body is None:
            return _error(413, InputError("the request is too long", fix='send {"object": 7}'))
        try:
            number = json.loads(body)["object"]
        except (ValueError, KeyError, TypeError, RecursionError):
            number = None
        if not isinstance(number, int) or isinstance(number, bool):
            return _error(400, InputError("no object is named", fix='send {"object": 7}'))
        try:
            await self._call(lambda: self._control.take_into_plate(number))
        except InputError as error:
            return _error(404, error)
        return _json({"object": number})

    async def _exchange(self, request: Request, read: Callable[[str], Rules]) -> Response | None:
        """Watch the rules that the body holds; why not, where it holds none."""
        signals = self._signals
        assert signals is not None
        body = await self._body(request)
        if body is None:
            return _error(413, InputError("the rules are too long", fix="write fewer"))
        try:
            signals.set_rules(await self._call(lambda: read(body.decode())))
        except (ValueError, RecursionError):  # no UTF-8, no JSON
            return _error(400, InputError("the rules cannot be read", fix="send UTF-8 text"))
        except InputError as error:
            return _error(400, error)
        return None

    async def _body(self, request: Request) -> bytes | None:
        """What a request sends, at most `rules_bytes`; None if it is longer."""
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > self._settings.rules_bytes:
                return None
        return body

    async def metrics(self, _: Request) -> Response:
        from starlette.responses import Response

        from edgeds.live.signals.delivery.metrics import CONTENT_TYPE, metrics_of

        try:
            body = await self._call(lambda: metrics_of(self._control))
        except InputError as error:
            return _error(501, error)
        return Response(body, headers={"content-type": CONTENT_TYPE})

    async def events(self, socket: WebSocket) -> None:
        """The state, then events and states as they come; a slow client loses the oldest."""
        from anyio import create_task_group, fail_after

        signals = self._signals
        await socket.accept()
        if signals is None or len(self._feeds) >= self._settings.viewers:
            why = "this run does not look for objects" if signals is None else "too many clients"
            await socket.close(1013, why)
            return
        feed = _Feed(asyncio.get_running_loop())
        self._feeds.add(feed)
        signals.add_listener(feed)
        try:
            async with create_task_group() as group:

                async def send() -> None:
                    if signals.seen is not None:
                        await socket.send_text(json_line(signals.seen.state()))
                    while True:
                        line = await feed.next()
                        with fail_after(self._settings.send_secs):
                            await socket.send_text(line)

                async def until_it_leaves() -> None:
                    while (await socket.receive())["type"] != "websocket.disconnect":
                        pass
                    group.cancel_scope.cancel()

                async def quietly(work: Callable[[], Awaitable[None]]) -> None:
                    try:
                        await work()
                    except Exception:  # the client left, in one of several ways, or was too slow
                        group.cancel_scope.cancel()

                group.start_soon(quietly, send)
                group.start_soon(quietly, until_it_leaves)
        finally:
            signals.remove_listener(feed)
            self._feeds.discard(feed)


class _Feed:
    """A listener whose messages are taken in the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lines: deque[str] = deque(maxlen=_WAITING)
        self._arrived = asyncio.Event()

    def event(self, event: Event) -> None:
        self._put(json_line(event.as_json()))

    def state(self, state: dict[str, Any]) -> None:
        self._put(json_line(state))

    async def next(self) -> str:
        while not self._lines:
            self._arrived.clear()
            await self._arrived.wait()
        return self._lines.popleft()

    def _put(self, line: str) -> None:
        def put() -> None:
            self._lines.append(line)
            self._arrived.set()

        try:
            self._loop.call_soon_threadsafe(put)
        except RuntimeError:  # the event loop ended first
            return


def _json(content: dict[str, Any], status: int = 200) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(content, status, {"connection": "close"} if status >= 400 else None)


def _error(status: int, error: EdgedsError) -> Response:
    return _json({"what": error.what, "why": error.why, "fix": error.fix}, status)
