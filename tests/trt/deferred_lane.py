"""A lane that does nothing until somebody waits: what code that forgets to wait would see on a
GPU, made certain.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from edgeds.engine.lane import CpuLane


class DeferredLane(CpuLane):
    """Does what was asked for, in order, up to the mark that is waited for."""

    handle = 7
    note = "deferred"

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Callable[[], object]] = []
        self.done = 0
        self.copies = 0

    def copy(self, target: torch.Tensor, source: torch.Tensor) -> None:
        self.copies += 1
        self.asked.append(lambda: target.copy_(source))

    def captured(self, work: Callable[[], None]) -> Callable[[], None]:
        work()
        return lambda: self.asked.append(work)

    def mark(self) -> _Mark:
        return _Mark(self, len(self.asked))


class _Mark:
    def __init__(self, lane: DeferredLane, until: int) -> None:
        self._lane, self._until = lane, until

    def wait(self) -> None:
        while self._lane.done < self._until:
            self._lane.asked[self._lane.done]()
            self._lane.done += 1
