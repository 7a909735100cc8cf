"""What every engine must do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from edgeds.engine import DifferenceEngine, default_engine, read_card
from edgeds.errors import RunError
from edgeds.sources import SyntheticSource
from edgeds.sources.scaling import resized
from edgeds.types import Engine


@pytest.fixture(params=["difference", "openvino", "onnxruntime", "tensorrt on a recorded fake"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "difference":
        yield DifferenceEngine()
        return
    if request.param == "tensorrt on a recorded fake":
        pytest.importorskip("torch", reason="torch is not installed")
        from edgeds.engine.cuda_stream import CpuStream
        from edgeds.engine.tensorrt import TensorRtEngine
        from tests.trt.fake_tensorrt import INTERFACES, fake_library, write_fake_engine

        library, card = fake_library(INTERFACES[-1]), write_fake_engine(tmp_path)
        with TensorRtEngine(library, tmp_path, card, CpuStream(), name=request.param) as on_fake:
            yield on_fake
        return
    pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    folder = default_engine()
    if request.param == "openvino":
        from edgeds.engine.openvino import OpenVinoEngine

        opened: Engine = OpenVinoEngine(folder, read_card(folder))
    else:
        from edgeds.engine.onnxruntime import OnnxRuntimeEngine

        opened = OnnxRuntimeEngine(folder, read_card(folder))
    with opened:
        yield opened


@pytest.fixture
def scene() -> SyntheticSource:
    return SyntheticSource(size=(360, 600), frame_count=9)


def test_maps_have_the_engines_size_and_alpha_is_between_0_and_1(
    engine: Engine, scene: SyntheticSource
) -> None:
    plate = engine.encode_plate(resized(scene.plate, engine.size))
    for frame in scene:
        maps = engine.infer(resized(frame.pixels, engine.size), plate)
        assert maps.alpha.shape == maps.inverse_depth.shape == engine.size
        assert maps.alpha.dtype == maps.inverse_depth.dtype == np.float32
        assert 0 <= maps.alpha.min() <= maps.alpha.max() <= 1
        assert np.isfinite(maps.inverse_depth).all()


def test_an_empty_scene_is_empty_and_a_ball_is_not(engine: Engine, scene: SyntheticSource) -> None:
    plate = engine.encode_plate(resized(scene.plate, engine.size))
    frames = list(scene)
    empty = engine.infer(resized(frames[0].pixels, engine.size), plate).alpha
    assert (empty > 0.5).mean() < 1e-3
    found = engine.infer(resized(frames[5].pixels, engine.size), plate).alpha > 0.5
    truth = resized_truth(scene, 5, engine.size)
    assert (found & truth).sum() / (found | truth).sum() > 0.9


def test_maps_belong_to_the_caller(engine: Engine, scene: SyntheticSource) -> None:
    plate = engine.encode_plate(resized(scene.plate, engine.size))
    first, *_, last = list(scene)
    maps = engine.infer(resized(last.pixels, engine.size), plate)
    alpha = maps.alpha.copy()
    engine.infer(resized(first.pixels, engine.size), plate)
    assert (maps.alpha == alpha).all()


def test_two_plates_do_not_mix(engine: Engine, scene: SyntheticSource) -> None:
    small = resized(scene.plate, engine.size)
    plate = engine.encode_plate(small)
    before = engine.infer(small, plate).alpha
    engine.encode_plate(255 - small)
    assert (engine.infer(small, plate).alpha == before).all()


def test_threads_that_share_an_engine_get_their_own_maps(
    engine: Engine, scene: SyntheticSource
) -> None:
    plates = [resized(scene.plate, engine.size), 255 - resized(scene.plate, engine.size)]
    features = [engine.encode_plate(plate) for plate in plates]
    frames = [resized(frame.pixels, engine.size) for frame in (*scene,)[::4]]
    alone = [[engine.infer(frame, one).alpha for frame in frames] for one in features]
    ready = threading.Barrier(len(plates))

    def mistakes(which: int) -> int:
        ready.wait(30)
        wrong = 0
        for turn in range(12):
            if turn % 4 == 0:
                features[which] = engine.encode_plate(plates[which])
            at = (turn + which) % len(frames)
            got = engine.infer(frames[at], features[which]).alpha
            wrong += not np.array_equal(got, alone[which][at])
        return wrong

    with ThreadPoolExecutor(len(plates)) as threads:
        assert list(threads.map(mistakes, range(len(plates)))) == [0, 0]


def test_a_closed_engine_says_so_and_closes_twice(engine: Engine) -> None:
    plate = np.zeros((*engine.size, 3), np.uint8)
    features = engine.encode_plate(plate)
    engine.close()
    engine.close()
    for use in (lambda: engine.infer(plate, features), lambda: engine.encode_plate(plate)):
        with pytest.raises(RunError, match=r"the engine is closed\n.*why.*\n.*fix"):
            use()


def resized_truth(scene: SyntheticSource, index: int, size: tuple[int, int]) -> np.ndarray:  # type: ignore[type-arg]
    import cv2

    return cv2.resize(scene.alpha(index), size[::-1], interpolation=cv2.INTER_AREA) > 0.5
