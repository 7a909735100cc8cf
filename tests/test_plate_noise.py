"""What the estimator tells an engine of how much its plate varies."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.kept_depth import no_depth
from edgeds.plate.plate import Origin, Plate
from edgeds.types import FloatMap, Frame, Pixels, PlateFeatures, Size

SIZE, NETWORK = (288, 480), (96, 160)


class Told(DifferenceEngine):
    """Plain difference, at any size; it remembers what it was told of plates."""

    takes_noise = True

    def __init__(self, size: Size = NETWORK, told: list[FloatMap | None] | None = None) -> None:
        super().__init__(size=size)
        self.told = [] if told is None else told

    def encode_plate(self, plate: Pixels, noise: FloatMap | None = None) -> PlateFeatures:
        assert noise is None or noise.shape == self.size
        self.told.append(noise)
        return super().encode_plate(plate)

    def at_size(self, size: Size) -> Told:
        return Told(size, self.told)


@pytest.fixture(scope="module")
def room() -> Pixels:
    coarse = np.random.default_rng(3).integers(60, 150, (12, 20, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.fixture(scope="module")
def noise() -> FloatMap:
    """More on the right."""
    return np.repeat(np.linspace(1, 9, SIZE[1], dtype=np.float32)[None], SIZE[0], 0)


@pytest.mark.parametrize(("origin", "is_told"), [("capture", True), ("clip", False)])
def test_noise_of_captured_plates_alone_is_told(
    room: Pixels, noise: FloatMap, origin: Origin, is_told: bool
) -> None:
    engine = Told()
    Estimator(engine, Plate(room, origin=origin, noise=noise), known=no_depth(SIZE))
    assert [one is not None for one in engine.told] == [is_told]


def test_a_corrected_plate_and_a_part_are_told_their_noise(room: Pixels, noise: FloatMap) -> None:
    engine = Told()
    plate = Plate(room, origin="capture", noise=noise)
    estimate = Estimator(engine, plate, known=no_depth(SIZE))
    estimate.replace_plate(plate)
    first, again = engine.told
    assert first is not None
    np.testing.assert_array_equal(again, first)
    engine.told.clear()
    shown = room.copy()
    shown[150:200, 330:370] = (230, 40, 60)
    estimate(Frame(shown))
    (of_part,) = engine.told
    assert of_part is not None
    assert first.min() < of_part.min() < of_part.max() < first.max()
    assert of_part.mean() > first.mean(), "the part is on the right"
