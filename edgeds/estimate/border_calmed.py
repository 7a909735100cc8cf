"""What the regression draws, calmed where the picture is soft: an enlarged frame or one coded with
few bits shows nothing so small as a pixel, and single pixels that say so break a border to crumbs.

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
background, with that..."""
REACH_PX = 16
"""... and is not farther from it."""
_AROUND = np.ones((3, 3), np.uint8)


def smoothed(change: FloatMap) -> FloatMap:
    made: FloatMap = cv2.GaussianBlur(change, (SMOOTH_SIDE, SMOOTH_SIDE), SMOOTH_PX)
    return made


def calmed(
    drawn: FloatMap, once: FloatMap, bounds: FloatMap, squares: Squares, detail: FloatMap,
    settings: Matte,
) -> FloatMap:  # fmt: skip
    """`drawn` with its change from `once` smoothed, and no crumbs and holes that `once` has not.

    Args:
        drawn, once: alpha (H, W).
        bounds: see `Refined`, (H / 2, W / 2, 2).
        squares: where alpha is drawn; elsewhere nothing changes.
        detail: of the frame there, in levels, (n,).
    """
    soft, softer = (
        _put(squares, np.exp(-np.square(detail / np.float32(levels))))
        for levels in (settings.again_crumb_levels, settings.again_soft_levels)
    )
    change: FloatMap = cv2.subtract(drawn, once)
    change += softer * cv2.subtract(smoothed(change), change)
    made: FloatMap = cv2.add(once, change)
    sure, empty = _doubled(bounds[..., 0] > HALF), _doubled(bounds[..., 1] < HALF)
    kept = made.copy()
    for level in LEVELS:
        crumbs, holes = _loose(made > level, sure), _loose(made < 1 - level, empty)
        kept[crumbs] = np.minimum(kept[crumbs], once[crumbs])
        kept[holes] = np.maximum(kept[holes], once[holes])
    kept -= made
    kept *= soft
    made += kept
    return np.clip(made, 0, 1, out=made)


def _loose(where: npt.NDArray[np.bool_], sure: _Mask) -> npt.NDArray[np.bool_]:
    """What does not hang together with anything sure."""
    mask = where.view(np.uint8)
    found = np.asarray(cv2.bitwise_and(sure, mask), np.uint8)
    for _ in range(REACH_PX):
        cv2.dilate(found, _AROUND, dst=found)
        cv2.bitwise_and(found, mask, dst=found)
    return np.asarray(mask > found)


def _doubled(small: npt.NDArray[np.bool_]) -> _Mask:
    size = 2 * small.shape[1], 2 * small.shape[0]
    large = cv2.resize(small.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(large, np.uint8)


def _put(squares: Squares, values: FloatMap) -> FloatMap:
    """(H, W) of one value for each square, 0 elsewhere."""
    height, width = squares.size
    small = np.zeros((height, width), np.float32)
    small.reshape(-1)[squares.flat] = values
    made: FloatMap = cv2.resize(small, (2 * width, 2 * height), interpolation=cv2.INTER_NEAREST)
    return made
