"""Alpha at full resolution and clean colours, against scenes whose truth is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeds.estimate.matte import foreground, lifted, refined_alpha
from edgeds.sources import SyntheticSource
from edgeds.types import FloatMap, Pixels


def _scene() -> tuple[Pixels, Pixels, FloatMap]:
    source = SyntheticSource(size=(480, 800), frame_count=11, noise_levels=2)
    frame = next(f for f in source if f.index == 6)
    return frame.pixels, source.plate, source.alpha(6)


def _coarse(alpha: FloatMap) -> FloatMap:
    return cv2.GaussianBlur(cv2.resize(alpha, (200, 120), interpolation=cv2.INTER_AREA), (0, 0), 1)


def test_refining_draws_the_border_where_it_is() -> None:
    frame, plate, truth = _scene()
    coarse = _coarse(truth)
    plain = cv2.resize(coarse, (800, 480), interpolation=cv2.INTER_LINEAR)
    error = np.abs(refined_alpha(coarse, frame, plate) - truth).mean()
    assert error < 0.45 * np.abs(plain - truth).mean()


def test_where_foreground_and_plate_look_alike_the_coarse_alpha_stays() -> None:
    _, _, truth = _scene()
    coarse = _coarse(truth)
    plain = cv2.resize(coarse, (800, 480), interpolation=cv2.INTER_LINEAR)
    random = np.random.default_rng(0)
    frame, plate = (
        np.clip(random.normal(120, 3, (480, 800, 3)), 0, 255).astype(np.uint8) for _ in range(2)
    )
    grown = cv2.resize(lifted(coarse), (800, 480), interpolation=cv2.INTER_LINEAR)
    difference = np.abs(refined_alpha(coarse, frame, plate) - grown)
    border = (plain > 0.05) & (plain < 0.95)
    assert difference[border].mean() < 0.05  # three levels of noise say nothing about alpha


def test_lifting_keeps_order_and_both_ends() -> None:
    alpha = np.linspace(0, 1, 101, dtype=np.float32)
    grown = lifted(alpha)
    assert (grown[0], grown[-1]) == (0, 1)
    assert (np.diff(grown) > 0).all()
    assert (grown >= alpha).all()


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_frame_without_border_is_left_alone(level: float) -> None:
    frame, plate, _ = _scene()
    coarse = np.full((120, 200), level, np.float32)
    assert (refined_alpha(coarse, frame, plate) == level).all()


def test_alpha_stays_between_0_and_1_on_noise() -> None:
    random = np.random.default_rng(0)
    frame, plate = (random.integers(0, 256, (90, 160, 3), dtype=np.uint8) for _ in range(2))
    alpha = refined_alpha(random.random((45, 80), np.float32), frame, plate)
    assert alpha.shape == (90, 160)
    assert 0 <= alpha.min() <= alpha.max() <= 1


def test_the_plates_light_is_taken_out_of_the_foregrounds_colour() -> None:
    ball = np.array([200, 60, 40])
    plate = np.full((8, 8, 3), (20, 200, 90), np.uint8)
    alpha = np.full((8, 8), 0.5, np.float32)
    frame = np.round(0.5 * ball + 0.5 * plate).astype(np.uint8)
    assert np.abs(foreground(frame, alpha, plate).astype(int) - ball).max() <= 2


def test_sure_pixels_keep_the_frames_colours() -> None:
    frame, plate, truth = _scene()
    colours = foreground(frame, truth, plate)
    sure = (truth == 0) | (truth == 1)
    assert (colours[sure] == frame[sure]).all()


def test_putting_the_foreground_back_over_the_plate_gives_the_frame() -> None:
    frame, plate, truth = _scene()
    a = truth[..., None]
    again = a * foreground(frame, truth, plate) + (1 - a) * plate
    border = (truth > 0.1) & (truth < 0.9)
    assert np.abs(again - frame)[border].mean() < 3
