"""The plate: estimated from samples, and brought to the frames' size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeds.errors import PlateError
from edgeds.plate.estimated_from_clip import plate_from_samples
from edgeds.plate.open_plate import plate_from_clip
from edgeds.plate.plate import Plate, plate_at_size
from edgeds.plate.sorting import sort_samples
from edgeds.sources import SyntheticSource
from edgeds.types import Pixels


def _scene(seed: int = 0, size: tuple[int, int] = (60, 100)) -> Pixels:
    return SyntheticSource(size=size, seed=seed).plate


def _noisy(plate: Pixels, count: int, sigma: float = 2.0) -> list[Pixels]:
    random = np.random.default_rng(1)
    return [
        np.clip(plate + random.normal(0, sigma, plate.shape) + 0.5, 0, 255).astype(np.uint8)
        for _ in range(count)
    ]


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 40), seed=st.integers(0, 99))
def test_the_sorting_network_sorts(count: int, seed: int) -> None:
    stack = np.random.default_rng(seed).integers(0, 256, (count, 3, 4), dtype=np.uint8)
    expected = np.sort(stack, axis=0)
    sort_samples(stack)
    assert (stack == expected).all()


def test_the_plate_of_an_empty_scene_is_less_noisy_than_one_frame() -> None:
    plate = _scene()
    samples = _noisy(plate, 30, sigma=4.0)
    estimated = plate_from_samples(samples)
    error = np.abs(estimated.pixels.astype(float) - plate).mean()
    assert error < 0.4 * np.abs(samples[0].astype(float) - plate).mean()
    assert estimated.doubtful == 0


def test_somebody_who_stands_still_for_a_third_of_the_clip_is_not_in_the_plate() -> None:
    plate = _scene()
    samples = _noisy(plate, 30)
    for sample in samples[5:15]:
        sample[20:50, 30:45] = (200, 40, 30)
    estimated = plate_from_samples(samples)
    assert np.abs(estimated.pixels.astype(int) - plate)[20:50, 30:45].max() < 12


def test_passers_by_of_many_colours_in_most_samples_are_outvoted() -> None:
    plate = _scene()
    samples = _noisy(plate, 30)
    random = np.random.default_rng(3)
    for sample in random.permutation(np.arange(30))[:17]:  # 57 % of the samples, one spot
        samples[sample][20:30, 30:40] = random.integers(0, 256, 3)
    estimated = plate_from_samples(samples)
    assert np.abs(estimated.pixels.astype(int) - plate)[20:30, 30:40].mean() < 4


def _crowd(in_the_way: int) -> list[Pixels]:
    random = np.random.default_rng(3)
    samples = _noisy(_scene(), 30)
    for index in random.permutation(30)[:in_the_way]:
        samples[index][:, :60] = random.integers(0, 256, (60, 60, 3))
    return samples


def test_a_crowd_that_lets_the_scene_be_seen_now_and_then_is_outvoted() -> None:
    estimated = plate_from_samples(_crowd(in_the_way=22))
    assert np.abs(estimated.pixels.astype(int) - _scene()).mean() < 3


def test_a_crowd_over_half_the_picture_is_refused_with_the_fix() -> None:
    samples = _crowd(in_the_way=29)
    with pytest.raises(PlateError) as caught:
        plate_from_samples(samples)
    assert "covered" in caught.value.why
    assert "-b PLATE" in caught.value.fix


def test_a_moving_camera_is_refused_as_one() -> None:
    wide = np.random.default_rng(0).integers(0, 256, (30, 200, 3)).astype(np.uint8)
    wide = np.kron(wide, np.ones((8, 8, 1), np.uint8))  # 240 x 1600
    samples = [np.ascontiguousarray(wide[:, x : x + 400]) for x in range(0, 1200, 40)]
    with pytest.raises(PlateError) as caught:
        plate_from_samples(samples)
    assert "camera moves" in caught.value.why


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(PlateError, match="from 3 frames"):
        plate_from_samples(_noisy(_scene(), 3))


def test_the_plate_of_a_real_clip_shows_nobody(data) -> None:  # type: ignore[no-untyped-def]
    plate = plate_from_clip(data / "people_walking.mp4")
    assert plate.size == (576, 768)
    assert plate.doubtful is not None
    assert plate.doubtful < 0.02


def test_a_plate_of_the_same_view_at_another_size_is_resized() -> None:
    assert plate_at_size(Plate(np.zeros((360, 640, 3), np.uint8)), (720, 1280)).size == (720, 1280)
    assert plate_at_size(Plate(np.zeros((361, 640, 3), np.uint8)), (720, 1280)).size == (720, 1280)


def test_a_plate_of_another_aspect_is_refused() -> None:
    with pytest.raises(PlateError, match="640x480 and the frames are 1280x720"):
        plate_at_size(Plate(np.zeros((480, 640, 3), np.uint8)), (720, 1280))
