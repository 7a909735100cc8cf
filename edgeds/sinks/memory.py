"""Frames kept in a list: the fake among the sinks, and the way to get results in a notebook."""

from __future__ import annotations

from edgeds.errors import SinkFailed, counted
from edgeds.sources.argument_checks import check_frame, check_open
from edgeds.types import Closing, Frame


class MemorySink(Closing):
    """Keeps frames; with `capacity` it is full after that many, as a disk would be."""

    location = "memory"
    lost = 0
    audio = "none"

    def __init__(self, *, capacity: int | None = None) -> None:
        self.frames: list[Frame] = []
        self.closed = False
        self._capacity = capacity

    def write(self, frame: Frame) -> None:
        check_frame(frame)
        check_open(self.closed, "the memory sink", error=SinkFailed)
        if self._capacity is not None and len(self.frames) >= self._capacity:
            raise SinkFailed(
                f"memory sink is full after {counted(self._capacity, 'frame')}",
                why="it was opened with this capacity",
                fix="open it with a larger one",
            )
        self.frames.append(frame)

    def close(self) -> None:
        self.closed = True
