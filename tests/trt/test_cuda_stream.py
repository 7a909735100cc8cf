"""The CUDA stream on a recorded fake of the few calls it makes: in which order, with what, and what
it does when a capture is refused. Every call is held against the signature of torch's own.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from fake_driver import Driver  # noqa: E402

from edgeds.engine.cuda_stream import CudaStream  # noqa: E402
from edgeds.errors import RunError  # noqa: E402

HANDLE = 0x5EED
ASIDE = 0xA51DE
"""The stream for captures."""
POOL = object()
"""The memory of a captured graph."""
DECODING = object()
"""The device's default stream."""


class Recorded:
    """`torch.cuda`, as far as a stream uses it."""

    def __init__(self, *, refuses: str = "") -> None:
        self.calls: list[str] = []
        self._refuses = refuses
        self._real = {name: getattr(torch.cuda, name) for name in ("Stream", "Event", "CUDAGraph")}
        self.current: list[int] = []
        """Handles of the streams that were made current."""

    def put_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in (
            *("Stream", "Event", "CUDAGraph", "graph_pool_handle"),
            *("stream", "default_stream", "empty_cache"),
        ):
            monkeypatch.setattr(torch.cuda, name, getattr(self, name))

    def Stream(self, *args: Any, **kwargs: Any) -> Any:  # noqa: N802
        inspect.signature(self._real["Stream"].__new__).bind(None, *args, **kwargs)
        return FakeStream(self.calls, ASIDE if kwargs.get("priority") else HANDLE, args[0])

    def Event(self, *args: Any, **kwargs: Any) -> Any:  # noqa: N802
        inspect.signature(self._real["Event"].__new__).bind(None, *args, **kwargs)
        timed = kwargs.get("enable_timing", False)
        assert timed or kwargs["blocking"], "a spinning wait takes a core from decoding"
        return FakeEvent(self.calls)

    def CUDAGraph(self) -> Any:  # noqa: N802
        return FakeGraph(self, self._refuses)

    def begins(self, *args: Any, **kwargs: Any) -> None:
        inspect.signature(self._real["CUDAGraph"].capture_begin).bind(None, *args, **kwargs)
        assert kwargs == {"pool": POOL, "capture_error_mode": "thread_local"}
        assert self.current[-1] == ASIDE, "what others do meanwhile would be captured"

    def graph_pool_handle(self) -> Any:
        return POOL

    def empty_cache(self) -> None:
        self.calls.append("empty_cache")

    def stream(self, stream: Any) -> Any:
        if stream is DECODING:
            return FakeContext(self, "decoder's", 0)
        name = {HANDLE: "current", ASIDE: "aside"}[stream.cuda_stream]
        return FakeContext(self, name, stream.cuda_stream)

    def default_stream(self, device: Any) -> Any:
        return DECODING


class FakeStream:
    def __init__(self, calls: list[str], handle: int, device: Any) -> None:
        self._calls, self.cuda_stream, self.device = calls, handle, device

    def synchronize(self) -> None:
        self._calls.append("synchronize")

    def wait_stream(self, other: Any) -> None:
        if other is DECODING:
            self._calls.append("waits for the decoder's")
        else:
            assert (self.cuda_stream, other.cuda_stream) == (ASIDE, HANDLE)


class FakePlane:
    """A decoder's plane. As PyAV's, it refuses to be given a stream."""

    def __init__(self, calls: list[str]) -> None:
        self._calls = calls
        self.data = torch.arange(6, dtype=torch.uint8)

    def __dlpack__(self, *, stream: int | None = None) -> Any:
        if stream is not None:
            raise NotImplementedError("CUDA stream synchronization is not supported")
        self._calls.append("taken")
        return self.data.__dlpack__()


class FakeEvent:
    def __init__(self, calls: list[str]) -> None:
        self._calls = calls

    def record(self, stream: Any) -> None:
        assert stream.cuda_stream == HANDLE
        self._calls.append("record")

    def synchronize(self) -> None:
        self._calls.append("wait")

    def elapsed_time(self, later: FakeEvent) -> float:
        self._calls.append("elapsed")
        return 2.5  # milliseconds, as CUDA's


