"""Capturing through the driver, on a driver that records what it is asked (fake_driver.py)."""

from __future__ import annotations

import gc

import pytest
from fake_driver import STREAM, Driver

from edgeds.engine.cuda_graph import CudaError, CudaGraph
from edgeds.errors import RunError


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


def test_a_graph_that_nobody_holds_is_freed() -> None:
    driver = Driver()
    graph = CudaGraph(STREAM, lambda: None, driver)
    graph()
    del graph
    gc.collect()
    assert driver.calls[-2:] == ["cuGraphExecDestroy", "cuGraphDestroy"]


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
