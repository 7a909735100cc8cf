"""A camera or stream as a Source that outlives its connection.

Each connection reads in a thread of its own, since a driver may hang where nothing can interrupt
it: such a thread is left behind, and a new connection is made. Knows nothing about drivers.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from edgeds.errors import EdgedsError, SourceError, SourceFailed
from edgeds.sources.camera_settings import Camera, Held, hold, release, restore
from edgeds.sources.scaling import resized
from edgeds.sources.settings import RECONNECT, Reconnect
from edgeds.sources.status import SourceState
from edgeds.types import Closing, Frame, Pixels, Size, Source, StreamInfo

_POLL_SECS = 0.1
_JOIN_SECS = 1.0
_TIME_BASE = Fraction(1, 1000)


@dataclass(frozen=True, slots=True, eq=False)
class Grab:
    """What a connection gives: pixels, and when they came."""

    pixels: Pixels
    """uint8 RGB (H, W, 3)."""
    secs: float
    """On `time.monotonic`'s clock."""


class Feed(Closing, Protocol):
    """One connection to a camera or stream. All calls come from the thread that opened it."""

    @property
    def description(self) -> str:
        """For people: "camera 0, MJPG"."""
        ...

    @property
    def rate(self) -> Fraction | None:
        """Nominal frames per second, where they are told."""
        ...

    @property
    def camera(self) -> Camera | None:
        """Where there are settings to hold; None for streams."""
        ...

    def read(self) -> Grab:
        """Wait for the next picture.

        Raises:
            SourceFailed: the connection broke, or the stream ended.
        """
        ...


class WatchedSource(Source, Protocol):
    """A source that runs on its own, and tells how it is doing. All calls from any thread."""

    @property
    def state(self) -> SourceState: ...

    @property
    def message(self) -> str:
        """For people, while it is not running."""
        ...

    @property
    def held(self) -> Held | None:
        """What came of the last `hold`; None where there was none, or nothing to hold."""
        ...

    def hold(self, values: Mapping[str, float] | None = None) -> None:
        """Ask for exposure, white balance and focus as they are now, or at values of former days.

        Returns at once. A camera that was away is brought back to them.
        """
        ...

    def release(self) -> None:
        """Ask for automatic exposure, white balance and focus again. Returns at once."""
        ...


