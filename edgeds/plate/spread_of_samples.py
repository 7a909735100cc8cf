"""How much the background of a clip varies, although people pass in front of it and stand there.

Leaves, water and screens leave their plate's colour often and for short times; somebody who stands
leaves it once and stays away in one colour. Such stays are left out, and the median of what is left
bears passers-by in up to half of it. Knows nothing about files or networks.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgeds.plate.common_colours import Members, Stack, distance
from edgeds.plate.sorting import sort_samples
from edgeds.types import FloatMap, Pixels

_STAY = 3
"""Samples in a row of one colour that is not the plate's: somebody stands there."""
_MOSTLY = 0.4
"""What differs is in a stay, too, if this share of the pixels around is in one. A person sways, so
that patterned clothes change their colour.
"""
_AROUND_PX = 5
_STEPS = 16  # of deviations in a level
_MEDIAN = 0.8  # sigmas: of three channels' root mean square .89, of three that are alike .67


def spread_of(samples: Stack, plate: Pixels, levels: int) -> FloatMap:
    """Sigma of one sample around the plate, (h, w), in levels.

    Args:
        samples: uint8 RGB (n, h, w, 3), in their order and in the plate's light.
        levels: colours this close are one.
    """
    off = distance(samples, plate) > levels
    kept = ~_later_in_stays(samples, off, levels)
    away: npt.NDArray[np.uint16] = np.empty(off.shape, np.uint16)
    for deviation, sample, counts in zip(away, samples, kept, strict=True):
        power = np.square(sample.astype(np.float32) - plate).sum(axis=-1)
        deviation[:] = np.where(counts, np.sqrt(power / 3) * _STEPS, np.iinfo(np.uint16).max)
    sort_samples(away)
    middle = np.maximum(kept.sum(axis=0) - 1, 0) // 2
    spread: FloatMap = np.take_along_axis(away, middle[None], 0)[0].astype(np.float32)
    spread /= np.float32(_STEPS * _MEDIAN)
    return spread


def _later_in_stays(samples: Stack, off: Members, levels: int) -> Members:
    """(n, h, w): all but the first samples of each stay, which count as an excursion."""
    import cv2

    goes_on = np.zeros_like(off)
    goes_on[1:] = (distance(samples[1:], samples[:-1]) <= levels) & off[1:] & off[:-1]
    length = np.zeros(off.shape, np.uint8)
    for index in range(len(off)):
        before = length[index - 1] if index else 0
        length[index] = np.where(goes_on[index], before, 0) + off[index]
    for index in range(len(off) - 2, -1, -1):
        length[index] = np.where(goes_on[index + 1], length[index + 1], length[index])
    side = (_AROUND_PX, _AROUND_PX)
    for stay, away, joined, long in zip(length, off, goes_on, length >= _STAY, strict=True):
        around = cv2.blur(long.astype(np.float32), side) > _MOSTLY
        stay[:] = away & ((long & joined) | (~long & around))
    return length.view(np.bool_)
