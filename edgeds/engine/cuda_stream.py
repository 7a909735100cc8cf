"""A stream: work on a device that is done in order, while the caller goes on.

On a GPU this is a CUDA side stream. On the CPU everything is done at once, so that code written
for streams runs and is tested where there is no GPU. What the GPU reports as an error becomes a
RunError here. Knows torch, and nothing of networks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from edgeds.errors import RunError

if TYPE_CHECKING:
    import torch

Work = Callable[[], None]
_ONE_THREAD: dict[tuple[int, int], threading.RLock] = {}
"""GPU and stream -> who uses it. torch gives out 32 streams in turn: two engines may share one."""
_ONE_CAPTURE = threading.RLock()
"""Held while a CUDA graph is captured: torch allows one capture at a time in a process."""


class StreamEvent(Protocol):
    """A point in a stream."""

    def wait(self) -> None:
        """Return when everything before the event is done.

        Raises:
            RunError: the GPU reported an error.
        """
        ...


class DeviceStream(Protocol):
    """Use it in a `with`: that makes it current in the thread that enqueues work. Other threads
    wait there meanwhile, so that what is captured is the work of one.
    """

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
        """Page-locked memory of the host, which the device copies without the caller."""
        ...

    def copy(self, target: torch.Tensor, source: torch.Tensor) -> None: ...

    def adopted(self, planes: Iterable[Any]) -> tuple[torch.Tensor, ...]:
        """Planes that a decoder left on the device (DLPack) as tensors for use in this stream.

        Nothing waits. The decoder may write on into its planes once they are let go.
        """
        ...

    def captured(self, work: Work) -> Work:
        """Do torch's work, and return what repeats it with less cost per call.

        The work touches memory at fixed addresses only, waits for nothing, and is in whichever
        stream is current.
        """
        ...

    def captured_calls(self, work: Work) -> Work:
        """As `captured`, for calls of a library that allocates nothing while it runs."""
        ...

    def record_event(self) -> StreamEvent: ...

    def secs_of(self, work: Work) -> float:
        """Do the work and return how long the device took, without the host's waiting."""
        ...


class CpuStream:
    """Everything is done when the call returns."""

    handle = 0

    def __init__(self) -> None:
        import torch

        self.device = torch.device("cpu")
        self.note = ""

    def __enter__(self) -> CpuStream:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was made current."""

    def host(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        import torch

        return torch.empty(shape, dtype=dtype)

    def copy(self, target: torch.Tensor, source: torch.Tensor) -> None:
        target.copy_(source)

    def adopted(self, planes: Iterable[Any]) -> tuple[torch.Tensor, ...]:
        from torch.utils.dlpack import from_dlpack

        # the capsule itself: PyAV refuses the stream that torch would ask it to wait for
        return tuple(from_dlpack(plane.__dlpack__()) for plane in planes)

    def captured(self, work: Work) -> Work:
        work()
        return work

    def captured_calls(self, work: Work) -> Work:
        return self.captured(work)

    def record_event(self) -> StreamEvent:
        return self

    def secs_of(self, work: Work) -> float:
        began = time.perf_counter()
        work()
        return time.perf_counter() - began

    def wait(self) -> None:
        """It is done already."""


class CudaStream:
    """A side stream of one GPU."""

    def __init__(self, index: int) -> None:
        import torch

        self.device = torch.device("cuda", index)
        self._stream = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        self.handle: int = self._stream.cuda_stream
        # for captures alone: torch takes quick streams from where no engine's stream is from
        self._aside = torch.cuda.Stream(self.device, priority=-1)  # type: ignore[no-untyped-call]
        self.note = ""
        self._current: list[torch.cuda.StreamContext] = []
        self._one_thread = _ONE_THREAD.setdefault((index, self.handle), threading.RLock())

    def __enter__(self) -> CudaStream:
        import torch

        self._one_thread.acquire()
        try:
            current = torch.cuda.stream(self._stream)
            current.__enter__()  # type: ignore[no-untyped-call]
        except BaseException:
            self._one_thread.release()
            raise
        self._current.append(current)
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self._current.pop().__exit__(*exc)
        finally:
            self._one_thread.release()

    def host(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        import torch

        return torch.empty(shape, dtype=dtype, pin_memory=True)

    def copy(self, target: torch.Tensor, source: torch.Tensor) -> None:
        with gpu_errors():
            target.copy_(source, non_blocking=True)

    def adopted(self, planes: Iterable[Any]) -> tuple[torch.Tensor, ...]:
        """FFmpeg's decoder works in the device's default stream: copied there, the planes are
        whole, and are not overwritten too early.
        """
        import torch
        from torch.utils.dlpack import from_dlpack

        decoding = torch.cuda.default_stream(self.device)
        with gpu_errors():
            with torch.cuda.stream(decoding):
                # the capsule itself: PyAV refuses the stream that torch would ask it to wait for
                copies = tuple(from_dlpack(p.__dlpack__()).clone() for p in planes)
            self._stream.wait_stream(decoding)
            for copy in copies:
                copy.record_stream(self._stream)
        return copies

    def captured(self, work: Work) -> Work:
        """As a CUDA graph; where the work cannot be captured, as it is, and `note` says why."""
        import torch

        from edgeds.engine.torch_capture import graph_of

        self._aside.wait_stream(self._stream)
        with torch.cuda.stream(self._aside):
            self._run_once(work, self._aside)
        try:
            with _ONE_CAPTURE:
                graph = graph_of(work, self._aside)
        except (RuntimeError, RunError) as error:
            return self._not_captured(work, error)
        return _reported(graph.replay)

    def captured_calls(self, work: Work) -> Work:
        from edgeds.engine.cuda_graph import CudaGraph

        self._run_once(work, self._stream)
        try:
            with _ONE_CAPTURE:
                graph = CudaGraph(self.handle, work)
        except (OSError, RuntimeError, RunError) as error:
            return self._not_captured(work, error)
        return _reported(graph)

    def record_event(self) -> StreamEvent:
        import torch

        # blocking: it sleeps while it waits, instead of spinning
        event = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        with gpu_errors():
            event.record(self._stream)
        return _CudaEvent(event)

    def secs_of(self, work: Work) -> float:
        import torch

        began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        with gpu_errors():
            began.record(self._stream)
            work()
            ended.record(self._stream)
            ended.synchronize()
            return float(began.elapsed_time(ended)) / 1e3

    def _run_once(self, work: Work, stream: torch.cuda.Stream) -> None:
        """The first run allocates and may compile, which a capture forbids. Libraries keep their
        own memory for each stream.
        """
        work()
        with gpu_errors():
            stream.synchronize()

    def _not_captured(self, work: Work, error: Exception) -> Work:
        self.note = f"no CUDA graph: {said_by(error)}"
        return work


class _CudaEvent:
    def __init__(self, event: torch.cuda.Event) -> None:
        self._event = event

    def wait(self) -> None:
        with gpu_errors():
            self._event.synchronize()


def _reported(work: Work) -> Work:
    def replay() -> None:
        with gpu_errors():
            work()

    return replay


@contextmanager
def gpu_errors() -> Iterator[None]:
    """torch's and the driver's errors become a RunError."""
    try:
        yield
    except RuntimeError as error:
        raise RunError(
            "the GPU failed",
            why=said_by(error),
            fix="run edgeds doctor; device cpu (--device cpu) works without the GPU",
        ) from error


def said_by(error: Exception) -> str:
    """One line: why, as the project's errors say it, or the first line of another's."""
    text = error.why if isinstance(error, RunError) else str(error)
    return (text.strip().splitlines() or ["no reason given"])[0]
