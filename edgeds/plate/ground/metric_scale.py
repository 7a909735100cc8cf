"""Metres from relative inverse depth. Knows nothing about where the scale comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from edgeds.sources.argument_checks import check_argument
from edgeds.types import FloatMap

ScaleOrigin: TypeAlias = Literal["people", "point"]
"""The mean height of people who walked through, or a distance that somebody measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricScale:
    """Converts a plate's units to metres: metres = 1 / (per_unit * inverse_depth + offset)."""

    per_unit: float
    """1/m for one unit of inverse depth, over 0."""
    offset: float = 0.0
    """1/m where the inverse depth is 0."""
    uncertainty: float
    """Relative standard deviation of the metres that come out: 0.06 is 6 %."""
    origin: ScaleOrigin
    focal_px: float | None = None
    """Focal length in pixels of the plate, where it is known: places in metres need it."""

    def words(self) -> str:
        """A sentence for people: where metres come from, and their uncertainty."""
        of = "people's heights" if self.origin == "people" else "a measured distance"
        return f"metres by {of}, to within {self.uncertainty:.0%}"

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, for a report and for the plate file; `scale_from_json` reads them."""
        return {
            "per_unit": round(self.per_unit, 7),
            "offset": round(self.offset, 7),
            "uncertainty": round(self.uncertainty, 4),
            "origin": self.origin,
            "focal_px": None if self.focal_px is None else round(self.focal_px, 2),
        }


def scale_from_json(numbers: dict[str, Any]) -> MetricScale:
    """
    Raises:
        KeyError, TypeError, ValueError: it is not what `as_json` makes.
    """
    focal_px, origin = numbers["focal_px"], numbers["origin"]
    scale = MetricScale(
        per_unit=float(numbers["per_unit"]),
        offset=float(numbers["offset"]),
        uncertainty=float(numbers["uncertainty"]),
        origin="people" if origin == "people" else "point",
        focal_px=None if focal_px is None else float(focal_px),
    )
    if not 0 < scale.per_unit < np.inf or not np.isfinite(scale.offset):
        raise ValueError(f"its scale is {numbers}")
    return scale


def resized_scale(scale: MetricScale, factor: float) -> MetricScale:
    """The scale of a picture that is so many times as large."""
    focal_px = None if scale.focal_px is None else scale.focal_px * factor
    return replace(scale, focal_px=focal_px)


def metres_of(
    inverse_depth: FloatMap | npt.NDArray[np.floating] | float, scale: MetricScale
) -> FloatMap:
    """Metres along the optical axis, float32 in the shape of what is given.

    Infinite where the inverse depth is that of a place beyond the horizon.

    Raises:
        InputError: the scale is None, as long as nothing was measured.
    """
    check_argument(
        scale, isinstance(scale, MetricScale), name="the scale", wanted="a MetricScale",
        fix="depth is relative until people or a distance are measured: use_people, use_points",
    )  # fmt: skip
    inverse_m = np.float32(scale.per_unit) * np.asarray(inverse_depth, np.float32)
    inverse_m = inverse_m + np.float32(scale.offset)
    far = np.float32(1e-6)  # 1/m: a thousand kilometres
    metres = np.where(inverse_m > far, 1 / np.maximum(inverse_m, far), np.inf)
    return np.asarray(metres, np.float32)
