"""Holes that flicker are closed; what moves away, or opens, is not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.held_foreground import HeldForeground
from edgeds.estimate.look_settings import LOOKS, LookSettings
from edgeds.estimate.look_settings import WHOLE as NO_ORDER
from edgeds.plate.plate import Plate
from edgeds.types import Box, FloatMap, Frame, Maps, Pixels, PlateFeatures, whole

SIZE = 96, 160
WHOLE = whole((360, 640))
BODY = Box(20, 40, 80, 90)
HOLE = Box(40, 56, 56, 72)
INNER = Box(HOLE.top + 4, HOLE.left + 4, HOLE.bottom - 4, HOLE.right - 4)


@pytest.fixture
def plate() -> Pixels:
    rng = np.random.default_rng(4)
    return rng.integers(90, 110, (*SIZE, 3)).astype(np.uint8)


def shown(plate: Pixels, *bodies: Box, levels: int = 20) -> tuple[FloatMap, Pixels]:
    """Alpha and the frame of somebody a bit brighter than the plate."""
    alpha, frame = np.zeros(SIZE, np.float32), plate.copy()
    for body in bodies:
        alpha[body.of] = 1
        frame[body.of] += np.uint8(levels)
    return alpha, frame


def with_hole(alpha: FloatMap, level: float = 0.1) -> FloatMap:
    holed: FloatMap = alpha.copy()
    holed[HOLE.of] = level
    return holed


def seen(held: HeldForeground, alpha: FloatMap, frame: Pixels, plate: Pixels) -> FloatMap:
    held.begin_frame()
    return held(alpha, frame, plate, WHOLE)


def test_a_hole_where_somebody_still_is_as_a_frame_ago_is_closed(plate: Pixels) -> None:
    held, (alpha, frame) = HeldForeground(), shown(plate, BODY)
    assert np.array_equal(seen(held, alpha, frame, plate), alpha)
    closed = seen(held, with_hole(alpha), frame, plate)
    assert closed[HOLE.of].min() > 0.5
    assert closed[INNER.of].min() > 0.95
    assert np.array_equal(closed[:20], alpha[:20]), "nothing grows"


def test_a_hole_that_moves_with_the_body_is_closed(plate: Pixels) -> None:
    held, (alpha, frame) = HeldForeground(), shown(plate, BODY)
    seen(held, alpha, frame, plate)
    alpha, frame = shown(plate, BODY.moved(0, 4))
    assert seen(held, with_hole(alpha), frame, plate)[INNER.of].min() > 0.95


def test_what_shows_the_plate_is_open_at_once(plate: Pixels) -> None:
    """An arm akimbo: the gap opens from one frame to the next."""
    held, (alpha, frame) = HeldForeground(), shown(plate, BODY)
    seen(held, alpha, frame, plate)
    frame[HOLE.of] = plate[HOLE.of]
    alpha = with_hole(alpha, 0.3)
    assert np.array_equal(seen(held, alpha, frame, plate)[INNER.of], alpha[INNER.of])


def test_who_walks_leaves_nothing_behind(plate: Pixels) -> None:
    held = HeldForeground()
    for step in range(5):
        alpha, frame = shown(plate, BODY.moved(0, 9 * step))
        more = seen(held, alpha, frame, plate) - alpha
        assert more.min() >= 0
        assert more.max() < 0.1  # a pixel of half the size is of both
        beyond = cv2.dilate(alpha, np.ones((5, 5), np.uint8)) == 0
        assert more[beyond].max() == 0


def test_the_gap_of_walking_legs_is_open_where_the_floor_is_nearly_like_them(
    plate: Pixels,
) -> None:
    """The leg's border moves by 3 pixels, 24 of a frame of 1280x720, and leaves its own shade."""
    held, leg = HeldForeground(), Box(20, 40, 80, 60)
    alpha, frame = shown(plate, leg)
    seen(held, alpha, frame, plate)
    alpha, frame = shown(plate, leg.moved(0, 6))
    frame[:, 40:46] = shown(plate, leg)[1][:, 40:46] - np.uint8(4)
    assert np.array_equal(seen(held, alpha, frame, plate), alpha)


def test_what_looks_like_neither_is_not_held(plate: Pixels) -> None:
    """A shadow falls where a bright body was."""
    held, (alpha, frame) = HeldForeground(), shown(plate, BODY, levels=60)
    seen(held, alpha, frame, plate)
    shade = (plate * np.float32(0.8)).astype(np.uint8)
    nobody = np.zeros(SIZE, np.float32)
    assert seen(held, nobody, shade, plate).max() == 0


def test_what_is_held_fades(plate: Pixels) -> None:
    held, (alpha, frame) = HeldForeground(), shown(plate, BODY)
    seen(held, alpha, frame, plate)
    middles = [seen(held, with_hole(alpha), frame, plate)[48, 64] for _ in range(8)]
    assert middles[0] > middles[2] > 0.7
    assert middles[-1] == pytest.approx(0.1)


def test_what_is_remembered_is_found_in_another_part(plate: Pixels) -> None:
    held, (alpha, frame) = HeldForeground(), shown(plate, BODY)
    seen(held, alpha, frame, plate)
    rows, columns = np.arange(30, 78).repeat(2), np.arange(30, 110).repeat(2)
    across, down = 640 / SIZE[1], 360 / SIZE[0]
    part = Box(round(30 * down), round(30 * across), round(78 * down), round(110 * across))
    nearer = [
        np.ascontiguousarray(one[rows][:, columns]) for one in (with_hole(alpha), frame, plate)
    ]
    held.begin_frame()
    closed = held(nearer[0], nearer[1], nearer[2], part)
    assert closed[30:42, 60:72].min() > 0.8  # the middle of the hole


def test_nothing_is_remembered_after_another_stream_began(plate: Pixels) -> None:
    held, (alpha, frame) = HeldForeground(), shown(plate, BODY)
    seen(held, alpha, frame, plate)
    held.forget()
    assert np.array_equal(seen(held, with_hole(alpha), frame, plate), with_hole(alpha))


def test_two_looks_at_one_frame_are_compared_with_the_frame_before(plate: Pixels) -> None:
    held, (alpha, frame) = HeldForeground(), shown(plate, BODY)
    held.begin_frame()
    held(alpha, frame, plate, WHOLE)
    second = held(with_hole(alpha), frame, plate, WHOLE)
    assert np.array_equal(second, with_hole(alpha))


class FlickeringEngine(DifferenceEngine):
    """Sees a hole in every frame but the first."""

    looks = 0

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        maps, self.looks = super().infer(frame, plate), self.looks + 1
        alpha = maps.alpha.copy()
        if self.looks > 1:
            alpha[HOLE.of] = 0
        return Maps(alpha, maps.inverse_depth)


@pytest.mark.parametrize(("looks", "closed"), [(LOOKS, True), (NO_ORDER, False)])
def test_an_estimator_closes_holes_of_frames_in_order(
    plate: Pixels, looks: LookSettings, closed: bool
) -> None:
    engine = FlickeringEngine(size=SIZE)
    estimate = Estimator(engine, Plate(plate), looks=looks)
    engine.looks = 0
    _, frame = shown(plate, Box(0, 30, 96, 130), levels=90)  # too large for a part
    darker = np.clip(frame.astype(np.int16) - 8, 0, 255).astype(np.uint8)  # another frame
    estimate(Frame(frame, 0, 0))
    alpha = estimate(Frame(darker, 1, 1)).alpha_at(SIZE)
    assert engine.looks == 2
    assert (alpha[INNER.of].min() > 0.9) == closed
