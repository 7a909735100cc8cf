"""Straight edges of a plate (walls, doors, kerbs), which show the camera's direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeds.sources.scaling import resized
from edgeds.types import Pixels

_WIDTH_PX = 640  # finer segments are texture
_LEAST_LENGTH = 0.06  # of the picture's height
_MOST = 150  # the longest


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Straight segments of a picture, in its pixels, as (x, y)."""

    middle: npt.NDArray[np.float64]
    """(n, 2)"""
    direction: npt.NDArray[np.float64]
    """(n, 2), of length 1."""
    length_px: npt.NDArray[np.float64]
    """(n,)"""


NO_LINES = Lines(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0))


def straight_lines(plate: Pixels) -> Lines:
    """The longest segments of a plate, uint8 RGB (H, W, 3)."""
    import cv2

    height, width = plate.shape[:2]
    shrink = min(1.0, _WIDTH_PX / width)
    small = resized(plate, (max(1, round(height * shrink)), max(1, round(width * shrink))))
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    found = cv2.createLineSegmentDetector().detect(grey)[0]
    if found is None:
        return NO_LINES
    ends = (found.reshape(-1, 2, 2).astype(np.float64) + 0.5) * (width / small.shape[1]) - 0.5
    apart = ends[:, 1] - ends[:, 0]
    length = np.linalg.norm(apart, axis=1)
    longest = np.argsort(-length)[:_MOST]
    kept = longest[length[longest] > _LEAST_LENGTH * height]
    return Lines(ends[kept].mean(1), apart[kept] / length[kept, None], length[kept])