class FakeGraph:
    def __init__(self, cuda: Recorded, refuses: str) -> None:
        self._cuda, self._calls, self._refuses = cuda, cuda.calls, refuses

    def capture_begin(self, *args: Any, **kwargs: Any) -> None:
        self._cuda.begins(*args, **kwargs)
        self._calls.append("capture begins")

    def capture_end(self) -> None:
        assert self._cuda.current[-1] == ASIDE, "a capture ends in the stream in which it began"
        self._calls.append("capture ends")
        if self._refuses:
            raise RuntimeError(self._refuses)

    def replay(self) -> None:
        self._calls.append("replay")


class FakeContext:
    def __init__(self, cuda: Recorded, name: str, handle: int) -> None:
        self._cuda, self._name, self._handle = cuda, name, handle

    def __enter__(self) -> None:
        self._cuda.current.append(self._handle)
        self._cuda.calls.append(f"{self._name} begins")

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._cuda.current.pop()
        self._cuda.calls.append(f"{self._name} ends")


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    recorded = Recorded()
    recorded.put_in(monkeypatch)
    return recorded


def work(calls: list[str]) -> Callable[[], None]:
    return lambda: calls.append("work")


def test_work_is_done_once_and_finished_before_it_is_captured_and_then_only_replayed(
    cuda: Recorded,
) -> None:
    stream = CudaStream(0)
    again = stream.captured(work(cuda.calls))
    assert cuda.calls == [
        *("aside begins", "work", "synchronize", "aside ends"),
        *("aside begins", "capture begins", "work", "capture ends", "aside ends"),
    ]  # and neither waits for the whole GPU nor empties torch's caches, as torch.cuda.graph does
    again()
    again()
    assert cuda.calls[-2:] == ["replay", "replay"]
    assert cuda.calls.count("work") == 2
    assert stream.note == ""


def test_what_cannot_be_captured_is_done_as_it_is_and_the_note_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cuda = Recorded(refuses="operation not permitted when stream is capturing\nmore")
    cuda.put_in(monkeypatch)
    stream = CudaStream(0)
    again = stream.captured(work(cuda.calls))
    before = cuda.calls.count("work")
    again()
    assert cuda.calls.count("work") == before + 1
    assert "replay" not in cuda.calls
    assert stream.note == "no CUDA graph: operation not permitted when stream is capturing"


def test_work_that_refuses_under_capture_is_done_as_it_is(cuda: Recorded) -> None:
    # the project's own error is no RuntimeError: it went past the fallback, and nothing opened
    def work() -> None:
        if "capture begins" in cuda.calls and "capture ends" not in cuda.calls:
            raise RunError("the GPU refused a frame", why="TensorRT could not start frame.plan")
        cuda.calls.append("work")

    stream = CudaStream(0)
    again = stream.captured(work)
    again()
    assert cuda.calls.count("work") == 2
    assert stream.note == "no CUDA graph: TensorRT could not start frame.plan"


def test_of_a_capture_that_fails_the_first_reason_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = Recorded(refuses="operation failed due to a previous error during capture")
    cuda.put_in(monkeypatch)

    def work() -> None:
        if "capture begins" in cuda.calls and "capture ends" not in cuda.calls:
            raise RuntimeError("operation not permitted when stream is capturing")

    stream = CudaStream(0)
    stream.captured(work)
    assert stream.note == "no CUDA graph: operation not permitted when stream is capturing"
    assert cuda.current == []


