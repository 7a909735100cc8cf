"""Plays a clip, a folder or any Source at its own speed, like a camera.

This is the fake of the live sources: everything live can be tried and tested without a camera.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from edgeds.errors import RunError, SourceFailed
from edgeds.sources.camera_lock import Locked
from edgeds.sources.status import SourceState
from edgeds.sources.unfailing import unfailing
from edgeds.types import ClipSource, Closing, Frame

_TIME_BASE = Fraction(1, 1000)
_LATE_SECS = 0.2


class RealTimeSource(Closing):
    """Frames of a source at their times; `loop` plays it again and again.

    It does not catch up: if reading is too slow, it plays slower.
    """

    def __init__(
        self,
        open_clip: Callable[[], ClipSource],
        *,
        loop: bool = False,
        on_event: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """`on_event` receives the clip's notes, each once, from any thread."""
        self._open_clip, self._loop, self._on_event = open_clip, loop, unfailing(on_event)
        self._said: set[str] = set()
        self._clip = open_clip()
        self._say_notes()
        self._closed = threading.Event()
        self._playing = False
        self.state: SourceState = "running"
        self.message = ""
        self.locked: Locked | None = None
        self.is_locking = False
        rate = self._clip.info.rate or Fraction(30)
        self._gap_secs = float(1 / rate)
        self.info = replace(
            self._clip.info,
            time_base=_TIME_BASE,
            frame_count=None,
            duration_secs=None,
            # Recordings of a live run are not tied to the clip's sound or colour tags.
            path=None,
            has_audio=False,
        )

    def __iter__(self) -> Iterator[Frame]:
        self._playing = True
        try:
            yield from self._played()
        finally:
            self._clip.close()
            self.state = "ended"

    def close(self) -> None:
        """Close it from any thread; the thread that plays closes the clip itself, at once."""
        self._closed.set()
        if not self._playing:
            self._clip.close()
            self.state = "ended"

    def lock(self, values: Mapping[str, float] | None = None) -> None:
        """A clip has nothing to lock."""

    def unlock(self) -> None:
        """A clip has nothing to unlock."""

    def _say_notes(self) -> None:
        for note in self._clip.notes:
            if note not in self._said:
                self._said.add(note)
                self._on_event(note)

    def _played(self) -> Iterator[Frame]:
        pts, began_secs, first_secs = -1, float("-inf"), 0.0
        for index, (due_secs, frame) in enumerate(self._timed()):
            now = time.monotonic()
            if now - began_secs - due_secs > _LATE_SECS:
                began_secs = now - due_secs
            if self._closed.wait(max(0.0, began_secs + due_secs - now)):
                return
            grabbed_secs = time.monotonic()
            first_secs = first_secs or grabbed_secs
            pts = max(pts + 1, round((grabbed_secs - first_secs) / _TIME_BASE))
            yield Frame(
                None, index, pts, _TIME_BASE, grabbed_secs=grabbed_secs, picture=frame.picture
            )

    def _timed(self) -> Iterator[tuple[float, Frame]]:
        """(time from the start of the first lap, frame)."""
        lap_secs = end_secs = 0.0
        while True:
            count = 0
            start_secs: float | None = None
            try:
                for frame in self._clip:
                    start_secs = frame.pts_secs if start_secs is None else start_secs
                    due_secs = lap_secs + frame.pts_secs - start_secs
                    end_secs = due_secs + float(frame.duration * frame.time_base or self._gap_secs)
                    yield due_secs, frame
                    count += 1
            except SourceFailed:
                if not self._loop or not count:
                    raise  # of a clip that breaks off, the part before is looped
            except RunError:
                if not self._closed.is_set():
                    raise
                return  # it was closed before it began
            self._say_notes()
            if not self._loop or self._closed.is_set():
                return
            lap_secs = end_secs
            self._clip.close()
            self._clip = self._open_clip()