class LiveSource(Closing):
    """Frames as they come, with the time of their grab. Ends only when it is closed.

    A connection that breaks or falls silent is made anew, with growing pauses; the frames' numbers
    and times go on. `state` and `message` tell how it is doing, from any thread.
    """

    def __init__(self, open_feed: Callable[[], Feed], settings: Reconnect = RECONNECT) -> None:
        """
        Raises:
            SourceError: the first connection fails, or gives no picture in time.
        """
        self._open_feed, self._settings = open_feed, settings
        self._closed = threading.Event()
        self.state: SourceState = "running"
        self.message = ""
        self.held: Held | None = None
        self._reader = _Reader(open_feed)
        first = self._reader.next(timeout_secs=settings.open_secs)
        if not isinstance(first, Grab):
            self.close()
            raise _cannot_open(first, settings)
        self._first: Grab | None = first
        self.info = StreamInfo(
            name=self._reader.description,
            size=_size(first.pixels),
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
        self._closed.set()
        if self.held is not None:  # drivers keep what a program leaves behind
            self.release()
        self._reader.leave()
        self._reader.join(_JOIN_SECS)
        self.state = "ended"

    def hold(self, values: Mapping[str, float] | None = None) -> None:
        self._reader.command = lambda camera: self._hold(camera, values)

    def release(self) -> None:
        self._reader.command = self._release

    def _hold(self, camera: Camera, values: Mapping[str, float] | None) -> None:
        self.held = hold(camera) if values is None else restore(camera, values)

    def _release(self, camera: Camera) -> None:
        release(camera)
        self.held = None

    def _grabs(self) -> Iterator[Grab]:
        settings = self._settings
        heard_secs, backoff_secs = time.monotonic(), settings.backoff_secs
        self._reader.wanted.set()
        item: Grab | EdgedsError | None = self._first
        if (newer := self._reader.next(timeout_secs=0)) is not None:
            item = newer  # the first one grew old while the rest of the program got ready
        self._first, fresh = None, False
        while not self._closed.is_set():
            if isinstance(item, Grab):
                try:
                    grab = self._as_announced(item)
                except SourceFailed as error:
                    item = error
                    continue
                heard_secs, backoff_secs, fresh = time.monotonic(), settings.backoff_secs, False
                self.state, self.message = "running", ""
                yield grab
            elif item is None:
                silent_secs = time.monotonic() - heard_secs
                if silent_secs > (settings.open_secs if fresh else settings.abandon_secs):
                    item = _silent(silent_secs)
                    continue
                if silent_secs > settings.stall_secs and self.state == "running":
                    self.state = "stalled"
                    self.message = f"no picture for {silent_secs:.1f} s; waiting"
            else:
                self.state = "reconnecting"
                self.message = f"{item.what}: {item.why}; trying again in {backoff_secs:.2g} s"
                self._reader.leave()
                if self._closed.wait(backoff_secs):
                    return
                backoff_secs = min(2 * backoff_secs, settings.max_backoff_secs)
                self._reader = _Reader(self._open_feed)
                self._reader.wanted.set()
                if self.held is not None:  # a camera that lost its power has forgotten it
                    self.hold(self.held.values)
                heard_secs, fresh = time.monotonic(), True
            item = self._reader.next(timeout_secs=_POLL_SECS)

    def _as_announced(self, grab: Grab) -> Grab:
        """A camera that comes back with another resolution fits as long as its view is the same."""
        (height, width), (told_height, told_width) = _size(grab.pixels), self.info.size
        if (height, width) == self.info.size:
            return grab
        if abs(height * told_width - width * told_height) > max(width, told_width):
            raise SourceFailed(
                f"{self.info.name} came back as {width}x{height}",
                why=f"it began as {told_width}x{told_height}, so the plate is not its view",
                fix="set the camera back, or start again",
            )
        return Grab(resized(grab.pixels, self.info.size), grab.secs)


class _Reader:
    """One connection in a thread of its own; it may hang there, and is left behind then."""

    def __init__(self, open_feed: Callable[[], Feed]) -> None:
        self.description, self.rate = "", None
        self.wanted = threading.Event()
        """Until it is set, only the newest picture is kept, so that none is old at the start."""
        self.command: Callable[[Camera], None] | None = None
        """To be done to the camera between two pictures."""
        self._open_feed = open_feed
        self._items: queue.Queue[Grab | EdgedsError] = queue.Queue(maxsize=1)
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._read, name="edgeds-reader", daemon=True)
        self._thread.start()

    description: str
    rate: Fraction | None

    def next(self, *, timeout_secs: float) -> Grab | EdgedsError | None:
        """A picture, how the connection ended, or None where neither came in time."""
        try:
            return self._items.get(timeout=timeout_secs)
        except queue.Empty:
            return None

    def leave(self) -> None:
        """End the thread as soon as it can be reached."""
        self._left.set()

    def join(self, timeout_secs: float) -> None:
        self._thread.join(timeout_secs)

    def _read(self) -> None:
        try:
            with self._open_feed() as feed:
                self.description, self.rate = feed.description, feed.rate
                while not self._left.is_set():
                    self._fulfil(feed)
                    self._put(feed.read())
                self._fulfil(feed)
        except EdgedsError as error:
            self._put(error)
        except Exception as error:  # a driver's surprise is a break like any other
            self._put(SourceFailed("the source broke", why=f"{type(error).__name__}: {error}"))

    def _fulfil(self, feed: Feed) -> None:
        command, self.command = self.command, None
        if command is not None and feed.camera is not None:
            command(feed.camera)

    def _put(self, item: Grab | EdgedsError) -> None:
        while not self._left.is_set():
            # A break takes no picture's place: it would be the first one's, and nothing would open.
            waits = self.wanted.is_set() or isinstance(item, EdgedsError)
            try:
                self._items.put(item, timeout=_POLL_SECS if waits else 0)
                return
            except queue.Full:
                if not waits:
                    self.next(timeout_secs=0)


def _cannot_open(reason: EdgedsError | None, settings: Reconnect) -> SourceError:
    if isinstance(reason, SourceError):
        return reason
    if reason is None:
        return SourceError(
            "the source gives no picture",
            why=f"it was opened, and {settings.open_secs:.0f} s passed without one",
            fix="see whether another program shows it, and whether one is using it",
        )
    return SourceError(reason.what, why=reason.why, fix=reason.fix)


def _silent(secs: float) -> SourceFailed:
    return SourceFailed("the source fell silent", why=f"no picture for {secs:.1f} s")


def _size(pixels: Pixels) -> Size:
    return pixels.shape[0], pixels.shape[1]
