"""One viewer's WebSocket: pictures and status out, commands in.

Out: binary messages, 4 bytes of picture number (big endian) and a JPEG; text messages, JSON with
a "type": status, done, error, stream (the answer to an offer), no-stream.
In: JSON with a "do", see `_fulfil`; {"do": "ack", "number": n} says that picture n is drawn and
makes room for the next, so nobody gets pictures faster than he draws.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeds.errors import EdgedsError
from edgeds.live.control import LiveControl
from edgeds.live.web.broadcast import Broadcast
from edgeds.live.web.settings import PAGE, Page
from edgeds.live.web.webrtc import Peer, Stream
from edgeds.views.settings import VIEWS

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

_log = logging.getLogger(__name__)

_TOLD = (
    *("source", "engine", "size", "source_state", "source_message", "view", "opacity"),
    *("secs", "recording_secs", "fps", "latency_p50_ms", "latency_p95_ms"),
    *("grabbed", "delivered", "dropped"),
)

Call = Callable[[Callable[[], Any]], Awaitable[Any]]
"""Runs a function of the run's control outside the event loop."""


@dataclass(slots=True)
class SavedFiles:
    """What was recorded since the page is up, for people to take home."""

    paths: list[Path] = field(default_factory=list)

    def listed(self) -> list[dict[str, Any]]:
        return [
            {"name": path.name, "href": f"/recordings/{number}"}
            for number, path in enumerate(self.paths)
        ]


class StatusFeed:
    """The run's status as all viewers get it, asked for and written down once for all of them."""

    def __init__(
        self, control: LiveControl, recordings: SavedFiles, *, webrtc: bool, settings: Page = PAGE
    ) -> None:
        self._control, self._recordings, self._webrtc = control, recordings, webrtc
        self._fresh_secs = settings.status_secs * 0.8
        self._text = ""
        self._told_secs = -math.inf

    def text(self, *, at_once: bool = False) -> str:
        """`at_once`: after a command, so that who had it sees it fulfilled."""
        now = time.monotonic()
        if at_once or now - self._told_secs > self._fresh_secs:
            self._text, self._told_secs = json.dumps(self._status(), separators=(",", ":")), now
        return self._text

    def _status(self) -> dict[str, Any]:
        """What the page shows of the run, and no more: no folders, and not our own token."""
        status = self._control.status()
        told = {name: getattr(status, name) for name in _TOLD}
        return {
            "type": "status",
            **told,
            "plate": asdict(status.plate),
            "recording": None if status.recording is None else Path(status.recording).name,
            "recordings": self._recordings.listed(),
            "webrtc": self._webrtc,
            "failures": [f"{o.name}: {o.message}" for o in status.outputs if o.message],
        }


class BadCommandError(Exception):
    """A message no page of ours sends."""


