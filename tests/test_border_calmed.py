"""Cutouts and layers of soft pictures: the border, drawn again, leaves no crumbs and no holes."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edgeds.estimate.border_calmed import REACH_PX, calmed, loose, of_packed, packed
from edgeds.estimate.border_drawn_again import drawn_again
from edgeds.estimate.border_features import Squares, squares_of
from edgeds.estimate.settings import DRAWN_AGAIN
from edgeds.types import FloatMap

HEIGHT, WIDTH = 120, 160
CRUMB, HOLE, SPUR = np.s_[58:62, 96:100], np.s_[58:62, 66:70], np.s_[30:33, 72:100]


def half(at: float, soft: float) -> FloatMap:
    """Foreground on the left of a column, (HEIGHT, WIDTH)."""
    columns = np.arange(WIDTH, dtype=np.float32)
    row = np.clip((at - columns) / soft + 0.5, 0, 1)
    return np.asarray(np.tile(row, (HEIGHT, 1)), np.float32)


def bounds_of(alpha: FloatMap) -> FloatMap:
    square = np.ones((9, 9), np.uint8)
    both = np.dstack([cv2.erode(alpha, square), cv2.dilate(alpha, square)])
    return np.asarray(both[::2, ::2], np.float32)


def calm(drawn: FloatMap, once: FloatMap, detail: float) -> FloatMap:
    """`calmed`, with so much detail everywhere around the border."""
    squares = around_border()
    before, after = squares.of(once), squares.of(drawn)
    seen = np.full(len(squares.rows), detail, np.float32)
    return calmed(after - before, before, once, bounds_of(once), squares, seen, DRAWN_AGAIN)


def around_border() -> Squares:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, 60:104] = 1
    return squares_of(mask)


@pytest.mark.parametrize(("detail", "is_soft"), [(1.0, True), (40.0, False)])
def test_soft_pictures_keep_no_crumbs_and_holes(detail: float, is_soft: bool) -> None:
    once, drawn = half(82, 40), half(82, 2)
    drawn[CRUMB], drawn[HOLE], drawn[SPUR] = 1, 0, 1
    made = calm(drawn, once, detail)
    if is_soft:
        assert made[CRUMB].max() <= once[CRUMB].max() + 0.1
        assert made[HOLE].min() >= once[HOLE].min() - 0.1
        assert made[31, 72:84].min() > 0.9  # what hangs together stays
    else:
        assert np.abs(made - drawn).max() < 1e-3


def test_a_straight_border_stays_steep() -> None:
    once = half(82, 40)
    made = calm(half(82, 4), once, 1)
    assert np.array_equal(made[:, :60], half(82, 4)[:, :60])
    assert np.abs(made[:, 76:88] - half(82, 4)[:, 76:88]).max() < 0.1


@pytest.mark.parametrize(("height", "columns"), [(16, 6), (90, 70), (210, 34)])
def test_reach_goes_over_the_strips_of_a_packed_mask(height: int, columns: int) -> None:
    rng = np.random.default_rng(height)
    mask, sure = ((rng.random((height, columns)) < share).astype(np.uint8) for share in (0.6, 0.02))
    found = mask & sure
    for _ in range(REACH_PX):
        found = cv2.dilate(found, np.ones((3, 3), np.uint8)) & mask
    everywhere = squares_of(np.ones((height, columns), np.uint8))
    left = loose(packed(mask), packed(sure))
    wanted = everywhere.of(mask & ~found) > 0
    assert np.array_equal(of_packed(left, everywhere), wanted)
    assert 0 < wanted.mean() < 0.6


def test_an_enlarged_picture_is_drawn_in_fewer_pieces() -> None:
    rng = np.random.default_rng(3)
    small = [
        cv2.GaussianBlur(rng.normal(100, 20, (HEIGHT // 3, WIDTH // 3, 3)), (0, 0), 1)
        for _ in range(2)
    ]
    frame, plate = (
        cv2.resize(one, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.float32)
        for one in small
    )
    truth, once = half(82, 6)[..., None], half(82, 30)
    frame = truth * (frame + 14) + (1 - truth) * plate

    def pieces(levels: float) -> int:
        settings = replace(DRAWN_AGAIN, again_crumb_levels=levels)
        drawn = drawn_again(once, frame, plate, bounds_of(once), settings=settings)
        over = (drawn > 0.5).astype(np.uint8)
        return sum(cv2.connectedComponents(one, connectivity=4)[0] - 2 for one in (over, 1 - over))

    assert pieces(0) > 5
    assert pieces(DRAWN_AGAIN.again_crumb_levels) < 0.3 * pieces(0)


def test_grain_of_a_soft_picture_leaves_no_fringe() -> None:
    rng = np.random.default_rng(5)
    clothes, plate = (
        cv2.GaussianBlur(rng.normal(level, 60, (HEIGHT, WIDTH, 3)), (0, 0), 4).astype(np.float32)
        for level in (150, 100)
    )
    truth, once = half(82, 8), half(82, 24)
    frame = truth[..., None] * clothes + (1 - truth[..., None]) * plate
    frame += rng.normal(0, 4, frame.shape).astype(np.float32)

    def fringe(levels: float) -> float:
        settings = replace(DRAWN_AGAIN, again_crumb_levels=levels)
        drawn = drawn_again(once, frame, plate, bounds_of(once), settings=settings)
        return float(np.abs(cv2.Laplacian(drawn - truth, cv2.CV_32F))[:, 66:98].mean())

    assert fringe(DRAWN_AGAIN.again_crumb_levels) < 0.85 * fringe(0)
