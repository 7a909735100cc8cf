"""A live source with a limit on its frames per second. Knows nothing about cameras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edgeds.sources import WatchedSource
from edgeds.sources.camera_lock import Locked
from edgeds.sources.status import SourceState
from edgeds.types import Closing, Frame, StreamInfo

_EARLY = 0.25
"""A frame that comes too early by this share of a gap is taken: else 30 of 31 fps would become 15.
"""


class Thinned(Closing):
    """At most `rate` frames per second of another source, evenly spaced.

    All frames are decoded, because each needs the one before.
    """

    def __init__(self, source: WatchedSource, rate: float) -> None:
        self._source, self._gap_secs = source, 1 / rate

    @property
    def info(self) -> StreamInfo:
        return self._source.info

    @property
    def state(self) -> SourceState:
        return self._source.state

    @property
    def message(self) -> str:
        return self._source.message

    @property
    def locked(self) -> Locked | None:
        return self._source.locked

    @property
    def is_locking(self) -> bool:
        return self._source.is_locking

    def lock(self, values: Mapping[str, float] | None = None) -> None:
        self._source.lock(values)

    def unlock(self) -> None:
        self._source.unlock()

    def __iter__(self) -> Iterator[Frame]:
        gap_secs, due_secs = self._gap_secs, None
        for frame in self._source:
            now_secs = frame.pts_secs
            if due_secs is None:
                due_secs = now_secs + gap_secs
            elif now_secs >= due_secs - _EARLY * gap_secs:
                due_secs = max(due_secs + gap_secs, now_secs + gap_secs / 2)  # no catching up
            else:
                continue
            yield frame

    def close(self) -> None:
        self._source.close()
