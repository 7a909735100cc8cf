"""A device whose memory holds nothing: torch's `meta` in a GPU's place.

Its tensors have shapes and no values. Whatever would read one on the host raises, as would a shape
that depends on values; a GPU would wait there. Whatever mixes it with memory of the host, but the
stream's copies, is noted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from edgeds.engine.cuda_stream import CpuStream


class DatalessStream(CpuStream):
    """Counts the bytes that are copied to and from the host, and gives the host made-up values."""

    def __init__(self, numbers: Sequence[float]) -> None:
        """
        Args:
            numbers: what the host reads of each look.
        """
        super().__init__()
        self.device = torch.device("meta")
        self.to_host: list[int] = []
        """Bytes of each copy."""
        self.from_host: list[int] = []
        self.is_copying = False
        self._numbers = torch.tensor(numbers)

    def copy(self, target: torch.Tensor, source: torch.Tensor) -> None:
        to_host, from_device = target.device.type == "cpu", source.device.type == "meta"
        with self._copying():
            if to_host and from_device:
                self.to_host.append(target.nbytes)
                target.copy_(self._numbers) if target.ndim == 1 else target.fill_(0.5)
            else:
                target.copy_(source)
        if not to_host and not from_device:
            self.from_host.append(source.nbytes)

    def adopted(self, planes: Any) -> tuple[torch.Tensor, ...]:
        return tuple(planes)

    @contextmanager
    def _copying(self) -> Iterator[None]:
        self.is_copying = True
        yield
        self.is_copying = False


class Mixed(TorchDispatchMode):
    """Notes what takes tensors of both, or brings one to the other, but the stream's copies.

    `asked` counts all that is asked of the device.
    """

    def __init__(self, stream: DatalessStream) -> None:
        super().__init__()
        self.found: list[str] = []
        self.asked = 0
        self._stream = stream

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        tensors = [one for one in tree_leaves((args, kwargs, made)) if torch.is_tensor(one)]
        kinds = {one.device.type for one in tensors}
        self.asked += "meta" in kinds
        if len(kinds) > 1 and not self._stream.is_copying:
            self.found.append(str(func))
        return made

    def __enter__(self) -> Any:
        self._tensor = torch.tensor
        torch.tensor = self._given
        return super().__enter__()

    def __exit__(self, *exc: Any) -> None:
        torch.tensor = self._tensor
        super().__exit__(*exc)

    def _given(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        """torch.tensor, which sends what it is given without an operation."""
        made: torch.Tensor = self._tensor(*args, **kwargs)
        if made.device.type == "meta":
            self.found.append("tensor")
        return made
