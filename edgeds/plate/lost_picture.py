"""Whether a picture still shows anything of a plate: black, white and flat ones do not.

Knows nothing about time, nor what becomes of it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from edgeds.plate.light_change import GAMMA, largest, least
from edgeds.plate.masks import fills, share
from edgeds.plate.registration import Structure, agreement
from edgeds.plate.robust_fit import percentiles
from edgeds.plate.settings import PLATE_CAPTURE, PlateMaintenance
from edgeds.types import FloatMap, Pixels

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]

Loss = Literal["black", "white", "flat"]

_NEARLY_WHITE, _CLIPPED, _WHITE = 200, 250, 251
_MOST = 0.8  # of a picture: what is left says too little
_NOT_FLAT = 4  # times the limit of a flat picture that a plate has, which then is not flat itself


def loss_of(plate: Floats, view: Floats, max_stops: float) -> Loss | None:
    """What the picture has become, if it shows nothing of what the plate shows.

    Args:
        plate, view: float32 (h, w, 3), levels of 255, of one size.
        max_stops: a picture is black if it is darker than the plate by more, not only dark.
    """
    was, now = (percentiles(largest(one)[::2, ::2], 99)[0] for one in (plate, view))
    if now < PLATE_CAPTURE.black_levels and now < was * 2 ** (-max_stops / GAMMA):
        return "black"
    if share(turned_white(plate, view)) > _MOST:
        return "white"
    if _spread(view) < PLATE_CAPTURE.flat_levels <= _spread(plate) / _NOT_FLAT:
        return "flat"
    return None


def turned_white(plate: Floats, view: Floats) -> Mask:
    """Where a picture has turned white: a colour is clipped there, and none is far from it."""
    return np.asarray(_is_white(view) & ~_is_white(plate))


def is_black(pixels: Pixels, levels: float = PLATE_CAPTURE.black_levels) -> bool:
    """Whether the brightest hundredth of a picture is darker than this."""
    return percentiles(pixels.max(axis=-1), 99)[0] < levels


def share_of_white(pixels: Pixels) -> float:
    """How much of a picture is clipped to white."""
    return share(pixels.min(axis=-1) >= _WHITE)


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


def _is_white(picture: Floats) -> Mask:
    return np.asarray((least(picture) > _NEARLY_WHITE) & (largest(picture) > _CLIPPED))


def _spread(picture: Floats) -> float:
    """The largest standard deviation of a channel, in levels."""
    return float(picture[::2, ::2].std(axis=(0, 1)).max())
