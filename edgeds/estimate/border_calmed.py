"""What the regression draws, calmed where the picture is soft: an enlarged frame or one coded with
few bits shows nothing so small as a pixel, and single pixels that say so break a border to crumbs.
Noise is no detail: a soft picture with grain is a soft one.

Knows nothing about weights or networks.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.border_features import Squares
from edgeds.estimate.settings import Matte
from edgeds.types import FloatMap

_Floats = npt.NDArray[np.float32]
_Mask = npt.NDArray[np.uint8]

SMOOTH_PX = 1.0
"""Sigma by which changes of alpha are smoothed. Those of larger squares are everywhere: each is
drawn without its neighbours. On composites of the training split at 1280x720, .5 has 1.5 % less
error there, and squares that are seen.
"""
SMOOTH_SIDE = 5
HALF = 0.5
"""Where all coarse alpha nearby is over it, foreground is sure; where all is under it, background.
"""
LEVELS = 0.2, 0.5
"""What is over such an alpha hangs together with sure foreground; what is over such a share of
background, with that."""
REACH_PX = 16
"""What hangs together with something sure is not farther from it."""


def smoothed(change: FloatMap) -> FloatMap:
    made: FloatMap = cv2.GaussianBlur(change, (SMOOTH_SIDE, SMOOTH_SIDE), SMOOTH_PX)
    return made


def calmed(
    change: _Floats, before: _Floats, once: FloatMap, bounds: FloatMap, squares: Squares,
    detail: FloatMap, settings: Matte,
) -> FloatMap:  # fmt: skip
    """Alpha (H, W): `once` with what is drawn in squares, smoothed, and no crumbs and holes that
    `once` has not.

    Args:
        change, before: of alpha in the squares, and alpha `once` there, (4, n).
        once: alpha (H, W).
        bounds: see `Refined`, (H / 2, W / 2, 2).
        squares: where alpha is drawn; elsewhere nothing changes.
        detail: of the frame there, without noise, in levels, (n,).
    """
    soft, softer = (
        np.exp(-np.square(detail / np.float32(levels)))
        for levels in (settings.again_crumb_levels, settings.again_soft_levels)
    )
    full = np.zeros_like(once)
    squares.put(full, change)
    drawn = before + change + softer * (squares.of(smoothed(full)) - change)
    made: FloatMap = once.copy()
    squares.put(made, drawn)
    sure, empty = (packed(_doubled(one)) for one in (bounds[..., 0] > HALF, bounds[..., 1] < HALF))
    crumbs, holes = (
        np.bitwise_or(*(loose(packed(one.view(np.uint8)), known) for one in over))
        for over, known in (
            ((made > level for level in LEVELS), sure),
            ((made < 1 - level for level in LEVELS), empty),
        )
    )
    kept = np.where(of_packed(crumbs, squares), np.minimum(drawn, before), drawn)
    kept = np.where(of_packed(holes, squares), np.maximum(kept, before), kept)
    squares.put(made, np.clip(drawn + soft * (kept - drawn), 0, 1))
    return made


def packed(mask: _Mask) -> _Mask:
    """A mask (H, W) of 0 and 1, even sides, as eight strips of rows in the bits of one, with
    nothing around: what is done to a byte is done to eight pixels.
    """
    height, width = mask.shape
    rows = _rows_of_strips(height)
    made = np.zeros((rows + 2, width + 2), np.uint8)
    for bit in range(8):
        strip = mask[bit * rows : (bit + 1) * rows]
        made[1 : 1 + len(strip), 1:-1] |= strip * np.uint8(1 << bit)
    return made


def _rows_of_strips(height: int) -> int:
    return -(-height // 16) * 2


def loose(mask: _Mask, sure: _Mask) -> _Mask:
    """What does not hang together with anything sure; all of them `packed`."""
    found = mask & sure
    wide, row = np.zeros_like(found), found.shape[1]
    flat, wide_flat = found.reshape(-1), wide.reshape(-1)
    inside, mask_inside = flat[row:-row], mask.reshape(-1)[row:-row]
    for _ in range(REACH_PX):
        np.bitwise_or(flat[:-2], flat[1:-1], out=wide_flat[1:-1])
        wide_flat[1:-1] |= flat[2:]
        # The last row of a strip lies over the first one of the next, which is a bit further.
        np.left_shift(wide[-2], 1, out=wide[0])
        np.right_shift(wide[1], 1, out=wide[-1])
        np.bitwise_or(wide_flat[: -2 * row], wide_flat[row:-row], out=inside)
        inside |= wide_flat[2 * row :]
        inside &= mask_inside
    return np.asarray(mask & ~found)


def of_packed(mask: _Mask, squares: Squares) -> npt.NDArray[np.bool_]:
    """What pixels of squares have in a mask, (4, n)."""
    bits, rows = np.divmod(2 * squares.rows, _rows_of_strips(2 * squares.size[0]))
    first = (rows + 1) * mask.shape[1] + 2 * squares.columns + 1
    around = first + np.array([[0], [1], [mask.shape[1]], [mask.shape[1] + 1]])
    return np.asarray(np.take(mask, around) & (1 << bits).astype(np.uint8), np.bool_)


def _doubled(small: npt.NDArray[np.bool_]) -> _Mask:
    size = 2 * small.shape[1], 2 * small.shape[0]
    large = cv2.resize(small.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(large, np.uint8)
