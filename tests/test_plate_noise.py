"""How much a plate varies: it is measured, goes along with the plate, and reaches an engine."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.kept_depth import no_depth
from edgeds.plate.estimated_from_clip import plate_from_samples
from edgeds.plate.maintenance import Maintenance
from edgeds.plate.patched import patched
from edgeds.plate.plate import Plate, plate_at_size
from edgeds.types import FloatMap, Frame, Maps, Pixels, PlateFeatures, Size

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


@pytest.mark.parametrize("is_known", [True, False])
def test_noise_is_told_where_it_is_known(room: Pixels, noise: FloatMap, is_known: bool) -> None:
    engine = Told()
    plate = Plate(room, origin="clip", noise=noise if is_known else None)
    Estimator(engine, plate, known=no_depth(SIZE))
    assert [one is not None for one in engine.told] == [is_known]


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


def test_noise_moves_along_with_a_moved_plate(room: Pixels, noise: FloatMap) -> None:
    maintenance = Maintenance(Plate(room, origin="capture", noise=noise))
    moved = Frame(np.roll(room, 12, axis=1))
    nobody = Maps(alpha=np.zeros(SIZE, np.float32), inverse_depth=np.ones(SIZE, np.float32))
    updates = [maintenance(moved, nobody, again=True) for _ in range(6)]
    plate = [update.plate for update in updates if update.plate is not None][-1]
    assert plate.noise is not None
    np.testing.assert_allclose(plate.noise[:, 40:-40], noise[:, 28:-52], atol=0.02)


def test_a_plate_at_another_size_keeps_its_noise(room: Pixels, noise: FloatMap) -> None:
    plate = Plate(room, origin="capture", noise=noise)
    half = plate_at_size(plate, NETWORK)
    assert half.noise is not None
    assert half.noise.shape == NETWORK
    assert half.noise_levels == pytest.approx(plate.noise_at(NETWORK), rel=0.02)
    assert half.noise[:, -1].mean() > 5 * half.noise[:, 0].mean()


def test_what_becomes_background_varies_like_a_typical_pixel(room: Pixels, noise: FloatMap) -> None:
    plate = Plate(room, origin="capture", noise=noise)
    thing = [(400.0, 100.0), (460.0, 100.0), (460.0, 180.0), (400.0, 180.0)]
    after = patched(plate, room, thing).noise
    assert after is not None
    assert after[140, 430] == pytest.approx(plate.noise_levels, abs=0.05)
    np.testing.assert_array_equal(after[:, :300], noise[:, :300])


def clip(room: Pixels, draw: Callable[[Pixels, int], None]) -> list[Pixels]:
    rng = np.random.default_rng(1)
    samples = []
    for index in range(32):
        picture = room.copy()
        draw(picture, index)
        samples.append(np.clip(picture + rng.normal(0, 1.5, room.shape), 0, 255).astype(np.uint8))
    return samples


def person(picture: Pixels, x: int) -> None:
    picture[60:240, x : x + 50] = np.arange(x, x + 50)[:, None] % 9 * 6 + (190, 60, 30)


def left_of_clip(plate: Plate) -> tuple[float, float]:
    """The noise where `person` stood, and everywhere else, at most."""
    assert plate.noise is not None
    stood = np.zeros(SIZE, bool)
    stood[70:230, 105:150] = True
    return float(np.median(plate.noise[stood])), float(np.percentile(plate.noise[~stood], 99))


@pytest.mark.parametrize("share", [0.3, 0.55])
def test_who_passes_and_who_stands_raise_no_noise(room: Pixels, share: float) -> None:
    def draw(picture: Pixels, index: int) -> None:
        person(picture, 200 + 37 * index % 230)
        if 3 <= index < 3 + share * 32:
            person(picture, 100 + index % 3)

    where_one_stood, elsewhere = left_of_clip(plate_from_samples(clip(room, draw)))
    assert where_one_stood < 3
    assert elsewhere < 4


def test_what_moves_raises_the_noise_of_a_plate_from_a_clip(room: Pixels) -> None:
    def shake(picture: Pixels, index: int) -> None:
        """A screen with three pages, and below it what glitters."""
        picture[20:120, 300:440] = (200, 90, 20)[index * 7 % 3]
        glitter = np.random.default_rng(index).normal(0, 25, (100, 140, 1))
        picture[160:260, 300:440] = np.clip(picture[160:260, 300:440] + glitter, 0, 255)

    noise = plate_from_samples(clip(room, shake)).noise
    assert noise is not None
    assert np.median(noise[30:110, 310:430]) > 40
    assert 18 < np.median(noise[170:250, 310:430]) < 32
    assert np.median(noise[:, :280]) < 2
