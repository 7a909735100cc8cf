"""Whether a picture still shows anything of a plate: black, white and flat ones do not.

Knows nothing about time, nor what becomes of it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from edgeds.plate.light_change import GAMMA
from edgeds.plate.masks import fills, share
from edgeds.plate.registration import Structure, agreement
from edgeds.plate.robust_fit import percentiles
from edgeds.plate.settings import PLATE_CAPTURE, PlateMaintenance
from edgeds.types import FloatMap, Pixels
from edgeds.types.picture import largest_channel, least_channel

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

Loss = Literal["black", "white", "flat"]

_NEARLY_WHITE, _CLIPPED, _WHITE = 200, 250, 251
_MOST = 0.8  # of a picture: what is left says too little
_NOT_FLAT = 4  # times the limit of a flat picture that a plate has, which then is not flat itself


class Brightness:
    """What shows whether a picture shows anything; each is computed once."""

    def __init__(self, picture: Floats) -> None:
        """`picture`: float32 (h, w, 3), levels of 255."""
        self._picture = picture

    @cached_property
    def brightest(self) -> Floats:
        """The brightest channel of each pixel."""
        return largest_channel(self._picture)

    @cached_property
    def top(self) -> float:
        """What the brightest hundredth exceeds."""
        return percentiles(self.brightest[::2, ::2], 99)[0]

    @cached_property
    def is_white(self) -> Mask:
        """Where a colour is clipped, and none is far from it."""
        return np.asarray(
            (least_channel(self._picture) > _NEARLY_WHITE) & (self.brightest > _CLIPPED)
        )

    @cached_property
    def spread(self) -> float:
        """The largest standard deviation of a channel, in levels."""
        import cv2

        # NumPy's takes .6 ms of a look's 10: it adds up colours one by one.
        return float(cv2.meanStdDev(np.ascontiguousarray(self._picture[::2, ::2]))[1].max())


def loss_of(plate: Brightness, view: Brightness, max_stops: float) -> Loss | None:
    """What a picture has become, if it shows nothing of what the plate, of its size, shows.

    Args:
        max_stops: a picture is black if it is darker than the plate by more, not only dark.
    """
    if view.top < PLATE_CAPTURE.black_levels and view.top < plate.top * 2 ** (-max_stops / GAMMA):
        return "black"
    if share(turned_white(plate, view)) > _MOST:
        return "white"
    limit = PLATE_CAPTURE.flat_levels
    if plate.spread >= limit * _NOT_FLAT and view.spread < limit:
        return "flat"
    return None


def turned_white(plate: Brightness, view: Brightness) -> Mask:
    """Where a picture has turned white."""
    return np.asarray(view.is_white & ~plate.is_white)


def is_black(pixels: Pixels, levels: float = PLATE_CAPTURE.black_levels) -> bool:
    """Whether the brightest hundredth of a picture is darker than this."""
    return percentiles(largest_channel(pixels), 99)[0] < levels


def share_of_white(pixels: Pixels) -> float:
    """How much of a picture is clipped to white."""
    return share(least_channel(pixels) >= _WHITE)


def is_foreign(
    alpha: FloatMap, shown: Structure, plate: Structure, limits: PlateMaintenance
) -> bool | None:
    """Whether nothing of the plate is seen, neither in nor beside much foreground; None where
    nothing of it would be visible.
    """
    foreground = alpha > 0.5
    if fills(foreground) or share(foreground) < limits.foreign_foreground:
        return fills(foreground)
    visible = plate.textured & ~foreground
    if not visible.any():
        return None
    return share(agreement(plate, shown) & visible) < limits.foreign_edges * share(visible)
