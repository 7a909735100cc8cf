"""A small copy of a frame and its maps, all of one size, in which objects are searched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.types import FloatMap, Frame, Maps, Pixels, Size

Mask: TypeAlias = npt.NDArray[np.bool_]
Colours: TypeAlias = npt.NDArray[np.uint8]
"""Each pixel's colour as a number below `COLOURS`."""

_LEVELS = 5  # of red, green and blue: finer ones are empty in an object of a hundred pixels
COLOURS = _LEVELS**3


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """All of one (height, width)."""

    alpha: FloatMap
    inverse_depth: FloatMap
    pixels: Pixels
    """uint8 RGB."""
    colours: Colours

    @property
    def size(self) -> Size:
        return self.alpha.shape[0], self.alpha.shape[1]


def look_at(frame: Frame, maps: Maps, width_px: int) -> Look:
    """A frame and its maps, shrunk to a width; smaller ones stay as they are."""
    height, width = frame.size
    size = (height, width)
    if width > width_px:
        size = (max(1, round(height * width_px / width)), width_px)
    return look_of(frame.rgb(size), maps.alpha_at(size), maps.inverse_depth_at(size))


def look_of(pixels: Pixels, alpha: FloatMap, inverse_depth: FloatMap) -> Look:
    """`pixels`: RGB of the maps' size."""
    levels = cv2.LUT(pixels, (np.arange(256) * _LEVELS // 256).astype(np.uint8))
    colours = levels[..., 0] * np.uint8(_LEVELS**2) + levels[..., 1] * np.uint8(_LEVELS)
    return Look(alpha, inverse_depth, pixels, colours + levels[..., 2])
