"""Foreground's depth: even, at its level, before the plate, and the same from frame to frame."""

from __future__ import annotations

import numpy as np
import pytest

from edgeds.estimate.foreground_depth import foreground_depth
from edgeds.estimate.settings import FOREGROUND_DEPTH
from edgeds.types import FloatMap

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


def test_what_is_near_comes_nearer_by_more() -> None:
    columns = slice(40, 100)
    gains = []
    for depth in (MIDDLE, 10 * MIDDLE):
        near = foreground_depth(_person(depth, columns), _alpha(columns), PLATE * 0.1, MIDDLE)
        gains.append(float(np.median(near[20:, columns])) / depth)
    assert gains[0] == pytest.approx(FOREGROUND_DEPTH.gain, rel=1e-3)
    assert gains[1] == pytest.approx(FOREGROUND_DEPTH.gain * 10 ** (FOREGROUND_DEPTH.power - 1))


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