def test_memory_that_lies_spare_is_given_back_once_where_a_capture_needs_it(
    cuda: Recorded,
) -> None:
    def work() -> None:
        cuda.calls.append("work")
        if "capture begins" in cuda.calls and "empty_cache" not in cuda.calls:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")

    stream = CudaStream(0)
    stream.captured(work)()
    assert cuda.calls.count("empty_cache") == 1
    assert cuda.calls[-1] == "replay"
    assert stream.note == ""


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("2.12.1+cu130", "_cuda_endAllocateToPool"),
        ("2.4.0", "_cuda_endAllocateCurrentStreamToPool"),
        ("2.13.0", ""),
    ],
)
def test_a_failed_capture_gives_torchs_allocator_back(
    monkeypatch: pytest.MonkeyPatch, version: str, name: str
) -> None:
    # before 2.13 torch leaves it in the capture, and the process dies later (pytorch #180395)
    cuda = Recorded(refuses="operation not permitted when stream is capturing")
    cuda.put_in(monkeypatch)
    monkeypatch.setattr(torch, "__version__", version)
    ended: list[Any] = []
    for known in ("_cuda_endAllocateToPool", "_cuda_endAllocateCurrentStreamToPool"):
        monkeypatch.delattr(torch._C, known, raising=False)
    called = name or "_cuda_endAllocateToPool"
    monkeypatch.setattr(
        torch._C, called, lambda index, pool: ended.append((index, pool)), raising=False
    )
    CudaStream(1).captured(work(cuda.calls))
    assert ended == ([(1, POOL)] if name else [])


def test_what_cannot_be_ended_does_not_hide_why_the_capture_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cuda = Recorded(refuses="an earlier kernel failed")
    cuda.put_in(monkeypatch)
    monkeypatch.setattr(torch, "__version__", "2.11.0")

    def refuses(index: int, pool: object) -> None:
        raise RuntimeError("endAllocatePool: not currently recording to mempool_id")

    monkeypatch.setattr(torch._C, "_cuda_endAllocateToPool", refuses, raising=False)
    stream = CudaStream(0)
    stream.captured(work(cuda.calls))
    assert stream.note == "no CUDA graph: an earlier kernel failed"


def test_two_engines_that_got_the_same_stream_do_not_use_it_at_once(cuda: Recorded) -> None:
    # torch gives out 32 streams in turn: the work of one would be captured with the other's
    first, again, other = CudaStream(0), CudaStream(0), CudaStream(1)
    seen: list[str] = []

    def enters(stream: CudaStream, name: str) -> None:
        with stream:
            seen.append(name)

    with first:
        threads = [
            threading.Thread(target=enters, args=pair)
            for pair in ((again, "the same"), (other, "another GPU's"))
        ]
        for thread in threads:
            thread.start()
        threads[1].join()
        assert seen == ["another GPU's"]
    threads[0].join()
    assert seen == ["another GPU's", "the same"]


def test_one_thread_captures_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # torch waits for the whole GPU before a capture, which spoils another thread's
    cuda = Recorded()
    cuda.put_in(monkeypatch)
    under_way: list[int] = []
    most: list[int] = []
    go_on = threading.Event()

    def slow() -> None:
        under_way.append(1)
        most.append(len(under_way))
        go_on.wait(0.2)
        under_way.pop()

    def one() -> None:
        CudaStream(0).captured(slow)

    monkeypatch.setattr(CudaStream, "_run_once", lambda *_: None)
    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1]


