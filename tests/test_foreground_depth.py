"""Foreground's depth: even, at its level, before the plate, and the same from frame to frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgeds.engine import open_engine
from edgeds.engine.plate_depth_engine import open_plate_depth
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.foreground_depth import foreground_depth
from edgeds.estimate.look_settings import LOOKS
from edgeds.estimate.part_in_use import PartInUse
from edgeds.estimate.part_place import networks_like
from edgeds.estimate.settings import FOREGROUND_DEPTH
from edgeds.plate.file import plate_from_file
from edgeds.sources.video import VideoSource
from edgeds.types import Box, FloatMap

SIZE = (96, 160)
MIDDLE = 0.3
PLATE = np.full(SIZE, MIDDLE, np.float32)


def _alpha(*columns: slice) -> FloatMap:
    """People of those columns, from the row 20 down."""
    alpha = np.zeros(SIZE, np.float32)
    for column in columns:
        alpha[20:, column] = 1
    return alpha


def _person(depth: float, columns: slice, behind: FloatMap = PLATE) -> FloatMap:
    near = behind.copy()
    near[20:, columns] = depth
    return near


def test_a_person_is_about_as_near_at_the_head_as_at_the_feet() -> None:
    columns = slice(60, 90)
    alpha = _alpha(columns)
    ramp = np.linspace(0.5, 0.8, SIZE[0], dtype=np.float32)[:, None]
    near = foreground_depth(np.where(alpha > 0, ramp, PLATE), alpha, PLATE, MIDDLE)
    body = near[20:, columns]
    # The ramp has 1.42. The person is longer than the window, so that some of it stays.
    assert body.max() / body.min() < 1.3
    wide = near[20:, 50:100]
    assert wide[:, 8].max() < 1.3 * body.max()  # beside the person nothing runs away


def test_people_far_from_each_other_keep_their_depths() -> None:
    left, right = slice(60, 74), slice(76, 90)
    alpha = _alpha(left, right)
    depth = _person(0.4, left, _person(1.4, right))
    near = foreground_depth(depth, alpha, PLATE, MIDDLE)
    ratio = np.median(near[20:, right]) / np.median(near[20:, left])
    assert ratio == pytest.approx(1.4 / 0.4, rel=0.1)


def test_what_is_near_comes_nearer_by_more_and_what_the_border_cuts_by_most() -> None:
    columns, power = slice(40, 100), FOREGROUND_DEPTH.power - 1
    cut, gains = _alpha(columns), []
    whole = cut.copy()
    whole[-12:] = 0
    for depth, alpha in ((MIDDLE, whole), (MIDDLE, cut), (10 * MIDDLE, cut)):
        near = foreground_depth(_person(depth, columns), alpha, PLATE * 0.1, MIDDLE)
        gains.append(float(np.median(near[alpha > 0])) / depth)
    assert gains[0] == pytest.approx(FOREGROUND_DEPTH.gain, rel=1e-3)
    assert gains[1] == pytest.approx(FOREGROUND_DEPTH.cut_gain, rel=1e-3)
    assert gains[2] == pytest.approx(FOREGROUND_DEPTH.cut_gain * 10**power)


def _before_floor(depth: float, bottom: int) -> tuple[FloatMap, FloatMap, FloatMap]:
    """Depth and alpha of somebody who ends at a row, before a wall and a floor; and the plate."""
    rows = np.arange(SIZE[0])
    plate = np.broadcast_to((0.2 + 0.01 * np.maximum(rows - 40, 0))[:, None], SIZE)
    plate = np.array(plate, np.float32)
    alpha = np.zeros(SIZE, np.float32)
    alpha[20:bottom, 60:80] = 1
    return np.where(alpha > 0, np.float32(depth), plate), alpha, plate


@pytest.mark.parametrize("wrong", [0.75, 1.3])
def test_who_stands_in_view_comes_to_the_floor_at_the_feet(wrong: float) -> None:
    _, _, plate = _before_floor(1, 80)
    feet = float(plate[79, 70])
    depth, alpha, _ = _before_floor(wrong * feet, 80)
    alone = replace(FOREGROUND_DEPTH, stands=0)
    without, here = (
        float(np.log(np.median(near[24:60, 62:78]) / feet))
        for near in (
            foreground_depth(depth, alpha, plate, MIDDLE, alone),
            foreground_depth(depth, alpha, plate, MIDDLE),
        )
    )
    assert abs(here) < 0.8 * abs(without)
    assert here * without > 0, "what the network says counts for a bit"


def test_what_is_held_before_the_camera_stays_there() -> None:
    depth, alpha, plate = _before_floor(3.0, 60)
    near = foreground_depth(depth, alpha, plate, MIDDLE)
    assert np.median(near[alpha > 0]) > 3.0


def test_the_arms_of_somebody_whose_feet_are_not_in_view_are_not_drawn_to_the_wall() -> None:
    depth, alpha, plate = _before_floor(1.0, SIZE[0])
    alpha[40:48, 30:110] = 1  # arms
    depth = np.where(alpha > 0, np.float32(1), plate)
    near = foreground_depth(depth, alpha, plate, MIDDLE)
    body = near[alpha > 0]
    assert body.max() / body.min() < 1.05


def test_nobody_is_behind_the_plate() -> None:
    columns = slice(60, 90)
    plate = np.linspace(0.2, 0.6, SIZE[0], dtype=np.float32)[:, None] * np.ones(SIZE, np.float32)
    near = foreground_depth(_person(0.25, columns), _alpha(columns), plate, MIDDLE)
    assert (near >= plate).all()


def test_depth_changes_little_where_a_person_moves_little() -> None:
    depth = np.random.default_rng(3).uniform(0.5, 0.9, SIZE).astype(np.float32)
    before, after = (
        foreground_depth(np.where(alpha > 0, depth, PLATE), alpha, PLATE, MIDDLE)
        for alpha in (_alpha(slice(60, 90)), _alpha(slice(61, 91)))
    )
    assert after[20:, 65:85] == pytest.approx(before[20:, 65:85], rel=0.02)


def test_another_person_who_appears_changes_nobodys_depth() -> None:
    first, second = slice(60, 74), slice(80, 94)
    alone = foreground_depth(_person(1.2, first), _alpha(first), PLATE, MIDDLE)
    both = foreground_depth(
        _person(0.4, second, _person(1.2, first)), _alpha(first, second), PLATE, MIDDLE
    )
    assert both[20:, first] == pytest.approx(alone[20:, first], rel=0.02)


def test_where_nobody_is_there_is_nothing_to_do() -> None:
    depth = np.random.default_rng(4).random(SIZE, np.float32)
    assert (foreground_depth(depth, np.zeros(SIZE, np.float32), PLATE, MIDDLE) == depth).all()


def test_who_stands_before_a_flat_wall_stays_before_it(data: Path) -> None:
    """In frames 11 to 25 the network sees a part whose background is about all as near."""
    plate = plate_from_file(data / "moving_person_plate.jpg")
    behind, ratios = [], []
    with VideoSource(data / "moving_person.mp4") as source, open_engine(device="cpu") as engine:
        estimate = Estimator(engine, plate, depth_network=open_plate_depth(None, device="cpu"))
        for frame in source:
            maps = estimate(frame)
            if frame.index >= 14:
                depth, sure = maps.inverse_depth, maps.alpha > 0.9
                behind.append(float((depth <= 1.001 * estimate.plate_depth)[sure].mean()))
                ratios.append(float((depth / estimate.plate_depth)[sure].mean()))
            if frame.index == 25:
                break
    assert max(behind) < 0.1, "at most her legs beside the desk"
    assert min(ratios) > 1.2
    assert np.abs(np.diff(np.log(ratios))).max() < 0.2


def test_where_a_parts_fit_is_not_trusted_the_level_stays() -> None:
    use, size = PartInUse(networks_like((192, 320)), LOOKS), (360, 640)
    bounds = Box(100, 100, 180, 140)
    for there, median in ((None, None), (bounds, 2.0)):
        use.begin_frame()
        use.after_whole(there, median, size)
    place = use.place
    assert place is not None

    def seen(median: float, trust: float) -> float:
        return median * use.after_part(place, bounds, median, size, trust)

    assert seen(1.0, 0.0) == pytest.approx(2.0)
    assert seen(3.0, 0.0) == pytest.approx(2.0)
    assert seen(2.2, 1.0) == pytest.approx(2.2), "what was not trusted is no level"
    assert seen(9.0, 0.0) == pytest.approx(2.2)
    assert 2.2 < seen(3.0, 0.5) < 3.0
    use.after_part(place, None, None, size, 0.0)
    assert seen(1.0, 0.0) == pytest.approx(1.0), "somebody else"
