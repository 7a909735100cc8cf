"""What threads may share: an engine and a depth network, not an estimator."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from edgeds import Estimator, Frame, Plate, open_engine
from edgeds.engine import DifferenceEngine, plate_depth_engine
from edgeds.engine.plate_depth_engine import PlateDepthGraph
from edgeds.errors import RunError
from edgeds.sources import SyntheticSource
from edgeds.types import FloatMap, Maps, Pixels, PlateFeatures

SIZE = (180, 320)


def test_two_cameras_with_one_engine_get_the_maps_they_get_alone() -> None:
    pytest.importorskip("openvino", reason="openvino is not installed")
    scene = SyntheticSource(size=SIZE, frame_count=12)
    ways = [frame.pixels for frame in scene], [frame.pixels[:, ::-1].copy() for frame in scene]
    plates = Plate(scene.plate), Plate(scene.plate[:, ::-1].copy())
    with open_engine(device="cpu") as engine:

        def alphas(which: int) -> list[FloatMap]:
            estimate = Estimator(engine, plates[which])
            return [estimate(Frame(pixels)).alpha for pixels in ways[which]]

        alone = [alphas(which) for which in range(2)]
        with ThreadPoolExecutor(2) as threads:
            together = list(threads.map(alphas, range(2)))
    for got, wanted in zip(together, alone, strict=True):
        assert all(np.array_equal(one, other) for one, other in zip(got, wanted, strict=True))


def test_an_estimator_in_two_threads_says_what_to_do() -> None:
    inside, go_on = threading.Event(), threading.Event()

    class Slow(DifferenceEngine):
        def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
            inside.set()
            go_on.wait(30)
            return super().infer(frame, plate)

    go_on.set()
    pixels = np.zeros((*SIZE, 3), np.uint8)
    estimate = Estimator(Slow(size=SIZE), Plate(pixels))
    inside.clear()
    go_on.clear()
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(estimate, Frame(pixels))
        assert inside.wait(30)
        with pytest.raises(RunError, match="two threads use one Estimator"):
            estimate(Frame(pixels))
        go_on.set()
        first.result(30)
    estimate(Frame(255 - pixels))  # afterwards it works on


def test_a_depth_network_compiles_once_and_serves_one_thread_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {"compiled": 0, "within": 0, "most": 0}
    pause = threading.Event()

    def compiled(*_: object) -> tuple[tuple[int, int], object]:
        counts["compiled"] += 1
        pause.wait(0.05)
        return SIZE, run

    def run(pixels: Pixels) -> FloatMap:
        counts["within"] += 1
        counts["most"] = max(counts["most"], counts["within"])
        pause.wait(0.02)
        counts["within"] -= 1
        return pixels[..., 0].astype(np.float32)

    monkeypatch.setattr(plate_depth_engine, "compiled_graph", compiled)
    network = PlateDepthGraph(tmp_path / "plate_depth.onnx", digest="0")
    pixels = np.zeros((*SIZE, 3), np.uint8)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(network, [pixels] * 4))
    assert (counts["compiled"], counts["most"]) == (1, 1)
