"""torch's work as a CUDA graph, captured without a sign to the rest of the process. Knows no
engines.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import torch
from torch.torch_version import TorchVersion


def graph_of(work: Callable[[], None], stream: torch.cuda.Stream) -> torch.cuda.CUDAGraph:
    """The work, captured. It is not done.

    `torch.cuda.graph` would also wait for the whole GPU and give torch's spare memory back, in the
    middle of a run: frames would stutter, and NVENC would go on with addresses that it was given
    of before and that are others' by then.

    Args:
        stream: one that nobody else uses. What others do with the stream that they capture from
            becomes a part of the graph: memory of the host that is let go of marks its streams, and
            asking for such a mark later fails.

    Raises:
        RuntimeError: the work cannot be captured, or what the work itself raised.
    """
    try:
        return _captured(work, stream)
    except torch.cuda.OutOfMemoryError:  # during a capture torch does not reach for what is spare
        torch.cuda.empty_cache()
        return _captured(work, stream)


def _captured(work: Callable[[], None], stream: torch.cuda.Stream) -> torch.cuda.CUDAGraph:
    graph, pool = torch.cuda.CUDAGraph(), torch.cuda.graph_pool_handle()
    with torch.cuda.stream(stream):
        try:
            # thread_local: other threads may go on using the GPU meanwhile
            graph.capture_begin(pool=pool, capture_error_mode="thread_local")
            try:
                work()
            except BaseException:
                with suppress(RuntimeError):  # says that what is being raised happened
                    graph.capture_end()
                raise
            graph.capture_end()
        except BaseException:
            end_allocating(stream.device, pool)
            raise
    return graph


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
