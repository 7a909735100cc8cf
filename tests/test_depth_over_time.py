"""Foreground's depth over time: calm where nobody comes nearer, and never behind who does."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.estimate.depth_over_time import DepthOverTime
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.look_settings import LOOKS, WHOLE, LookSettings
from edgeds.plate.plate import Plate
from edgeds.types import Box, FloatMap, Frame, Maps, Pixels, PlateFeatures, whole

SIZE = (96, 160)
FRAME = (360, 640)
HERTZ = 25
BEHIND = 0.2


def _alpha(height: float, *, left: float = 60, top: float = 10) -> FloatMap:
    """Somebody of this height, a third as wide."""
    alpha = np.zeros(SIZE, np.float32)
    alpha[round(top) : round(top + height), round(left) : round(left + height / 3)] = 1
    return np.asarray(cv2.blur(alpha, (3, 3)), np.float32)


def _near(alpha: FloatMap, depth: float) -> FloatMap:
    return np.where(alpha > 0, np.float32(depth), np.float32(BEHIND))


def _shown(
    calmed: DepthOverTime, alpha: FloatMap, depth: float, secs: float, box: Box | None = None
) -> float:
    near = calmed(_near(alpha, depth), alpha, box or whole(FRAME), secs, behind=None)
    return float(np.median(near[alpha > 0.9]))


def _changes(depths: list[float]) -> np.ndarray:
    return np.abs(np.diff(np.log(depths)))


def test_who_stands_still_does_not_come_and_go() -> None:
    calmed, rng = DepthOverTime(), np.random.default_rng(0)
    said = (0.6 * np.exp(rng.normal(0, 0.08, 60))).tolist()
    shown = [_shown(calmed, _alpha(60), one, i / HERTZ) for i, one in enumerate(said)]
    assert _changes(shown[10:]).mean() < 0.15 * _changes(said[10:]).mean()
    assert np.median(shown[20:]) == pytest.approx(0.6, rel=0.03)


def test_who_comes_nearer_is_shown_as_near_without_lag() -> None:
    calmed, rng = DepthOverTime(), np.random.default_rng(1)
    rate = 0.4  # a second, as a logarithm: from 4 m to 2.7 m
    errors = []
    for i in range(50):
        true = 0.3 * np.exp(rate * i / HERTZ)
        alpha = _alpha(30 * np.exp(rate * i / HERTZ))
        said = true * float(np.exp(rng.normal(0, 0.05)))
        errors.append(np.log(_shown(calmed, alpha, said, i / HERTZ) / true))
    assert abs(np.mean(errors[20:])) < 0.04
    assert np.abs(np.diff(errors[20:])).mean() < 0.03


def test_what_a_network_goes_on_saying_is_believed() -> None:
    calmed = DepthOverTime()
    said = [0.5] * 30 + [0.6] * 60
    shown = [_shown(calmed, _alpha(60), one, i / HERTZ) for i, one in enumerate(said)]
    assert shown[31] < 0.52
    assert shown[-1] == pytest.approx(0.6, rel=0.02)


def test_time_and_not_the_number_of_frames_decides() -> None:
    def after(hertz: float) -> float:
        calmed = DepthOverTime()
        for i in range(round(2 * hertz)):
            _shown(calmed, _alpha(60), 0.5, i / hertz)
        return [_shown(calmed, _alpha(60), 0.6, 2 + i / hertz) for i in range(round(hertz))][-1]

    assert after(10) == pytest.approx(after(50), rel=0.02)


def _begun(calmed: DepthOverTime) -> None:
    for i in range(25):
        _shown(calmed, _alpha(60), 0.5, i / HERTZ)


@pytest.mark.parametrize("secs", [0.1, 30.0])
def test_after_a_seek_depth_is_that_of_the_frame(secs: float) -> None:
    calmed = DepthOverTime()
    _begun(calmed)
    assert _shown(calmed, _alpha(60), 0.6, secs) == pytest.approx(0.6)


def test_after_a_cut_to_somebody_else_depth_is_that_of_the_frame() -> None:
    calmed = DepthOverTime()
    _begun(calmed)
    elsewhere = _alpha(60, left=110)
    assert _shown(calmed, elsewhere, 0.6, 1.0) == pytest.approx(0.6)
    calmed.forget()
    _begun(calmed)
    assert _shown(calmed, _alpha(60), 1.5, 1.0) == pytest.approx(1.5), "much nearer: another one"


def test_who_comes_into_the_picture_is_not_held_at_the_first_look() -> None:
    """A sliver at the side says little about how near somebody is."""
    calmed = DepthOverTime()
    for i in range(6):
        alpha = np.zeros(SIZE, np.float32)
        alpha[20:, : 3 + 6 * i] = 1
        shown = _shown(calmed, alpha, 0.35 if i < 2 else 0.5, i / HERTZ)
    assert shown == pytest.approx(0.5, rel=0.12)


def test_a_frame_without_background_leaves_nothing_undefined() -> None:
    """A flash, or a hand before the lens."""
    calmed = DepthOverTime()
    for i, alpha in enumerate([_alpha(60), np.ones(SIZE, np.float32), _alpha(60), _alpha(60)]):
        near = calmed(_near(alpha, 0.5), alpha, whole(FRAME), i / HERTZ, behind=None)
        assert np.isfinite(near).all()


def test_one_of_two_people_does_not_move_the_other() -> None:
    calmed = DepthOverTime()
    left, right = _alpha(60, left=20), _alpha(60, left=110)
    shown = []
    for i in range(30):
        near = np.maximum(_near(left, 0.5), _near(right, 0.8 * (1.1 if i % 2 else 1 / 1.1)))
        found = calmed(near, left + right, whole(FRAME), i / HERTZ, behind=None)
        shown.append([float(np.median(found[one > 0.9])) for one in (left, right)])
    assert [one for one, _ in shown] == pytest.approx([0.5] * 30)
    assert _changes([two for _, two in shown[15:]]).max() < 0.05


def test_who_is_seen_in_another_part_keeps_the_depth() -> None:
    calmed = DepthOverTime()
    _begun(calmed)  # rows 10 to 70, columns 60 to 80, of a map of the whole: 3.75 and 4 px each
    part = Box(20, 200, 270, 360)
    alpha = np.zeros(SIZE, np.float32)
    alpha[7:93, 40:120] = 1
    shown = _shown(calmed, alpha, 0.6, 1.0, part)
    assert shown < 0.52
    assert _shown(calmed, _alpha(60), 0.6, 1.04) < 0.54, "and back"


def test_nobody_is_behind_the_plate() -> None:
    calmed, alpha = DepthOverTime(), _alpha(60)
    for i in range(26):
        wall = np.full(SIZE, 0.55 if i == 25 else BEHIND, np.float32)
        near = _near(alpha, 0.6 if i == 25 else 0.5)
        shown = calmed(near, alpha, whole(FRAME), i / HERTZ, behind=wall)
    assert shown[alpha > 0.9].min() == np.float32(0.55)


class Pumping(DifferenceEngine):
    """Says of each look that everything in it is a tenth nearer, or farther, than in the last."""

    def __init__(self) -> None:
        super().__init__(size=SIZE)
        self.looks = 0

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        self.looks += 1
        maps = super().infer(frame, plate)
        ramp = np.linspace(0.2, 0.4, SIZE[0], dtype=np.float32)[:, None]
        depth = np.broadcast_to(ramp, SIZE) + maps.alpha * np.float32(0.5 + 0.1 * (self.looks % 2))
        return Maps(maps.alpha, np.asarray(depth, np.float32))


def _played(
    looks: LookSettings = LOOKS, again: Callable[[Estimator], None] = lambda _: None
) -> float:
    """Mean change of somebody's depth from frame to frame."""
    rng = np.random.default_rng(0)
    room = rng.integers(60, 100, (*FRAME, 3)).astype(np.uint8)
    estimate = Estimator(Pumping(), Plate(room), looks=looks)
    depths = []
    for i in range(20):
        shown = room.copy()
        shown[60:330, 200 + i : 320 + i] = (230, 40, 60)
        again(estimate)
        maps = estimate(Frame(shown, i, i, Fraction(1, HERTZ)))
        depths.append(float(np.median(maps.inverse_depth[100:300, 240:300])))
    return float(_changes(depths[8:]).mean())


