"""Metres from relative inverse depth. Knows nothing about where the scale comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from edgeds.types import FloatMap

ScaleOrigin: TypeAlias = Literal["people", "point"]
"""The mean height of people who walked through, or a distance that somebody measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricScale:
    """What turns a plate's units into metres: metres = 1 / (per_unit * inverse_depth + offset)."""

    per_unit: float
    """1/m for one unit of inverse depth, over 0."""
    offset: float = 0.0
    """1/m where the inverse depth is 0."""
    uncertainty: float
    """Relative standard deviation of the metres that come out: 0.06 is 6 %."""
    origin: ScaleOrigin
    focal_px: float | None = None
    """Focal length in pixels of the plate, where it is known: places in metres need it."""


def metres_of(
    inverse_depth: FloatMap | npt.NDArray[np.floating] | float, scale: MetricScale
) -> FloatMap:
    """Metres along the optical axis, float32 in the shape of what is given.

    Infinite where the inverse depth says "beyond the horizon".
    """
    inverse_m = np.float32(scale.per_unit) * np.asarray(inverse_depth, np.float32)
    inverse_m = inverse_m + np.float32(scale.offset)
    far = np.float32(1e-6)  # 1/m: a thousand kilometres
    metres = np.where(inverse_m > far, 1 / np.maximum(inverse_m, far), np.inf)
    return np.asarray(metres, np.float32)
