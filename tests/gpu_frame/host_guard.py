"""Torch's CPU device as a stand-in for a GPU that counts what goes to the host.

Memory that `host()` gave is the host's, all other is the device's: bytes that are copied from one
to the other are counted, and whoever reads a tensor of the device is noted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

from edgeds.engine.cuda_stream import CpuStream

READERS = ("numpy", "cpu", "item", "tolist", "__array__", "__bool__", "__float__", "__int__")


class CountingStream(CpuStream):
    """Counts the bytes that are copied to and from the host."""

    def __init__(self) -> None:
        super().__init__()
        self.to_host = self.from_host = 0
        self._own: dict[int, torch.Tensor] = {}

    def host(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        memory = super().host(shape, dtype)
        self._own[memory.data_ptr()] = memory  # kept: its address is not used again
        return memory

    def copy(self, target: torch.Tensor, source: torch.Tensor) -> None:
        if self.is_host(target):
            self.to_host += target.nbytes
        elif self.is_host(source):
            self.from_host += source.nbytes
        super().copy(target, source)

    def is_host(self, tensor: torch.Tensor) -> bool:
        return tensor.data_ptr() in self._own


@contextmanager
def read_by_the_host(stream: CountingStream, patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What reads tensors of the device meanwhile."""
    found: list[str] = []
    with patch.context() as context:
        for name in READERS:
            context.setattr(torch.Tensor, name, _noting(name, stream, found))
        yield found


def _noting(name: str, stream: CountingStream, found: list[str]) -> Callable[..., Any]:
    real = getattr(torch.Tensor, name)

    def read(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        if not stream.is_host(tensor):
            found.append(name)
        return real(tensor, *args, **kwargs)

    return read
