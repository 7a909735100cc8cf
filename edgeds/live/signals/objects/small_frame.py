"""A small copy of a frame and its maps, all of one size, in which objects are searched."""

from __future__ import annotations

from functools import cached_property
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
# Finer where it is dark, as most clothes are.
_LEVEL_OF = (_LEVELS * np.sqrt(np.arange(256) / 256)).astype(np.uint8)


class SmallFrame:
    """All of one (height, width). Pixels are made when they are first asked for."""

    def __init__(self, frame: Frame, alpha: FloatMap, inverse_depth: FloatMap) -> None:
        """Alpha and inverse depth at the small size."""
        self._frame, self.alpha, self.inverse_depth = frame, alpha, inverse_depth

    @property
    def size(self) -> Size:
        return self.alpha.shape[0], self.alpha.shape[1]

    @cached_property
    def pixels(self) -> Pixels:
        """uint8 RGB."""
        return self._frame.rgb(self.size)

    def colours_in(self, box: tuple[slice, slice]) -> Colours:
        """The colours of a box (rows, columns)."""
        levels = cv2.LUT(np.ascontiguousarray(self.pixels[box]), _LEVEL_OF)
        red_green = levels[..., 0] * np.uint8(_LEVELS**2) + levels[..., 1] * np.uint8(_LEVELS)
        colours: Colours = red_green + levels[..., 2]
        return colours

    def of_frame(self, frame: Frame) -> SmallFrame:
        """The same maps, with a later frame's pixels."""
        return SmallFrame(frame, self.alpha, self.inverse_depth)


def small_frame_of(frame: Frame, maps: Maps, width_px: int) -> SmallFrame:
    """A frame and its maps, shrunk to a width; smaller ones stay as they are."""
    height, width = frame.size
    size = (height, width)
    if width > width_px:
        size = (max(1, round(height * width_px / width)), width_px)
    return SmallFrame(frame, maps.alpha_at(size), maps.inverse_depth_at(size))
