"""The newest frame, encoded once for all viewers, and only while somebody watches.

    show(frame) -> newest frame -> worker thread, encoder -> packets -> one queue per subscriber

One mechanism with two encoders: jpeg_encoder.py and h264_encoder.py. Knows nothing about
connections and codecs.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from edgeds.types import Closing, Frame

_log = logging.getLogger(__name__)

_JOIN_SECS = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """One encoded picture."""

    number: int
    """Counts the frames shown, from 1; gaps are frames that were not encoded."""
    data: Any
    """bytes of a JPEG, or av.Packet of an H.264 stream."""
    is_key: bool = True
    """Whether it can be decoded without the packets before it."""


class Encoder(Protocol):
    """Made and used in the worker thread."""

    def encode(self, frame: Frame, *, key: bool) -> list[tuple[Any, bool]]:
        """(data, is_key) of the picture's packets. `key`: a subscriber needs an independent
        picture.
        """
        ...


class Broadcast(Closing):
    """Any thread may call `show`; only the event loop's thread calls the rest."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        make_encoder: Callable[[], Encoder],
        *,
        name: str,
        depth: int,
        on_demand: bool,
    ) -> None:
        """
        Args:
            depth: packets that wait for a subscriber; the packet after that empties the queue.
            on_demand: encode a frame only when a subscriber waits for one, for pictures that are
                independent of each other. Without it, every frame is encoded while there is a
                subscriber.
        """
        self._loop, self._make_encoder = loop, make_encoder
        self._depth, self._on_demand = depth, on_demand
        self._change = threading.Condition()
        self._newest: Frame | None = None
        self._shown = 0
        self._wanted = self._key_wanted = self._closed = False
        self._subscribers: set[Subscription] = set()
        self._last: Packet | None = None
        self.encoded = 0
        """How many frames were encoded so far."""
        self.error: BaseException | None = None
        """The exception that ended the encoder, if any."""
        self._thread = threading.Thread(target=self._work, name=f"edgeds-web-{name}", daemon=True)
        self._thread.start()

    def show(self, frame: Frame) -> None:
        """Make this the newest frame. Costs a lock and an assignment."""
        with self._change:
            self._newest = frame
            self._shown += 1
            if self._wanted:
                self._change.notify()

    def subscribe(self) -> Subscription:
        """A queue of packets from now on; it starts with an independent picture."""
        subscription = Subscription(self, self._depth)
        self._subscribers.add(subscription)
        if not self._on_demand:
            self.request(key=True)
        elif self._last is not None:  # a source that stands still may give no further frame
            subscription.put(self._last)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        self._subscribers.discard(subscription)
        with self._change:
            self._wanted = self._wanted and bool(self._subscribers)

    def request(self, *, key: bool = False) -> None:
        """Encode the next frame; `key`: as an independent picture."""
        with self._change:
            self._wanted = True
            self._key_wanted = self._key_wanted or key
            self._change.notify()

    @property
    def on_demand(self) -> bool:
        return self._on_demand

    def close(self) -> None:
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join(_JOIN_SECS)

    def _work(self) -> None:
        try:
            self._encode()
        except Exception as error:
            _log.exception("the encoder of %s failed", self._thread.name)
            self.error = error

    def _encode(self) -> None:
        done = 0
        encoder: Encoder | None = None
        while True:
            with self._change:
                while not self._closed and not (self._wanted and self._shown > done):
                    self._change.wait()
                if self._closed:
                    return
                frame, done = self._newest, self._shown
                key, self._key_wanted = self._key_wanted, False
                self._wanted = not self._on_demand
            assert frame is not None  # something was shown
            encoder = encoder or self._make_encoder()
            packets = [Packet(done, *packet) for packet in encoder.encode(frame, key=key)]
            self.encoded += 1
            try:
                self._loop.call_soon_threadsafe(self._publish, packets)
            except RuntimeError:  # the event loop ended first
                return

    def _publish(self, packets: list[Packet]) -> None:
        for packet in packets:
            self._last = packet
            for subscription in self._subscribers:
                subscription.put(packet)


class Subscription:
    """The packets for one viewer.

    A viewer that is too slow loses packets, and then gets an independent picture: packets after a
    gap could not be decoded.
    """

    def __init__(self, broadcast: Broadcast, depth: int) -> None:
        self._broadcast, self._depth = broadcast, depth
        self._queue: deque[Packet] = deque()
        self._arrived = asyncio.Event()
        self._needs_key = True

    def put(self, packet: Packet) -> None:
        if len(self._queue) >= self._depth:
            self._queue.clear()
            self._needs_key = True
        if self._needs_key and not packet.is_key:
            self._broadcast.request(key=True)
            return
        self._needs_key = False
        self._queue.append(packet)
        self._arrived.set()

    async def next(self) -> Packet:
        """The next packet, once there is one."""
        while not self._queue:
            self._arrived.clear()
            if self._broadcast.on_demand:
                self._broadcast.request()
            await self._arrived.wait()
        return self._queue.popleft()

    def close(self) -> None:
        self._broadcast.leave(self)
