"""Capturing through the driver, on a driver that records what it is asked."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import pytest

from edgeds.engine.cuda_graph import CudaError, CudaGraph
from edgeds.errors import RunError

STREAM = 0x5EED


class Driver:
    """The driver's library; `refuses` names a call that fails with code 900."""

    def __init__(self, refuses: str = "") -> None:
        self.calls: list[str] = []
        self._refuses = refuses

    def __getattr__(self, name: str) -> Callable[..., int]:
        def call(*arguments: Any) -> int:
            self.calls.append(name)
            if name == "cuGetErrorName":
                arguments[1]._obj.value = b"CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"
                return 0
            if name == self._refuses:
                return 900
            if name == "cuStreamBeginCapture_v2":
                assert arguments[0].value == STREAM
                assert arguments[1] == 1, "thread-local: other threads go on"
            if name == "cuStreamEndCapture":
                arguments[1]._obj.value = 11
            if name == "cuGraphInstantiateWithFlags":
                arguments[0]._obj.value = 22
                assert isinstance(arguments[2], ctypes.c_ulonglong)
            if name == "cuGraphLaunch":
                assert (arguments[0].value, arguments[1].value) == (22, STREAM)
            return 0

        return call


def test_work_is_captured_once_and_replayed() -> None:
    driver, done = Driver(), []
    graph = CudaGraph(STREAM, lambda: done.append(1), driver)
    graph()
    graph()
    assert done == [1]
    assert driver.calls == [
        *("cuStreamBeginCapture_v2", "cuStreamEndCapture", "cuGraphInstantiateWithFlags"),
        *("cuGraphLaunch", "cuGraphLaunch"),
    ]


def test_closing_frees_both_handles_once() -> None:
    driver = Driver()
    graph = CudaGraph(STREAM, lambda: None, driver)
    graph.close()
    graph.close()
    assert driver.calls[3:] == ["cuGraphExecDestroy", "cuGraphDestroy"]


def test_work_that_fails_ends_the_capture_and_keeps_its_own_error() -> None:
    def work() -> None:
        raise RunError("the GPU refused a frame")

    driver = Driver()
    with pytest.raises(RunError, match="refused a frame"):
        CudaGraph(STREAM, work, driver)
    assert driver.calls[:2] == ["cuStreamBeginCapture_v2", "cuStreamEndCapture"]
    assert driver.calls[-1] == "cuGraphDestroy"


@pytest.mark.parametrize(
    "call", ["cuStreamBeginCapture_v2", "cuStreamEndCapture", "cuGraphInstantiateWithFlags"]
)
def test_a_refused_capture_names_the_call_and_the_reason(call: str) -> None:
    with pytest.raises(CudaError, match=f"{call}: CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"):
        CudaGraph(STREAM, lambda: None, Driver(call))


def test_a_refused_replay_names_the_reason() -> None:
    graph = CudaGraph(STREAM, lambda: None, Driver("cuGraphLaunch"))
    with pytest.raises(CudaError, match="cuGraphLaunch"):
        graph()
