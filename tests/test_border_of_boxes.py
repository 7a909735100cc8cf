"""The borders of all boxes of a large frame, drawn again at a smaller size and at once."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.estimate.border_of_boxes import Piece, boxes_drawn_again
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.look_settings import WHOLE
from edgeds.estimate.matte_refinement import Refined, Window, refined, refined_in
from edgeds.estimate.settings import DRAWN_ONCE, MATTE, Matte
from edgeds.estimate.side_by_side import SideBySide
from edgeds.plate.plate import Plate
from edgeds.sources.scaling import resized
from edgeds.types import Box, FloatMap, Frame, Pixels, Size, whole

SIZE = 720, 1280
MAP = 180, 320
DISCS = (150, 200, 60), (420, 700, 90), (300, 1100, 45)
"""Rows, columns and radii."""
BOXES = Box(80, 128, 222, 272), Box(320, 600, 522, 802), Box(245, 1044, 357, 1156)


def discs(size: Size = SIZE) -> tuple[FloatMap, Pixels, Pixels]:
    """Alpha, frame and plate: striped discs before a grey wall."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(np.float32)
    alpha = np.zeros(size, np.float32)
    for row, column, radius in DISCS:
        alpha = np.maximum(alpha, np.clip(radius - np.hypot(rows - row, columns - column), 0, 1))
    stripes = np.where(columns // 24 % 2, 40.0, 110.0)[..., None] * (1, 0.9, 0.7)
    wall = np.full((*size, 3), 190.0)
    frame = alpha[..., None] * stripes + (1 - alpha[..., None]) * wall
    noise = np.random.default_rng(0).normal(0, 1, (2, *size, 3))
    return alpha, *(
        np.rint(one + off).astype(np.uint8) for one, off in zip((frame, wall), noise, strict=True)
    )


@pytest.fixture(scope="module")
def scene() -> tuple[FloatMap, Refined, Frame, Pixels]:
    alpha, frame, plate = discs()
    coarse = cv2.resize(alpha, MAP[::-1], interpolation=cv2.INTER_AREA)
    return alpha, refined(coarse, frame, plate), Frame(frame), plate


Scene = tuple[FloatMap, Refined, Frame, Pixels]


def drawn(scene: Scene, times: int, boxes: tuple[Box, ...] = BOXES) -> list[FloatMap]:
    _, drawn_once, frame, plate = scene
    pieces = [Piece(box, whole(SIZE), drawn_once) for box in boxes]
    return boxes_drawn_again(pieces, frame, plate, replace(MATTE, again=times))


@pytest.mark.parametrize("times", [1, 2, 4])
def test_the_border_comes_nearer_the_truth_at_each_size(scene: Scene, times: int) -> None:
    truth, once, _, _ = scene
    for box, alpha in zip(BOXES, drawn(scene, times), strict=True):
        assert alpha.shape == box.size
        before, after = (np.abs(one - truth[box.of]).mean() for one in (once.alpha[box.of], alpha))
        assert after < (0.9 if times < 4 else 1.02) * before


def test_boxes_that_are_drawn_at_once_are_drawn_as_if_alone(scene: Scene) -> None:
    together = drawn(scene, 2)
    for box, alpha in zip(BOXES, together, strict=True):
        # The widest windows reach across, .02 at most.
        assert np.abs(drawn(scene, 2, (box,))[0] - alpha).max() < 0.05


def test_what_stands_still_is_drawn_alike_in_boxes_that_move(scene: Scene) -> None:
    box = BOXES[1]
    moved = Box(box.top + 2, box.left - 6, box.bottom + 6, box.right - 2)
    both = box.overlap(moved)
    assert both is not None
    one, other = (drawn(scene, 2, (at,))[0][both.inside(at).of] for at in (box, moved))
    assert np.abs(one - other).max() < 0.02


@pytest.mark.parametrize("size", [(723, 1281), (721, 1283)])
def test_frames_of_any_size_are_drawn_again(size: Size) -> None:
    truth, frame, plate = discs(size)
    engine = DifferenceEngine(size=(192, 320))

    def error(matte: Matte) -> float:
        estimate = Estimator(engine, Plate(plate), matte=matte, looks=WHOLE)
        return float(np.abs(estimate(Frame(frame)).alpha - truth).mean())

    assert MATTE.for_sizes(size, engine.size).again == 2
    assert error(MATTE) < 0.95 * error(DRAWN_ONCE)


def test_a_part_that_the_network_sees_enlarged_is_drawn_at_its_own_size() -> None:
    truth, frame, plate = discs()
    alone = np.zeros_like(truth)
    alone[BOXES[2].of] = truth[BOXES[2].of]
    frame = np.where(alone[..., None] > 0, frame, plate)
    engine = DifferenceEngine(size=(192, 320))

    def alpha(matte: Matte) -> FloatMap:
        return Estimator(engine, Plate(plate), matte=matte)(Frame(frame)).alpha

    at_its_size = alpha(replace(MATTE, again=1))
    assert np.array_equal(alpha(MATTE), at_its_size)
    assert not np.array_equal(alpha(replace(MATTE, again=2)), at_its_size)


def test_parts_side_by_side_have_the_surroundings_they_have_on_the_map() -> None:
    values = np.random.default_rng(1).random((40, 60, 4)).astype(np.float32)
    parts = [Box(0, 0, 9, 14), Box(20, 30, 40, 60), Box(12, 3, 25, 20)]
    side_by_side = SideBySide(parts, (40, 60), 4)
    blurred, together = (cv2.boxFilter(v, -1, (9, 9)) for v in (values, side_by_side.of(values)))
    for part, place in zip(parts, side_by_side.places, strict=True):
        assert np.abs(together[place.of] - blurred[part.of]).max() < 1e-5


def test_boxes_have_the_border_they_have_alone() -> None:
    truth, frame, plate = discs()
    coarse = cv2.resize(truth, MAP[::-1], interpolation=cv2.INTER_AREA)
    small = resized(frame, MAP), resized(plate, MAP)
    windows = [Window(whole(MAP), whole(SIZE)), Window(Box(20, 12, 60, 72), Box(80, 48, 240, 288))]
    all_of_it, part = refined_in(windows, coarse, Frame(frame).colours, plate, small=small)
    assert np.abs(part.alpha - all_of_it.alpha[80:240, 48:288])[8:-8, 8:-8].max() < 1e-5
    assert ((part.alpha > 0.1) & (part.alpha < 0.9)).any()
