"""Alpha at full resolution and clean colours, against scenes whose truth is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeds.estimate.matte_refinement import lifted, refined, refined_alpha
from edgeds.estimate.settings import Matte
from edgeds.estimate.unmixed_colours import foreground_colours, unmixed
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


@pytest.mark.parametrize("shift_px", [0, 4])
def test_a_plate_whose_texture_lies_elsewhere_spoils_no_border(shift_px: int) -> None:
    _, _, truth = _scene()
    random = np.random.default_rng(5)
    leaves, cloth = (
        cv2.resize(random.integers(30, 220, (*size, 3), np.uint8), (800, 480)).astype(float)
        for size in ((240, 400), (120, 200))
    )
    worn = np.array([110, 110, 150]) + 0.6 * (cloth - 125)
    frame = np.clip(np.round(leaves + truth[..., None] * (worn - leaves)), 0, 255)
    plate = np.roll(leaves, shift_px, axis=1).astype(np.uint8)
    coarse = _coarse(truth)
    plain = np.abs(cv2.resize(lifted(coarse), (800, 480)) - truth).mean()
    error = np.abs(refined_alpha(coarse, frame.astype(np.uint8), plate) - truth).mean()
    assert error < (0.75 if shift_px == 0 else 1.02) * plain


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
    assert np.abs(foreground_colours(frame, alpha, plate).astype(int) - ball).max() <= 2


def test_sure_foreground_keeps_the_frames_colours() -> None:
    frame, plate, truth = _scene()
    colours = foreground_colours(frame, truth, plate)
    assert (colours[truth == 1] == frame[truth == 1]).all()


def test_nothing_of_the_room_is_left_under_alpha_0() -> None:
    frame, plate, truth = _scene()
    colours = foreground_colours(frame, truth, plate).astype(int)
    room = truth == 0
    near = cv2.dilate(truth, np.ones((25, 25), np.uint8)) > 0
    assert (colours[room & ~near] == 0).all()
    # Beside the ball its own colour goes on, so that scaling mixes nothing foreign into it.
    beside = room & (cv2.dilate(truth, np.ones((5, 5), np.uint8)) > 0)
    ball = frame[truth == 1].mean(axis=0)
    assert np.abs(colours[beside] - ball).max() < 40


def test_faint_pixels_take_the_colour_that_is_nearest() -> None:
    """Sleeve and trousers: a mean of both is the colour of neither."""
    stripes = np.where(np.arange(240) // 24 % 2, 220.0, 30.0)[:, None, None]
    own = np.broadcast_to(stripes * np.array([1, 0.6, 0.2]), (240, 160, 3))
    truth = np.zeros((240, 160), np.float32)
    truth[:, 60:], truth[:, 56:60] = 1, 0.1
    plate = np.full(own.shape, 120, np.uint8)
    noise = np.random.default_rng(0).normal(0, 1, own.shape)
    mixed = truth[..., None] * own + (1 - truth[..., None]) * plate + noise
    found = foreground_colours(np.rint(np.clip(mixed, 0, 255)).astype(np.uint8), truth, plate)
    # 11 levels; 21 by the mean of 20 pixels.
    assert np.abs(found[:, 56:60].astype(float) - own[:, 56:60]).mean() < 14


def test_colours_withstand_an_alpha_that_is_wrong() -> None:
    """Un-mixing alone makes vivid pixels of it."""
    frame, plate, truth = _scene()
    ball = frame[truth == 1].mean(axis=0)
    random = np.random.default_rng(0)
    border = (truth > 0.1) & (truth < 0.9)
    off = np.clip(truth + border * random.normal(0, 0.15, truth.shape), 0.03, 1)
    wrong = np.where(border, off, truth).astype(np.float32)

    def error(colours: Pixels) -> float:
        return float(np.abs(colours[border] - ball).mean())

    assert error(foreground_colours(frame, wrong, plate)) < 0.6 * error(
        unmixed(frame, wrong, plate)
    )


def test_small_bright_things_beside_dark_ones_stay_bright() -> None:
    """A white shoe has hardly a pixel that is sure; the trousers above it have many."""
    truth = np.zeros((120, 120), np.float32)
    truth[20:90, 50:66], truth[90:95, 46:66] = 1, 1
    truth = cv2.GaussianBlur(truth, (0, 0), 1.5)
    own = np.full((120, 120, 3), 25.0)
    own[90:] = 235
    plate = np.full(own.shape, (60, 110, 50), np.uint8)
    mixed = truth[..., None] * own + (1 - truth[..., None]) * plate
    mixed += np.random.default_rng(0).normal(0, 1, own.shape)
    colours = foreground_colours(np.clip(np.rint(mixed), 0, 255).astype(np.uint8), truth, plate)
    shoe = (truth > 0.3) & (truth < 0.98) & (np.arange(120)[:, None] >= 91)
    assert np.median(colours[shoe]) > 200


def test_paper_that_is_found_to_be_open_is_not_painted_like_the_trousers() -> None:
    """Nothing of it is sure, and much of what is beside it."""
    random = np.random.default_rng(0)
    alpha = np.zeros((120, 120), np.float32)
    alpha[20:100, 50:70] = 1
    alpha[60:80, 34:50] = random.uniform(0.6, 0.9, (20, 16))
    frame = np.full((120, 120, 3), 180.0)
    plate = frame + random.normal(0, 1, frame.shape)
    frame[20:100, 50:70], frame[60:80, 34:50] = (25, 30, 60), 235
    frame += random.normal(0, 1, frame.shape)
    seen, behind = (np.rint(one).astype(np.uint8) for one in (frame, plate))
    assert foreground_colours(seen, alpha, behind)[60:80, 34:50].min() > 215


@pytest.mark.parametrize("level", [0.0, 0.01])
def test_a_frame_without_foreground_leaves_nothing(level: float) -> None:
    frame, plate, truth = _scene()
    assert foreground_colours(frame, np.full_like(truth, level), plate).max() == 0


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_foreground_at_the_pictures_edge_is_cleared_too(side: str) -> None:
    frame, plate, _ = _scene()
    alpha = np.zeros(frame.shape[:2], np.float32)
    alpha[
        {"left": np.s_[:, :9], "right": np.s_[:, -9:], "top": np.s_[:9], "bottom": np.s_[-9:]}[side]
    ] = 1
    colours = foreground_colours(frame, alpha, plate)
    assert (colours[alpha == 1] == frame[alpha == 1]).all()
    assert (colours[120:360, 200:600] == 0).all()


def test_unmixing_stays_within_colours() -> None:
    """A dark frame before a bright plate: (C - (1 - a)B) / a is far below 0, and must not wrap."""
    frame, plate = np.full((8, 8, 3), 60, np.uint8), np.full((8, 8, 3), 230, np.uint8)
    alpha = np.full((8, 8), 0.3, np.float32)
    assert (foreground_colours(frame, alpha, plate) == 0).all()
    assert (foreground_colours(255 - frame, alpha, 255 - plate) == 255).all()


@pytest.mark.parametrize("gain", [2**-0.3, 2**0.3])
def test_unmixing_follows_an_exposure_that_changed_since_the_plate(gain: float) -> None:
    """.3 EV off, the border was 39 levels wrong, worse than not un-mixing at all."""
    frame, plate, truth = _scene()
    off = np.clip(plate * gain, 0, 255).round().astype(np.uint8)
    ball = frame[truth == 1].mean(axis=0)
    border = (truth > 0.15) & (truth < 0.85)

    def wrong(plate_offset: FloatMap | None) -> float:
        colours = foreground_colours(frame, truth, off, plate_offset)
        return float(np.abs(colours[border] - ball).mean())

    found = refined(_coarse(truth), frame, off).plate_offset
    assert found is not None
    assert wrong(found) < 0.4 * wrong(None)
    assert wrong(found) < 12


@pytest.mark.parametrize("gain", [2**-0.3, 2**0.3])
def test_refining_follows_an_exposure_that_changed_since_the_plate(gain: float) -> None:
    frame, plate, truth = _scene()
    off = np.clip(plate * gain, 0, 255).round().astype(np.uint8)
    exact = np.abs(refined_alpha(_coarse(truth), frame, plate) - truth).mean()
    assert np.abs(refined_alpha(_coarse(truth), frame, off) - truth).mean() < 1.6 * exact


def test_where_the_mix_does_not_explain_the_frame_the_coarse_alpha_stays() -> None:
    """A green light in the border is neither the red ball nor the wall."""
    frame, plate, truth = _scene()
    coarse = _coarse(truth)
    grown = cv2.resize(lifted(coarse), (800, 480), interpolation=cv2.INTER_LINEAR)
    border = (truth > 0.05) & (truth < 0.95)
    lit = frame.copy()
    lit[border] = (0, 255, 0)
    assert np.abs(refined_alpha(coarse, lit, plate) - grown)[border].mean() < 0.02


def test_where_the_plate_is_in_doubt_the_coarse_alpha_stays() -> None:
    frame, plate, truth = _scene()
    coarse = _coarse(truth)
    grown = cv2.resize(lifted(coarse), (800, 480), interpolation=cv2.INTER_LINEAR)
    doubt = np.ones(coarse.shape, np.float32)
    alpha = refined(coarse, frame, plate, doubt=doubt).alpha
    assert np.abs(alpha - grown).max() < 1e-6


def test_the_matte_can_be_tuned() -> None:
    frame, plate, truth = _scene()
    coarse = _coarse(truth)
    plain = cv2.resize(coarse, (800, 480), interpolation=cv2.INTER_LINEAR)
    unsure = Matte(lift=0.0, residual_levels=1e-3)
    assert np.abs(refined_alpha(coarse, frame, plate, settings=unsure) - plain).mean() < 1e-3


def test_putting_the_foreground_back_over_the_plate_gives_the_frame() -> None:
    frame, plate, truth = _scene()
    a = truth[..., None]
    again = a * foreground_colours(frame, truth, plate) + (1 - a) * plate
    border = (truth > 0.1) & (truth < 0.9)
    assert np.abs(again - frame)[border].mean() < 3


@pytest.mark.parametrize("size", [(1, 1), (4, 1), (1, 4), (1, 3)])
def test_the_smallest_pictures_have_colours_of_their_own(size: tuple[int, int]) -> None:
    """OpenCV takes an array of one number, or four, for a number."""
    frame, plate = (np.full((*size, 3), level, np.uint8) for level in (200, 100))
    own = foreground_colours(frame, np.full(size, 0.5, np.float32), plate)
    assert own.shape == frame.shape
    assert (own > 200).all()
