"""The border that is drawn once more, for replaced backdrops and for layers: nearer the truth, and
nothing else changes.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgeds.estimate.border_drawn_again import colours_in, drawn_again
from edgeds.estimate.border_features import features, squares_of
from edgeds.estimate.border_noise import noise
from edgeds.estimate.matte_refinement import refined_alpha
from edgeds.estimate.settings import DRAWN_AGAIN, MATTE
from edgeds.types import FloatMap, Frame, Pixels, whole

HEIGHT, WIDTH = 120, 160


def disc() -> FloatMap:
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    return np.clip(40.5 - np.hypot(y - 60, x - 80), 0, 1).astype(np.float32)


def striped(alpha: FloatMap) -> tuple[Pixels, Pixels]:
    """Frame and plate: a disc with broad stripes before a grey wall."""
    stripes = np.where(np.arange(WIDTH) // 12 % 2, 40.0, 110.0)[None, :, None]
    colours = np.broadcast_to(stripes, (HEIGHT, WIDTH, 3)) * (1, 0.9, 0.7)
    wall = np.full((HEIGHT, WIDTH, 3), 190.0)
    frame = alpha[..., None] * colours + (1 - alpha[..., None]) * wall
    noise = np.random.default_rng(0).normal(0, 1, (2, HEIGHT, WIDTH, 3))
    return np.rint(frame + noise[0]).astype(np.uint8), np.rint(wall + noise[1]).astype(np.uint8)


def test_textured_clothes_get_a_border_nearer_the_truth() -> None:
    truth = disc()
    frame, plate = striped(truth)
    coarse = cv2.resize(truth, (WIDTH // 4, HEIGHT // 4), interpolation=cv2.INTER_AREA)
    before = refined_alpha(coarse, frame, plate)
    after = drawn_again(before, *colours_in(whole(truth.shape), Frame(frame), plate, None))
    edge = (truth > 0.05) & (truth < 0.95)
    assert np.abs(after - truth)[edge].mean() < 0.7 * np.abs(before - truth)[edge].mean()
    assert np.abs(after - truth).mean() < 0.8 * np.abs(before - truth).mean()


def test_an_offset_of_light_changes_nothing() -> None:
    truth = disc()
    frame, plate = striped(truth)
    soft = cv2.GaussianBlur(truth, (0, 0), 2)
    box, darker = whole((HEIGHT, WIDTH)), plate - np.uint8(12)
    lit = np.full((HEIGHT, WIDTH, 3), 12, np.float32)
    same = drawn_again(soft, *colours_in(box, Frame(frame), darker, lit))
    without = drawn_again(soft, *colours_in(box, Frame(frame), plate, None))
    assert np.abs(same - without).max() < 1e-3


def test_the_border_stays_where_the_plate_does_not_fit() -> None:
    truth = disc()
    frame, plate = striped(truth)
    soft = cv2.GaussianBlur(truth, (0, 0), 2)
    leaves = np.random.default_rng(2).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    moved = [np.roll(cv2.GaussianBlur(leaves, (0, 0), 2), by, axis=1) for by in (0, 6)]
    wild = [np.where(truth[..., None] > 0, frame, 3 * one.astype(np.int16) - 255) for one in moved]
    now, before = (np.clip(one, 0, 255).astype(np.uint8) for one in wild)
    shift = {}
    for name, pictures in (("fits", (frame, plate)), ("moves", (now, before))):
        drawn = drawn_again(soft, *(one.astype(np.float32) for one in pictures))
        shift[name] = float(np.abs(drawn - soft).max())
    assert shift["fits"] > 0.2
    assert shift["moves"] < 0.2 * shift["fits"]


def test_the_regression_changes_the_neighbourhood_of_the_border_alone() -> None:
    soft = cv2.GaussianBlur(disc(), (0, 0), 1)
    noise = np.random.default_rng(1).normal(128, 30, (HEIGHT, WIDTH, 3)).astype(np.float32)
    after = drawn_again(soft, noise, np.full_like(noise, 128))
    far = cv2.dilate(((soft > 0.01) & (soft < 0.99)).astype(np.uint8), np.ones((7, 7))) == 0
    assert np.array_equal(after[far], soft[far])
    assert after.min() >= 0
    assert after.max() <= 1


def test_the_regression_keeps_alpha_without_a_border() -> None:
    whole = np.ones((HEIGHT, WIDTH), np.float32)
    grey = np.full((HEIGHT, WIDTH, 3), 128, np.float32)
    assert np.array_equal(drawn_again(whole, grey, grey), whole)


def test_squares_are_read_and_written_at_the_same_pixels() -> None:
    mask = np.zeros((6, 8), np.uint8)
    mask[2, 5] = mask[5, 0] = 1
    squares = squares_of(mask)
    assert sorted(zip(squares.rows.tolist(), squares.columns.tolist(), strict=True)) == [
        (1, 2), (2, 0),
    ]  # fmt: skip
    picture = np.arange(6 * 8 * 3, dtype=np.float32).reshape(6, 8, 3)
    pixels = squares.of(picture)
    for number, (row, column) in enumerate(zip(squares.rows, squares.columns, strict=True)):
        there = picture[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        assert np.array_equal(pixels[..., number], there.reshape(4, 3))
    again = np.zeros((6, 8), np.float32)
    squares.put(again, np.ascontiguousarray(pixels[:, 0]))
    assert np.array_equal(again[2:4, 4:6], picture[2:4, 4:6, 0])
    assert np.count_nonzero(again) == 8


@pytest.mark.parametrize(("height", "width"), [(HEIGHT - 1, WIDTH), (HEIGHT, WIDTH - 1)])
def test_the_regression_takes_odd_sides(height: int, width: int) -> None:
    truth = disc()
    frame, plate = (one.astype(np.float32) for one in striped(truth))
    soft = cv2.GaussianBlur(truth, (0, 0), 2)
    whole = drawn_again(soft, frame, plate)
    cut = [np.ascontiguousarray(one[:height, :width]) for one in (soft, frame, plate)]
    drawn = drawn_again(*cut)
    assert drawn.shape == (height, width)
    assert np.abs(drawn - whole[:height, :width]).max() < 0.05


def noise_of(alpha: FloatMap, colours: FloatMap, behind: FloatMap) -> FloatMap:
    """The five numbers of squares left of the disc, their median."""
    small, seen, back = (cv2.resize(one, (80, 60), interpolation=cv2.INTER_AREA)
                         for one in (alpha, colours, behind))  # fmt: skip
    rows, columns = np.mgrid[20:40, 15:20].reshape(2, -1)
    grey = cv2.cvtColor(behind, cv2.COLOR_RGB2GRAY)
    power = np.square(seen - back).mean(axis=-1)
    found = noise(small, power, colours, behind, grey, rows, columns)
    return np.median(found, axis=0)


def test_noise_and_the_smoothness_of_coded_video_are_told_apart() -> None:
    truth = disc()
    frame, plate = (one.astype(np.float32) for one in striped(truth))
    soft, soft_plate = (cv2.GaussianBlur(one, (0, 0), 2) for one in (frame, plate))
    far = cv2.dilate(truth, np.ones((19, 19), np.uint8))[..., None] > 0
    coded = np.where(far, soft_plate, soft)
    grain = frame + np.random.default_rng(3).normal(0, 6, frame.shape).astype(np.float32)
    plain, smooth, noisy, dark = (
        noise_of(truth, *both)
        for both in ((frame, plate), (coded, soft_plate), (grain, plate), (frame / 4, plate / 4))
    )
    assert (noisy[:4] > 2 * plain[:4]).all()
    assert (smooth[1:4] < 0.5 * plain[1:4]).all()
    assert dark[4] == pytest.approx(plain[4] / 4, rel=0.01)


def test_the_noise_of_a_picture_without_background_is_nothing() -> None:
    grey = np.full((HEIGHT, WIDTH, 3), 90, np.float32)
    found = noise_of(np.ones((HEIGHT, WIDTH), np.float32), grey + 5, grey)
    assert np.allclose(found, [0, 0, 0, 0, 90], atol=1e-3)


def test_features_are_numbers_where_light_takes_the_plate_below_black() -> None:
    truth = disc()
    frame, plate = (one.astype(np.float32) for one in striped(truth))
    values = features(truth, frame, plate - 220, squares_of(cv2.inRange(truth, 0.02, 0.98)))
    assert np.isfinite(values).all()


def test_the_regression_stays_within_what_the_coarse_alpha_says_nearby() -> None:
    truth = disc()
    frame, plate = (one.astype(np.float32) for one in striped(truth))
    soft = cv2.GaussianBlur(truth, (0, 0), 2)
    settings = replace(MATTE, again_share=1)
    free = drawn_again(soft, frame, plate, settings=settings)
    low, high = np.zeros((60, 80), np.float32), np.ones((60, 80), np.float32)
    low[:, 40:], high[:, 40:] = 0.3, 0.6
    bounds = cv2.merge([low, high])
    tied = drawn_again(soft, frame, plate, bounds, settings=settings)
    left, right = np.s_[:, :76], np.s_[:, 84:]
    assert np.array_equal(tied[left], free[left])
    is_drawn = (free != soft)[right]
    assert is_drawn.sum() > 100
    assert np.abs(tied - np.clip(free, 0.3, 0.6))[right][is_drawn].max() < 0.03
    assert np.abs(free - tied)[right].max() > 0.3


def test_the_bounds_hold_for_layers_where_foreground_and_plate_are_alike() -> None:
    truth = disc()
    frame, plate = (one.astype(np.float32) for one in striped(truth))
    soft = cv2.GaussianBlur(truth, (0, 0), 2)
    bounds = cv2.merge([np.full((60, 80), 0.3, np.float32), np.full((60, 80), 0.6, np.float32)])
    uncalmed = replace(DRAWN_AGAIN, again_crumb_levels=0)  # alpha drawn once is not in these bounds

    def beyond(seen: npt.NDArray[np.float32]) -> float:
        drawn = drawn_again(soft, seen, plate, bounds, settings=uncalmed)
        return float(np.maximum(drawn - 0.6, 0.3 - drawn)[drawn != soft].max())

    assert beyond(frame) > 0.35
    assert beyond(plate + 0.02 * (frame - plate)) < 0.15
