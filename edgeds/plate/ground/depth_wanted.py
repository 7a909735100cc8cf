"""What somebody says of a scene's depth: where it shall come from, distances that were measured.

Loads nothing heavy: the commands' options are made of it. Knows nothing about how depth is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeds.errors import InputError
from edgeds.plate.ground.settings import GROUND, DepthFrom

if TYPE_CHECKING:
    from edgeds.types import Size


@dataclass(frozen=True, slots=True)
class MeasuredPoint:
    """How far a pixel of the plate is from the camera."""

    x: float
    """Column, from the left."""
    y: float
    """Row, from the top."""
    metres: float
    """Along the line of sight, as a tape or a laser measures it; over 0."""


@dataclass(frozen=True, slots=True)
class DepthWanted:
    """Where somebody wants depth to come from."""

    source: DepthFrom = "auto"
    person_m: float = GROUND.person_m
    """Mean height of the people who walk through."""
    points: tuple[MeasuredPoint, ...] = ()

    @property
    def is_asked(self) -> bool:
        """Whether it is more than the default."""
        return self.source == "people" or bool(self.points) or self.person_m != GROUND.person_m

    def check(self, size: Size) -> None:
        """
        Raises:
            InputError: a point is not in the picture of this (height, width).
        """
        for point in self.points:
            if not (0 <= point.x < size[1] and 0 <= point.y < size[0]):
                raise InputError(
                    f"the point {point.x:g},{point.y:g} is not in the picture",
                    why=f"it is {size[1]}x{size[0]}",
                    fix="give column and row of a pixel, from the top left",
                )


AS_FOUND = DepthWanted()
"""From people where enough are seen, else from the network."""
