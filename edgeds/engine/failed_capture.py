"""What torch leaves behind when a capture of a CUDA graph fails. Knows no streams."""

from __future__ import annotations

from contextlib import suppress

import torch
from torch.torch_version import TorchVersion


def end_allocating(device: torch.device, pool: object) -> None:
    """Take torch's allocator out of a capture that failed. Before 2.13 it stays in it, and the
    process dies at some later synchronisation (pytorch #180395). Where the capture had not begun,
    there is nothing to end.

    Args:
        pool: the memory that was captured into.
    """
    if TorchVersion(torch.__version__) >= "2.13":
        return
    for name in ("_cuda_endAllocateToPool", "_cuda_endAllocateCurrentStreamToPool"):
        end = getattr(torch._C, name, None)  # the second name is that of versions before 2.5
        if end is not None:
            with suppress(RuntimeError):  # "not currently recording": it had not begun
                end(device.index, pool)
            return