def test_an_estimator_calms_the_frames_of_a_clip_and_no_stills() -> None:
    pumped = _played(again=Estimator.start_over)
    assert pumped > 0.05
    assert _played() < 0.2 * pumped
    assert _played(WHOLE) == pytest.approx(pumped, rel=0.3), "frames in no order"


class Framed(DifferenceEngine):
    """Says of what fills the picture that it is nearer."""

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        maps = super().infer(frame, plate)
        near = np.float32(0.5 if maps.alpha.mean() < 0.9 else 0.52)
        ramp = np.linspace(0.2, 0.4, SIZE[0], dtype=np.float32)[:, None]
        depth = np.broadcast_to(ramp, SIZE) * (1 - maps.alpha) + maps.alpha * near
        return Maps(maps.alpha, np.asarray(depth, np.float32))


def test_after_a_cut_back_to_a_scene_that_stands_still_depth_comes_to_it() -> None:
    rng = np.random.default_rng(0)
    room = rng.integers(60, 100, (*FRAME, 3)).astype(np.uint8)
    scene = room.copy()
    scene[60:330, 260:380] = (230, 40, 60)
    engine = Framed(size=SIZE)
    estimate = Estimator(engine, Plate(room))
    for i in range(30):  # another scene, in which something moves
        away = np.full_like(room, 200)
        away[:, 10 * i : 10 * i + 40] = 250
        estimate(Frame(away, i, i, Fraction(1, HERTZ)))

    def person(maps: Maps) -> float:
        return float(np.median(maps.inverse_depth[100:300, 280:360]))

    shown = [person(estimate(Frame(scene, i, i, Fraction(1, HERTZ)))) for i in range(30, 90)]
    alone = person(Estimator(engine, Plate(room))(Frame(scene)))
    assert shown[-1] == pytest.approx(alone, rel=0.05)
