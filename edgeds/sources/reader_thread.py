"""The thread that reads one connection, and locks the camera's automatics between two pictures.

A driver may hang, and nothing can interrupt it then. `LiveSource` leaves such a reader behind and
starts a new one. Knows nothing about reconnecting.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

from edgeds.errors import EdgedsError, SourceFailed
from edgeds.sources.camera_lock import Camera, Locked, Locking, unlock
from edgeds.sources.feed import Feed, Grab
from edgeds.sources.url import masked
from edgeds.types import Pixels

POLL_SECS = 0.1

Request: TypeAlias = Callable[[Camera], Locking | None]
"""Something to do to the camera: at once, or as a lock that needs to see pictures."""


class Reader:
    """One connection in its own thread; a read that hangs leaves the thread behind."""

    def __init__(
        self,
        open_feed: Callable[[], Feed],
        *,
        on_locked: Callable[[Locked], None] = lambda _locked: None,
        request: Request | None = None,
    ) -> None:
        self.description, self.rate = "", None
        self.heard_secs = float("-inf")
        """When data arrived last, on `time.monotonic`'s clock: a picture, or a part of one."""
        self.wanted = threading.Event()
        """Until it is set, the reader keeps only the newest picture, so that none is stale."""
        self.request = request
        """The task for the camera before the next picture."""
        self._open_feed, self._on_locked = open_feed, on_locked
        self._locking: Locking | None = None
        self._items: queue.Queue[Grab | EdgedsError] = queue.Queue(maxsize=1)
        self._replacing = threading.Lock()
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._read, name="edgeds-reader", daemon=True)
        self._thread.start()

    description: str
    rate: Fraction | None

    @property
    def is_locking(self) -> bool:
        """Whether a lock was requested and is not finished."""
        return self.request is not None or self._locking is not None

    def next(self, *, timeout_secs: float) -> Grab | EdgedsError | None:
        """A picture, the end of the connection, or None if neither came in time."""
        try:
            return self._items.get(timeout=timeout_secs)
        except queue.Empty:
            return None

    def newest(self) -> Grab | EdgedsError | None:
        """What waits now, if anything does. A picture that is being replaced is not missed."""
        with self._replacing:
            return self.next(timeout_secs=0)

    def leave(self) -> None:
        """End the thread as soon as its read returns."""
        self._left.set()

    def join(self, timeout_secs: float) -> None:
        self._thread.join(timeout_secs)

    def _read(self) -> None:
        try:
            with self._open_feed() as feed:
                self.description = feed.description
                try:
                    self._read_on(feed)
                finally:
                    self._leave_camera(feed.camera)
        except EdgedsError as error:
            self._put(error)
        except Exception as error:  # an unexpected exception of a driver counts as a break
            why = masked(f"{type(error).__name__}: {error}")
            self._put(SourceFailed("the source broke", why=why))

    def _read_on(self, feed: Feed) -> None:
        while not self._left.is_set():
            self._fulfil(feed.camera)
            grab = feed.read()
            self.heard_secs = time.monotonic()
            if grab is not None:
                self.rate = feed.rate  # streams know it with the first picture
                self._go_on_locking(grab.pixels)
                self._put(grab)

    def _fulfil(self, camera: Camera | None) -> None:
        request, self.request = self.request, None
        if request is None or camera is None:
            return
        self._locking = request(camera)
        if self._locking is not None:
            next(self._locking)

    def _go_on_locking(self, pixels: Pixels) -> None:
        if self._locking is None:
            return
        try:
            self._locking.send(pixels)
        except StopIteration as end:
            self._on_locked(end.value)
            self._locking = None

    def _leave_camera(self, camera: Camera | None) -> None:
        """Undo a lock that is not finished, since drivers keep the settings of a program."""
        self._fulfil(camera)
        if self._locking is not None and camera is not None:
            self._locking = None
            unlock(camera)

    def _put(self, item: Grab | EdgedsError) -> None:
        while not self._left.is_set():
            # A break never replaces a picture: it would replace the first one, and nothing would
            # open.
            waits = self.wanted.is_set() or isinstance(item, EdgedsError)
            if not waits:
                with self._replacing:
                    self.next(timeout_secs=0)
                    self._items.put_nowait(item)
                return
            try:
                self._items.put(item, timeout=POLL_SECS)
                return
            except queue.Full:
                continue