def test_a_failed_replay_is_a_run_error_that_says_what_to_do(
    cuda: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(graph: Any) -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nmore")

    monkeypatch.setattr(FakeGraph, "replay", broken)
    again = CudaStream(0).captured(work(cuda.calls))
    with pytest.raises(RunError, match="the GPU failed") as caught:
        again()
    assert caught.value.why == "CUDA error: an illegal memory access was encountered"
    assert "--device cpu" in caught.value.fix


def test_a_refused_replay_of_a_librarys_calls_is_a_run_error(
    cuda: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Driver("cuGraphLaunch")
    monkeypatch.setattr("edgeds.engine.cuda_graph.load_driver", lambda: driver)
    again = CudaStream(0).captured_calls(work(cuda.calls))
    with pytest.raises(RunError, match="the GPU failed") as caught:
        again()
    assert "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED" in caught.value.why
    assert "graph begins" not in cuda.calls  # torch captured nothing


@pytest.mark.parametrize("call", ["cuStreamBeginCapture_v2", "cuStreamEndCapture"])
def test_calls_that_the_driver_does_not_capture_are_done_as_they_are(
    cuda: Recorded, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.setattr("edgeds.engine.cuda_graph.load_driver", lambda: Driver(call))
    stream = CudaStream(0)
    again = stream.captured_calls(work(cuda.calls))
    before = cuda.calls.count("work")
    again()
    assert cuda.calls.count("work") == before + 1
    assert "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED" in stream.note


def test_a_library_that_refuses_under_capture_is_called_as_it_is(
    cuda: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the project's own error is no RuntimeError: the engine could not open
    driver = Driver()
    monkeypatch.setattr("edgeds.engine.cuda_graph.load_driver", lambda: driver)

    def work() -> None:
        begun, ended = (
            driver.calls.count(name) for name in ("cuStreamBeginCapture_v2", "cuStreamEndCapture")
        )
        if begun > ended:
            raise RunError("the GPU refused a frame", why="TensorRT could not start frame.plan")
        cuda.calls.append("work")

    stream = CudaStream(0)
    stream.captured_calls(work)()
    assert cuda.calls.count("work") == 2
    assert stream.note == "no CUDA graph: TensorRT could not start frame.plan"


def test_the_device_is_timed_by_its_own_events(cuda: Recorded) -> None:
    secs = CudaStream(0).secs_of(work(cuda.calls))
    assert secs == 0.0025
    assert cuda.calls == ["record", "work", "record", "wait", "elapsed"]


def test_calls_of_a_library_are_captured_by_the_driver_and_torch_is_left_alone(
    cuda: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(*_: object) -> None:
        raise OSError("libcuda.so.1: cannot open shared object file")

    monkeypatch.setattr("edgeds.engine.cuda_graph.load_driver", absent)
    stream = CudaStream(0)
    again = stream.captured_calls(work(cuda.calls))
    again()
    assert cuda.calls == ["work", "synchronize", "work"]
    assert "libcuda" in stream.note


def test_what_the_gpu_reports_becomes_a_run_error(cuda: Recorded) -> None:
    def broken() -> None:
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nmore")

    stream = CudaStream(0)
    event = stream.record_event()
    event._event.synchronize = broken  # type: ignore[attr-defined]
    with pytest.raises(RunError, match="the GPU failed") as caught:
        event.wait()
    assert caught.value.why == "CUDA error: an illegal memory access was encountered"
    assert "--device cpu" in caught.value.fix


def test_an_event_is_recorded_at_once_and_waited_for_later(cuda: Recorded) -> None:
    event = CudaStream(0).record_event()
    assert cuda.calls == ["record"]
    event.wait()
    assert cuda.calls == ["record", "wait"]


def test_the_stream_is_current_inside_with_and_its_handle_is_told(cuda: Recorded) -> None:
    stream = CudaStream(1)
    assert stream.handle == HANDLE
    assert stream.device == torch.device("cuda", 1)
    with stream, stream:
        cuda.calls.append("inside")
    assert cuda.calls == [
        *("current begins", "current begins", "inside"),
        *("current ends", "current ends"),
    ]


def test_copies_do_not_hold_up_the_caller(cuda: Recorded) -> None:
    told: dict[str, Any] = {}

    class Target:
        def copy_(self, source: Any, **how: Any) -> None:
            told.update(how, source=source)

    source = torch.arange(3)
    CudaStream(0).copy(Target(), source)  # type: ignore[arg-type]
    assert told == {"non_blocking": True, "source": source}


def test_a_decoders_planes_are_copied_in_its_own_stream_and_waited_for_there(
    cuda: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Any] = []
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda tensor, stream: kept.append(stream))
    stream, plane = CudaStream(0), FakePlane(cuda.calls)
    (copy,) = stream.adopted([plane])
    assert cuda.calls == [
        *("decoder's begins", "taken", "decoder's ends"),
        "waits for the decoder's",
    ]
    assert [one.cuda_stream for one in kept] == [HANDLE]  # not freed before the stream is done
    plane.data.zero_()  # the decoder goes on
    assert copy.tolist() == [0, 1, 2, 3, 4, 5]


def test_threads_take_turns_at_a_stream(cuda: Recorded) -> None:
    stream, inside = CudaStream(0), threading.Event()

    def other() -> None:
        with stream:
            inside.set()

    thread = threading.Thread(target=other)
    with stream:
        thread.start()
        assert not inside.wait(0.05)
        cuda.calls.append("mine")
    thread.join()
    assert inside.is_set()
    assert cuda.calls == [
        *("current begins", "mine", "current ends", "current begins", "current ends")
    ]
