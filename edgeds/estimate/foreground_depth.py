"""The inverse depth of foreground, made even, and brought to its level. Knows no network.

What a network says of a person's relief is mostly wrong: on rendered rooms it sees .3 to .6 (log of
90th over 10th percentile) where there is .1 to .3, and takes what is lower in the picture for
nearer. Its mean over the person is better than the single pixels. And where a person's feet are in
view, the plate says more: the nearest part of it that a person covers is the floor at the feet.
"""

from __future__ import annotations

import cv2
import numpy as np

from edgeds.estimate.settings import FOREGROUND_DEPTH, ForegroundDepth
from edgeds.types import FloatMap
from edgeds.types.maps import resized_map

SHRINK = 4  # the network computes depth at a quarter of its size
LEAST_RATIO = 1e-2
LEAST_WEIGHT = 1e-3
COVERS = 0.5  # a quarter of this is the weight from which on a pixel covers the plate
BORDER_PX = 2  # of the shrunk map


def foreground_depth(
    depth: FloatMap,
    alpha: FloatMap,
    plate_depth: FloatMap,
    middle: float,
    settings: ForegroundDepth = FOREGROUND_DEPTH,
) -> FloatMap:
    """Inverse depth of the foreground, (h, w): even, at its level, never behind the plate.

    Args:
        depth: the network's, in the plate's units.
        alpha, plate_depth: (h, w).
        middle: the median of the whole plate's inverse depth.
    """
    if not (alpha > LEAST_WEIGHT).any():
        return depth
    depth = np.maximum(depth, plate_depth)  # before the mean: what covers the ground is as near
    weight = alpha * alpha
    weight *= weight
    height, width = depth.shape
    size = (max(1, height // SHRINK), max(1, width // SHRINK))
    sure = resized_map(weight, size)
    coarse = resized_map(weight * depth, size) / np.maximum(sure, np.float32(LEAST_WEIGHT))
    coarse = np.where(sure > LEAST_WEIGHT, coarse, resized_map(depth, size))
    log, behind = (
        np.log(np.maximum(values / np.float32(middle), np.float32(LEAST_RATIO)))
        for values in (coarse, resized_map(plate_depth, size))
    )
    log, floor, is_cut = _with_alike(log, sure, behind, settings)
    log += np.float32(settings.power - 1) * np.maximum(log, 0)
    gain, cut_gain = np.float32(np.log(settings.gain)), np.float32(np.log(settings.cut_gain))
    log += gain + (cut_gain - gain) * is_cut
    beyond = floor - log
    stands = np.clip(1 + beyond / np.float32(settings.stands_reach), 0, 1) * (1 - is_cut)
    # Nothing is behind what it covers, wherever it ends.
    log += np.float32(settings.stands) * beyond * np.where(beyond > 0, 1, stands)
    even = np.float32(middle) * np.exp(log)
    # Only foreground counts where pixels are mixed: beside it there is another depth.
    sure += np.float32(LEAST_WEIGHT)
    near: FloatMap = resized_map(even * sure, (height, width))
    near /= resized_map(sure, (height, width))
    np.maximum(near, plate_depth, out=near)
    return near


def _with_alike(
    log: FloatMap, weight: FloatMap, behind: FloatMap, settings: ForegroundDepth
) -> tuple[FloatMap, FloatMap, FloatMap]:
    """What each pixel shares with those around it that are about as near; all maps are (h, w).

    A bilateral grid (Chen et al. 2007): slices of similar depth are summed over windows, each by
    itself, and every pixel reads its own slice. So it is smooth in space, depth and time, and two
    people at different depths stay apart.

    Args:
        behind: logarithm of the plate's depth, as `log` is the foreground's.

    Returns:
        The mean; the nearest of the plate that they cover in the columns of the window; whether
        they reach the picture's lower border in twice as many, 0 to 1.
    """
    place = np.clip((log - settings.lowest) / settings.alike, 0, settings.slices - 1)
    held = place[weight > LEAST_WEIGHT]
    if not held.size:
        return log, log, np.zeros_like(log)
    first, last = max(0, int(held.min()) - 1), min(settings.slices, int(held.max()) + 3)
    numbers = np.arange(first - 1, last + 1, dtype=np.float32)
    inside = np.maximum(1 - np.abs(place - numbers[:, None, None]), 0)
    alike = 0.25 * (inside[:-2] + 2 * inside[1:-1] + inside[2:])
    inside, weights = inside[1:-1], weight * alike
    side = int(settings.window * min(log.shape)) | 1
    totals, sums = (
        np.einsum("khw,khw->hw", _box_sums(values, side), inside)
        for values in (weights, weights * log)
    )
    known = totals > LEAST_WEIGHT
    even: FloatMap = np.where(known, sums / np.maximum(totals, np.float32(LEAST_WEIGHT)), log)
    member = np.minimum(4 * alike, 1) * np.clip(4 * weight - COVERS, 0, 1)
    lowest = np.float32(settings.lowest)
    floor, is_cut = (
        np.einsum("kw,khw->hw", cv2.dilate(columns, np.ones((1, wide), np.uint8)), inside)
        for wide, columns in (
            (side, (member * np.maximum(behind - lowest, 0)).max(1)),
            (2 * side - 1, member[:, -BORDER_PX:].max(1)),  # arms are part of a body
        )
    )
    return even, floor + lowest, is_cut


def _box_sums(slices: FloatMap, side: int) -> FloatMap:
    summed = np.empty_like(slices)
    for one, total in zip(slices, summed, strict=True):
        cv2.boxFilter(
            one, -1, (side, side), dst=total, normalize=False, borderType=cv2.BORDER_CONSTANT
        )
    return summed
