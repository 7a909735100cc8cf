"""A video that plays behind the frames. Knows nothing about the foreground."""

from __future__ import annotations

from pathlib import Path

from edgeds.errors import SourceFailed
from edgeds.sources import open_source
from edgeds.sources.url import masked
from edgeds.sources.video import VideoSource
from edgeds.types import Closing, Frame, Pixels, Size
from edgeds.views.scale_to_cover import covering

# Over a shorter time it decodes: seeking goes back to the last key frame, often a second or two.
_SEEK_SECS = 3.0


class VideoBackdrop(Closing):
    """A video that plays at its own speed and starts again at its end.

    Its first picture is behind the first frame, whatever times the two clocks start at. If frames
    jump ahead or back, it seeks, so that no jump takes long.
    """

    def __init__(self, uri: str, size: Size) -> None:
        self._uri, self._size = uri, size
        self.name = Path(masked(uri)).name
        """For people: the file's name."""
        self._source = open_source(uri)
        self._frames = iter(self._source)
        self._next: Frame | None = next(self._frames)  # an opened source has a frame
        self._zero_secs = self._next.pts_secs
        self._newest = self._next
        self._shown = covering(self._newest.pixels, size)
        rate = self._source.info.rate
        self._frame_secs = float(1 / rate) if rate else 1 / 30
        self._lap_secs = self._source.info.duration_secs
        self._start_secs: float | None = None

    def __call__(self, frame: Frame) -> Pixels:
        """The video's picture at the frame's time, counted from the first frame."""
        if self._start_secs is None or frame.pts_secs < self._start_secs:
            self._start_secs = frame.pts_secs
        before = self._newest
        self._go_to(frame.pts_secs - self._start_secs)
        if self._newest is not before:
            self._shown = covering(self._newest.pixels, self._size)
        return self._shown

    def close(self) -> None:
        self._source.close()

    def _go_to(self, secs: float) -> None:
        """Make `_newest` the picture at a time since the first, any number of laps later."""
        while True:
            wanted = secs % self._lap_secs if self._lap_secs else secs
            wanted += 1e-6  # times are rounded: a picture must not come late by its own length
            self._go_near(wanted)
            while self._next is not None and self._time(self._next) <= wanted:
                self._newest, self._next = self._next, self._read()
            lap_secs = self._time(self._newest) + self._frame_secs
            if self._next is not None or wanted < lap_secs or self._lap_secs == lap_secs:
                return
            self._lap_secs = lap_secs  # it ended before the time in its header

    def _time(self, frame: Frame) -> float:
        return frame.pts_secs - self._zero_secs

    def _go_near(self, wanted: float) -> None:
        """Seek if the wanted picture is behind, or far ahead of, the next one."""
        shown = self._time(self._newest)
        ahead = wanted - (self._time(self._next) if self._next is not None else shown)
        if wanted >= shown and (ahead < _SEEK_SECS or not self._can_seek()):
            return
        self._source.close()
        self._source = open_source(self._uri)
        if wanted > _SEEK_SECS and isinstance(self._source, VideoSource):
            self._source.seek(wanted)
        self._frames = iter(self._source)
        first = self._read()
        self._newest, self._next = first or self._newest, self._read() if first else None

    def _can_seek(self) -> bool:
        return isinstance(self._source, VideoSource) and self._lap_secs is not None

    def _read(self) -> Frame | None:
        try:
            return next(self._frames, None)
        except SourceFailed:  # a backdrop that breaks off starts again, as if it had ended
            return None
