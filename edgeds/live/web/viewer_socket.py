"""One viewer's WebSocket: pictures and status out, commands in.

Out: binary messages, 4 bytes of picture number (big endian) and a JPEG; text messages, JSON with
a "type": status, done, error, stream (the answer to an offer), no-stream.
In: JSON with a "do", see commands.py. {"do": "ack", "number": n} means that picture n is drawn, and
allows the next one, so a viewer gets pictures no faster than it draws them.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeds.errors import EdgedsError
from edgeds.live.control import LiveControl
from edgeds.live.web.broadcast import Broadcast
from edgeds.live.web.commands import BadCommandError, call_from_command, command_from_text
from edgeds.live.web.settings import PAGE, Page
from edgeds.live.web.status import SavedFiles, StatusFeed, described
from edgeds.live.web.webrtc import Peer, connected_peer
from edgeds.sources.url import masked

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The objects that all viewers of a page share."""

    control: LiveControl
    call: Callable[[Callable[[], Any]], Awaitable[Any]]
    """Runs a function of the control outside the event loop."""
    pictures: Broadcast
    stream: Broadcast | None
    feed: StatusFeed
    saved: SavedFiles
    settings: Page = PAGE


class Viewer:
    def __init__(self, socket: WebSocket, room: Room) -> None:
        self._socket, self._room = socket, room
        self._peer: Peer | None = None
        self._space = asyncio.Semaphore(room.settings.in_flight)
        self._on_the_way: set[int] = set()
        self._changed = asyncio.Event()
        self._complaint = ""
        self._is_late = False

    async def serve(self) -> None:
        """Serve until the viewer leaves, stops reading, or sends an invalid message."""
        from anyio import create_task_group

        try:
            async with create_task_group() as group:

                async def until_end(work: Callable[[], Awaitable[None]]) -> None:
                    try:
                        await work()
                    except BadCommandError as error:
                        self._complaint = str(error)
                    except Exception:
                        # The viewer left, in one of several ways, or was too slow.
                        if self._is_connected() and not self._is_late:
                            raise
                    group.cancel_scope.cancel()

                for work in (self._send_pictures, self._send_status, self._receive_commands):
                    group.start_soon(until_end, work)
        finally:
            await self._end_stream()
        if self._complaint:
            with self._in_time():
                await self._socket.close(1008, self._complaint)

    async def _send_pictures(self) -> None:
        pictures = self._room.pictures.subscribe()
        try:
            while True:
                await self._space.acquire()
                picture = await pictures.next()
                self._on_the_way.add(picture.number)
                await self._send_bytes(picture.number.to_bytes(4, "big") + picture.data)
        finally:
            pictures.close()

    async def _send_status(self) -> None:
        from anyio import move_on_after

        while True:
            at_once = self._changed.is_set()
            self._changed.clear()
            await self._send_text(self._room.feed.text(at_once=at_once))
            with move_on_after(self._room.settings.status_secs):
                await self._changed.wait()

    async def _receive_commands(self) -> None:
        """Carry out commands one after the other; further ones wait in the socket's buffers."""
        while True:
            command = command_from_text(await self._socket.receive_text())
            if command["do"] == "ack":
                self._acknowledge(command.get("number"))
                continue
            try:
                await self._execute(command)
            except EdgedsError as error:
                await self._send_error(masked(error.what), masked(error.why), error.fix)
            except BadCommandError:
                raise
            except Exception:  # a bug in the run must not end the page
                _log.exception("the page's command %s failed", command["do"])
                await self._send_error(f"{command['do']} failed", "", "see the run's log")
            self._changed.set()

    def _acknowledge(self, number: object) -> None:
        if isinstance(number, int) and number in self._on_the_way:
            self._on_the_way.discard(number)
            self._space.release()

    async def _execute(self, command: dict[str, Any]) -> None:
        room = self._room
        if command["do"] == "stream" and isinstance(command.get("offer"), str):
            await self._start_stream(command["offer"])
        elif command["do"] == "pictures":
            await self._end_stream()
        elif command["do"] == "stop-recording":
            path = await room.call(room.control.stop_recording)
            if path is not None:
                saved = described(room.saved.add("recording", path))
                await self._send({"type": "done", "do": "stop-recording", "file": saved})
        else:
            await room.call(call_from_command(room.control, command))

    async def _start_stream(self, offer: str) -> None:
        await self._end_stream()
        if self._room.stream is None:
            raise BadCommandError("this server has no WebRTC")
        try:
            self._peer = await connected_peer(self._room.stream, offer)
        except Exception as error:  # an offer that aiortc does not understand
            _log.info("a WebRTC offer was declined: %r", error)
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
        # anyio's timeouts, not asyncio's: before Python 3.12 wait_for can swallow a cancellation.
        from anyio import fail_after

        try:
            with fail_after(self._room.settings.send_secs):
                yield
        except TimeoutError:
            self._is_late = True
            raise

    def _is_connected(self) -> bool:
        from starlette.websockets import WebSocketState

        states = self._socket.client_state, self._socket.application_state
        return states == (WebSocketState.CONNECTED, WebSocketState.CONNECTED)
