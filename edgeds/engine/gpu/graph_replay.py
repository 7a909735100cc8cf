"""A function of tensors as a CUDA graph: captured once, then replayed for every frame.

Knows streams and torch, and nothing of pictures.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from edgeds.engine.cuda_stream import DeviceStream
from edgeds.engine.torch_compile import compiled_or_plain

Tensors = tuple[Tensor, ...]
Function = Callable[..., Tensors]
_ONE_SETTING = threading.RLock()


class Replayed:
    """A function of tensors with fixed shapes. It is captured in the constructor: work that
    another thread enqueues on the stream during a capture would become a part of it.

    Call it from one thread at a time, inside `with stream`.
    """

    def __init__(
        self,
        function: Function,
        stream: DeviceStream,
        inputs: Tensors,
        *,
        fixed: tuple[Any, ...] = (),
        compiled: bool = False,
    ) -> None:
        """
        Args:
            function: takes the inputs and what is fixed; waits for nothing on the device.
            inputs: an example of what it will be called with.
            fixed: given to it after the inputs, always the same objects; their tensors may be
                written into between calls.
            compiled: by torch.compile, where that works; the first call takes its time.
        """
        self._stream, self._function, self._fixed = stream, function, fixed
        self._inputs = tuple(one.clone() for one in inputs)
        self._outputs: Tensors = ()
        step = compiled_or_plain(function, stream) if compiled else function

        def work() -> None:
            with torch.no_grad(), _exact():
                self._outputs = step(*self._inputs, *fixed)

        with stream:
            self._work = stream.captured(work)

    def __call__(self, *inputs: Tensor) -> Tensors:
        """The outputs. The next call may overwrite them."""
        for mine, new in zip(self._inputs, inputs, strict=True):
            if mine is not new:
                self._stream.copy(mine, new)
        self._work()
        return self._outputs

    def kept(self, *inputs: Tensor) -> Tensors:
        """The outputs as the caller's own."""
        with torch.no_grad():
            return tuple(output.clone() for output in self(*inputs))


@contextmanager
def _exact() -> Iterator[None]:
    """cuDNN without TF32, which has 11 bits: convolutions of pictures would be off by a level. The
    setting is the process's, so one thread at a time has it.
    """
    cudnn = torch.backends.cudnn
    with (
        _ONE_SETTING,
        cudnn.flags(
            enabled=cudnn.enabled, benchmark=cudnn.benchmark, deterministic=cudnn.deterministic,
            allow_tf32=False,
        ),
    ):  # fmt: skip
        yield
