"""A camera or stream as a Source that reconnects: time-outs, and a new connection after a failure.

Each connection has a `Reader`, which runs in its own thread. A reader that hangs is left behind,
and `LiveSource` opens a new connection. Knows nothing about drivers.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from statistics import median
from typing import Protocol

from edgeds.errors import EdgedsError, SourceError, SourceFailed
from edgeds.sources.camera_lock import Camera, Locked, lock, unlock
from edgeds.sources.feed import Feed, Grab
from edgeds.sources.reader_thread import POLL_SECS, Reader, Request
from edgeds.sources.scaling import resized, same_shape, text_from_size
from edgeds.sources.status import SourceState
from edgeds.sources.timeouts import RECONNECT, Reconnect
from edgeds.sources.unfailing import unfailing
from edgeds.types import Closing, Frame, Size, Source, StreamInfo

_JOIN_SECS = 1.0
_TIME_BASE = Fraction(1, 1000)


class WatchedSource(Source, Protocol):
    """A source that runs on its own, and reports its state. All calls from any thread."""

    @property
    def state(self) -> SourceState: ...

    @property
    def message(self) -> str:
        """For people, while it is not running."""
        ...

    @property
    def locked(self) -> Locked | None:
        """The result of the last `lock`; None without one, during one, or without a camera."""
        ...

    @property
    def is_locking(self) -> bool:
        """Whether a lock is under way: it takes about eight pictures."""
        ...

    def lock(self, values: Mapping[str, float] | None = None) -> None:
        """Lock exposure, white balance and focus as they are now, or at values of an earlier lock.

        Returns at once. A camera that reconnects gets the same values again.
        """
        ...

    def unlock(self) -> None:
        """Ask for automatic exposure, white balance and focus again. Returns at once."""
        ...


class LiveSource(Closing):
    """Frames as they come, with the time of their grab. It ends only when it is closed.

    After a break or a long silence it connects again, with growing pauses; the frames' numbers and
    times go on. `state` and `message` give its status to any thread.
    """

    def __init__(
        self,
        open_feed: Callable[[], Feed],
        settings: Reconnect = RECONNECT,
        *,
        name: str = "the source",
        on_event: Callable[[str], None] = lambda _text: None,
        stop: threading.Event | None = None,
    ) -> None:
        """
        Args:
            name: for people, until the connection describes itself. A URL must be masked.
            on_event: gets messages for people ("connecting to ..."), from any thread. An exception
                that it raises is logged.
            stop: ends the wait for the first picture when it is set.

        Raises:
            SourceError: the first connection fails, gives no picture in time, or was stopped.
        """
        self._open_feed, self._settings, self._on_event = open_feed, settings, unfailing(on_event)
        self._closed = threading.Event()
        self._changing = threading.Lock()
        """Guards `_reader` against a reconnect that meets a close."""
        self.state: SourceState = "running"
        self.message = ""
        self.locked: Locked | None = None
        self._reader = Reader(open_feed, on_locked=self._keep_lock)
        self._gaps_secs: deque[float] = deque([0.0], maxlen=5)
        self._scaled_from: set[tuple[int, ...]] = set()
        try:
            first = self._first_picture(name, stop)
        except BaseException:
            self.close()
            raise
        self._first: Grab | None = first
        self.info = StreamInfo(
            name=self._reader.description,
            size=(first.pixels.shape[0], first.pixels.shape[1]),
            rate=self._reader.rate,
            time_base=_TIME_BASE,
        )

    def __iter__(self) -> Iterator[Frame]:
        pts, began_secs = -1, None
        for index, grab in enumerate(self._grabs()):
            began_secs = grab.secs if began_secs is None else began_secs
            pts = max(pts + 1, round((grab.secs - began_secs) / _TIME_BASE))
            grab.pixels.flags.writeable = False
            yield Frame(grab.pixels, index, pts, _TIME_BASE, grabbed_secs=grab.secs)

    def close(self) -> None:
        with self._changing:
            self._closed.set()
            reader = self._reader
        if self.locked is not None:  # drivers keep the settings of a program after its end
            self.unlock()
        reader.leave()
        reader.join(_JOIN_SECS)
        self.state = "ended"

    @property
    def is_locking(self) -> bool:
        return self._reader.is_locking

    def lock(self, values: Mapping[str, float] | None = None) -> None:
        self.locked = None
        self._request(lambda camera: lock(camera, values))

    def unlock(self) -> None:
        self._request(self._unlock)

    def _request(self, request: Request) -> None:
        with self._changing:
            self._reader.request = request

    def _unlock(self, camera: Camera) -> None:
        unlock(camera)
        self.locked = None

    def _keep_lock(self, locked: Locked) -> None:
        self.locked = locked

    def _first_picture(self, name: str, stop: threading.Event | None) -> Grab:
        """
        Raises:
            SourceError: no picture comes.
        """
        settings, reader = self._settings, self._reader
        began_secs, said = time.monotonic(), ""
        while True:
            item = reader.next(timeout_secs=POLL_SECS)
            if isinstance(item, Grab):
                return item
            if item is not None:
                raise _cannot_open(name, item)
            if stop is not None and stop.is_set():
                raise SourceError(f"{name} was not opened", why="it was stopped while connecting")
            now = time.monotonic()
            if not self._may_wait(now, began_secs, settings.open_secs):
                raise _no_picture(name, now - began_secs, heard=reader.heard_secs > began_secs)
            text = "waiting for a key frame of" if reader.heard_secs > 0 else "connecting to"
            if text != said and now - began_secs > settings.say_secs:
                said = text
                self._on_event(f"{text} {name} ...")

    def _may_wait(self, now: float, since_secs: float, silent_secs: float) -> bool:
        """Whether a picture may still come; longer if data comes, but no key frame yet."""
        heard_secs = max(since_secs, self._reader.heard_secs)
        return now - heard_secs <= silent_secs and now - since_secs <= self._settings.key_frame_secs

    def _grabs(self) -> Iterator[Grab]:
        settings = self._settings
        heard_secs, backoff_secs = time.monotonic(), settings.backoff_secs
        self._reader.wanted.set()
        item: Grab | EdgedsError | None = self._first
        if (newer := self._reader.newest()) is not None:
            item = newer  # the first picture became stale while the rest of the program started
        self._first, fresh = None, False
        while not self._closed.is_set():
            if isinstance(item, Grab):
                try:
                    grab = self._as_announced(item)
                except SourceFailed as error:
                    item = error
                    continue
                now = time.monotonic()
                self._gaps_secs.append(0.0 if fresh else now - heard_secs)
                heard_secs, backoff_secs, fresh = now, settings.backoff_secs, False
                self.state, self.message = "running", ""
                yield grab
            elif item is None:
                item = self._silence(heard_secs, fresh=fresh)
                if item is not None:
                    continue
            else:
                self.state = "reconnecting"
                self.message = f"{item.what}: {item.why}; trying again in {backoff_secs:.2g} s"
                if not self._reconnect(backoff_secs):
                    return
                self.message = f"{item.what}: {item.why}; connecting again"
                backoff_secs = min(2 * backoff_secs, settings.max_backoff_secs)
                heard_secs, fresh = time.monotonic(), True
            item = self._reader.next(timeout_secs=POLL_SECS)

    def _silence(self, heard_secs: float, *, fresh: bool) -> SourceFailed | None:
        """Report a stall; return the reason to reconnect once the silence is too long."""
        settings, now = self._settings, time.monotonic()
        # A camera with one picture in two seconds is slow, not stalled.
        slow_secs = 3 * median(self._gaps_secs)
        silent_secs = now - heard_secs
        limit_secs = settings.open_secs if fresh else max(settings.abandon_secs, slow_secs)
        if not self._may_wait(now, heard_secs, limit_secs):
            return SourceFailed("the source fell silent", why=f"no picture for {silent_secs:.1f} s")
        if self.state == "running" and silent_secs > max(settings.stall_secs, slow_secs):
            self.state = "stalled"
            self.message = f"no picture for {silent_secs:.1f} s; waiting"
        return None

    def _reconnect(self, after_secs: float) -> bool:
        """Leave the connection, wait, and make a new one; False if the source was closed."""
        self._reader.leave()
        if self._closed.wait(after_secs):
            return False
        with self._changing:
            if self._closed.is_set():  # else its reader would never end
                return False
            # A camera that lost its power has forgotten its settings.
            values = None if self.locked is None else self.locked.values
            again = None if values is None else lambda camera: lock(camera, values)
            self._reader = Reader(
                self._open_feed, on_locked=self._keep_lock, request=self._reader.request or again
            )
            self._reader.wanted.set()
        return True

    def _as_announced(self, grab: Grab) -> Grab:
        """The picture at the announced size; another size is scaled if it shows the same view."""
        size, announced = grab.pixels.shape[:2], self.info.size
        if size == announced:
            return grab
        if not same_shape((size[0], size[1]), announced):
            raise _another_view(size, announced)
        if size not in self._scaled_from:
            self._scaled_from.add(size)
            self._on_event(
                f"{self.info.name}: its pictures are {text_from_size(size)} now; "
                f"they are scaled to {text_from_size(announced)}"
            )
        return Grab(resized(grab.pixels, announced), grab.secs)


def _another_view(size: tuple[int, ...], first: Size) -> SourceFailed:
    return SourceFailed(
        f"the source came back as {text_from_size(size)}",
        why=f"it began as {text_from_size(first)}, so the plate no longer fits",
        fix="set the camera back, or start again",
    )


def _cannot_open(name: str, reason: EdgedsError) -> SourceError:
    if isinstance(reason, SourceError):
        return reason
    return SourceError(
        f"cannot open {name}", why=f"{reason.what}: {reason.why}".rstrip(": "), fix=reason.fix
    )


def _no_picture(name: str, secs: float, *, heard: bool) -> SourceError:
    if heard:
        return SourceError(
            f"{name} gives no picture",
            why=f"data came for {secs:.0f} s, and no key frame was among it",
            fix="set a shorter key-frame interval (GOP, I-frame interval) in the camera",
        )
    return SourceError(
        f"{name} gives no picture",
        why=f"none came in {secs:.0f} s",
        fix="check whether another program shows it, and whether one is using it",
    )
