"""Frame -> Maps with the plain difference engine."""

from __future__ import annotations

import numpy as np
import pytest

from edgeds.engine import DifferenceEngine, open_engine
from edgeds.errors import PlateError, ShapeError
from edgeds.estimate.estimator import Estimator
from edgeds.plate.file import plate_from_file
from edgeds.plate.open_plate import plate_from_clip
from edgeds.plate.plate import Plate
from edgeds.sources import SyntheticSource
from edgeds.types import Frame


@pytest.fixture
def source() -> SyntheticSource:
    return SyntheticSource(size=(180, 320), frame_count=12)


def test_maps_have_the_frames_size(source: SyntheticSource) -> None:
    maps = Estimator(DifferenceEngine(size=(48, 80)), Plate(source.plate))(next(iter(source)))
    assert maps.alpha.shape == maps.inverse_depth.shape == (180, 320)
    assert maps.alpha.dtype == maps.inverse_depth.dtype == np.float32


def test_the_foreground_is_found(source: SyntheticSource) -> None:
    estimate = Estimator(DifferenceEngine(size=(90, 160)), Plate(source.plate))
    for frame in source:
        truth = source.alpha(frame.index)
        assert np.abs(estimate(frame).alpha - truth).mean() < 0.01


def test_background_depth_is_the_same_in_every_frame(source: SyntheticSource) -> None:
    estimate = Estimator(DifferenceEngine(size=(90, 160)), Plate(source.plate))
    depths = [(source.alpha(f.index), estimate(f)) for f in source]
    always = np.max([np.maximum(alpha, maps.alpha) for alpha, maps in depths], axis=0) == 0
    assert always.mean() > 0.2
    assert np.std([maps.inverse_depth[always] for _, maps in depths], axis=0).max() < 1e-6


def test_maps_of_earlier_frames_stay_as_they_were(source: SyntheticSource) -> None:
    estimate = Estimator(DifferenceEngine(size=(90, 160)), Plate(source.plate))
    frames = list(source)
    first = estimate(frames[3])
    copy = first.alpha.copy()
    estimate(frames[9])
    assert (first.alpha == copy).all()


def test_a_frame_of_another_size_is_refused(source: SyntheticSource) -> None:
    estimate = Estimator(DifferenceEngine(), Plate(source.plate))
    with pytest.raises(ShapeError, match=r"\(90, 160\)"):
        estimate(Frame(np.zeros((90, 160, 3), np.uint8)))


def test_a_missing_plate_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(PlateError, match="cannot use the plate"):
        plate_from_file(tmp_path / "plate.png")


def test_the_plate_comes_from_the_clip_itself(make_clip) -> None:  # type: ignore[no-untyped-def]
    # A ball of a third of the height crosses the scene within 24 of 30 frames.
    plate = plate_from_clip(make_clip(frame_count=30, size=(180, 320)))
    truth = SyntheticSource(size=(180, 320), frame_count=30).plate
    assert plate.origin == "clip"
    assert np.abs(plate.pixels.astype(int) - truth).mean() < 4


def test_a_mirrored_plate_has_the_mirrored_depth(source: SyntheticSource) -> None:
    pixels = source.plate
    with open_engine() as engine:
        depth = Estimator(engine, Plate(pixels)).plate_depth
        mirrored = Estimator(engine, Plate(np.ascontiguousarray(pixels[:, ::-1]))).plate_depth
    assert np.ptp(depth) > 0.1 * depth.mean()
    # enlarging rounds differently from the other side
    assert mirrored[:, ::-1] == pytest.approx(depth, abs=1e-3 * float(depth.max()))
