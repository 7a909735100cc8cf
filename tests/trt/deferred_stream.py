"""A stream that does nothing until somebody waits: what code that forgets to wait would see on a
GPU, made certain.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from edgeds.engine.cuda_stream import CpuStream


class DeferredStream(CpuStream):
    """Does what was asked for, in order, up to the event that is waited for."""

    handle = 7

    def __init__(self) -> None:
        super().__init__()
        self.note = "deferred"
        self.asked: list[Callable[[], object]] = []
        self.done = 0
        self.copies = 0

    def copy(self, target: torch.Tensor, source: torch.Tensor) -> None:
        self.copies += 1
        self.asked.append(lambda: target.copy_(source))

    def captured(self, work: Callable[[], None]) -> Callable[[], None]:
        work()
        return lambda: self.asked.append(work)

    def record_event(self) -> _Event:
        return _Event(self, len(self.asked))


class _Event:
    def __init__(self, stream: DeferredStream, until: int) -> None:
        self._stream, self._until = stream, until

    def wait(self) -> None:
        while self._stream.done < self._until:
            self._stream.asked[self._stream.done]()
            self._stream.done += 1