class Viewer:
    def __init__(
        self,
        socket: WebSocket,
        *,
        control: LiveControl,
        call: Call,
        broadcast: Broadcast,
        stream: Stream | None,
        feed: StatusFeed,
        recordings: SavedFiles,
        settings: Page = PAGE,
    ) -> None:
        self._feed = feed
        self._socket, self._control, self._call = socket, control, call
        self._broadcast, self._stream = broadcast, stream
        self._recordings, self._settings = recordings, settings
        self._peer: Peer | None = None
        self._room = asyncio.Semaphore(settings.in_flight)
        self._on_the_way: set[int] = set()
        self._changed = asyncio.Event()
        self._complaint = ""
        self._is_late = False

    async def serve(self) -> None:
        """Until the viewer goes, or takes nothing any more, or says what makes no sense."""
        from anyio import create_task_group

        try:
            async with create_task_group() as group:

                async def until_farewell(work: Callable[[], Awaitable[None]]) -> None:
                    try:
                        await work()
                    except BadCommandError as error:
                        self._complaint = str(error)
                    except Exception:
                        # He went, in one of the ways there are, or was too slow to be waited for.
                        if self._is_connected() and not self._is_late:
                            raise
                    group.cancel_scope.cancel()

                for work in (self._send_pictures, self._send_status, self._hear):
                    group.start_soon(until_farewell, work)
        finally:
            await self._end_stream()
        if self._complaint:
            with self._in_time():
                await self._socket.close(1008, self._complaint)

    async def _send_pictures(self) -> None:
        number = 0
        while True:
            await self._room.acquire()
            picture = await self._broadcast.picture_after(number)
            number = picture.number
            self._on_the_way.add(number)
            await self._send_bytes(number.to_bytes(4, "big") + picture.jpeg)

    async def _send_status(self) -> None:
        from anyio import move_on_after

        while True:
            at_once = self._changed.is_set()
            self._changed.clear()
            await self._send_text(self._feed.text(at_once=at_once))
            with move_on_after(self._settings.status_secs):
                await self._changed.wait()

    async def _hear(self) -> None:
        """Wishes one after the other: who says more than can be done waits in his own buffers."""
        while True:
            command = _command(await self._socket.receive_text())
            if command["do"] == "ack":
                self._acknowledge(command.get("number"))
                continue
            try:
                await self._fulfil(command)
            except EdgedsError as error:
                await self._send_error(error.what, error.why, error.fix)
            except BadCommandError:
                raise
            except Exception:  # a bug in the run must not take the page down with it
                _log.exception("the page asked for %s", command["do"])
                await self._send_error(f"{command['do']} failed", "", "see the run's log")
            self._changed.set()

    def _acknowledge(self, number: object) -> None:
        if isinstance(number, int) and number in self._on_the_way:
            self._on_the_way.discard(number)
            self._room.release()

    async def _fulfil(self, command: dict[str, Any]) -> None:
        control = self._control
        if command["do"] == "stream" and isinstance(command.get("offer"), str):
            await self._start_stream(command["offer"])
        elif command["do"] == "pictures":
            await self._end_stream()
        elif command["do"] == "view" and command.get("view") in VIEWS:
            await self._call(lambda: control.set_view(command["view"]))
        elif command["do"] == "opacity" and _is_share(command.get("opacity")):
            await self._call(lambda: control.set_opacity(float(command["opacity"])))
        elif command["do"] == "plate":
            await self._call(control.take_plate)
        elif command["do"] == "plain-backdrop":
            await self._call(lambda: control.set_backdrop(None))
        elif command["do"] == "record":
            await self._call(control.start_recording)
        elif command["do"] == "stop-recording":
            path = await self._call(control.stop_recording)
            if path is not None:
                self._recordings.paths.append(path)
                await self._send({"type": "done", "do": "stop-recording", "name": path.name})
        else:
            raise BadCommandError(f"no such command, or not so: {command['do']}")

    async def _start_stream(self, offer: str) -> None:
        await self._end_stream()
        if self._stream is None:
            raise BadCommandError("no stream is to be had")
        try:
            self._peer = await self._stream.answer(offer)
        except Exception as error:  # an offer of another generation of browsers, or nonsense
            _log.info("no stream for an offer: %r", error)
            await self._send({"type": "no-stream"})
        else:
            await self._send({"type": "stream", "answer": self._peer.answer})

    async def _end_stream(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            await peer.close()

    async def _send_error(self, what: str, why: str, fix: str) -> None:
        await self._send({"type": "error", "what": what, "why": why, "fix": fix})

    async def _send(self, message: dict[str, Any]) -> None:
        await self._send_text(json.dumps(message, separators=(",", ":")))

    async def _send_text(self, text: str) -> None:
        with self._in_time():
            await self._socket.send_text(text)

    async def _send_bytes(self, message: bytes) -> None:
        with self._in_time():
            await self._socket.send_bytes(message)

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        # anyio's time-outs, not asyncio's: before Python 3.12 wait_for can swallow a cancellation.
        from anyio import fail_after

        try:
            with fail_after(self._settings.send_secs):
                yield
        except TimeoutError:
            self._is_late = True
            raise

    def _is_connected(self) -> bool:
        from starlette.websockets import WebSocketState

        states = self._socket.client_state, self._socket.application_state
        return states == (WebSocketState.CONNECTED, WebSocketState.CONNECTED)


def _command(text: str) -> dict[str, Any]:
    try:
        command = json.loads(text)
    except (ValueError, RecursionError):
        raise BadCommandError("not JSON") from None
    if not isinstance(command, dict) or not isinstance(command.get("do"), str):
        raise BadCommandError('an object with "do" is wanted')
    return command


def _is_share(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= 1  # type: ignore[operator]
