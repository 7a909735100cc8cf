"""A stream: work on a device that is done in the order it is asked for, while the caller goes on.

On a GPU that is a CUDA side stream; on the CPU everything is done at once, so that code written
for streams runs and is tested where there is no GPU. Knows torch, and nothing of networks.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch

Work = Callable[[], None]


class StreamEvent(Protocol):
    """A point in a stream."""

    def wait(self) -> None:
        """Return when everything asked for before the event is done."""
        ...


class DeviceStream(Protocol):
    """Use it in a `with`: that makes it current in the thread that asks for work."""

    device: torch.device
    handle: int
    """The stream as a number, for libraries written in C."""
    note: str
    """What people should know of how it works; empty where there is nothing."""

    def __enter__(self) -> object: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def host(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Memory of the host that the device copies from and to while the caller goes on."""
        ...

    def copy(self, target: torch.Tensor, source: torch.Tensor) -> None: ...

    def captured(self, work: Work) -> Work:
        """Do the work, and give what does it again, at less cost per call where that can be.

        The work touches memory at fixed addresses only, and waits for nothing.
        """
        ...

    def record_event(self) -> StreamEvent: ...


class CpuStream:
    """Everything is done when the call returns."""

    handle = 0
    note = ""

    def __init__(self) -> None:
        import torch

        self.device = torch.device("cpu")

    def __enter__(self) -> CpuStream:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was made current."""

    def host(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        import torch

        return torch.empty(shape, dtype=dtype)

    def copy(self, target: torch.Tensor, source: torch.Tensor) -> None:
        target.copy_(source)

    def captured(self, work: Work) -> Work:
        work()
        return work

    def record_event(self) -> StreamEvent:
        return self

    def wait(self) -> None:
        """It is done already."""


class CudaStream:
    """A side stream of one GPU."""

    def __init__(self, index: int) -> None:
        import torch

        self.device = torch.device("cuda", index)
        self._stream = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        self.handle: int = self._stream.cuda_stream
        self.note = ""
        self._current: list[torch.cuda.StreamContext] = []

    def __enter__(self) -> CudaStream:
        import torch

        current = torch.cuda.stream(self._stream)
        current.__enter__()  # type: ignore[no-untyped-call]
        self._current.append(current)
        return self

    def __exit__(self, *exc: object) -> None:
        self._current.pop().__exit__(*exc)

    def host(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        import torch

        return torch.empty(shape, dtype=dtype, pin_memory=True)

    def copy(self, target: torch.Tensor, source: torch.Tensor) -> None:
        target.copy_(source, non_blocking=True)

    def captured(self, work: Work) -> Work:
        """As a CUDA graph; where the work cannot be captured, as it is, and `note` says why."""
        import torch

        work()  # the first time allocates and may compile, which a capture forbids
        self._stream.synchronize()
        graph = torch.cuda.CUDAGraph()
        try:
            # thread_local: other threads may go on using the GPU meanwhile
            with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
                work()
        except RuntimeError as error:
            self.note = f"no CUDA graph: {str(error).strip().splitlines()[0]}"
            return work
        return graph.replay

    def record_event(self) -> StreamEvent:
        import torch

        # blocking: it sleeps while it waits, instead of spinning
        event = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        event.record(self._stream)
        return _CudaMark(event)


class _CudaMark:
    def __init__(self, event: torch.cuda.Event) -> None:
        self._event = event

    def wait(self) -> None:
        self._event.synchronize()
