"""A floor plan: keeps things from overlapping each other or a wall. Draws nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Foot:
    """A rectangle on the floor, turned by yaw about its centre; at yaw 0 its front faces +z."""

    x: float
    z: float
    yaw: float
    width: float
    depth: float

    def corners(self) -> NDArray[np.float64]:
        """(4, 2), x and z."""
        half = np.array(((-1, -1), (1, -1), (1, 1), (-1, 1))) * (self.width / 2, self.depth / 2)
        return np.array([self.at(float(x), float(z)) for x, z in half])

    def at(self, x: float, z: float) -> tuple[float, float]:
        """World coordinates of a place in the rectangle's own coordinates."""
        cos, sin = float(np.cos(self.yaw)), float(np.sin(self.yaw))
        return self.x + cos * x + sin * z, self.z + cos * z - sin * x

    def meets(self, other: Foot, *, gap: float = 0.0) -> bool:
        """Whether two overlap, or come closer than `gap`, by the separating axis theorem."""
        mine, theirs = self.corners(), other.corners()
        for yaw in (self.yaw, other.yaw):
            for axis in ((np.cos(yaw), -np.sin(yaw)), (np.sin(yaw), np.cos(yaw))):
                a, b = mine @ axis, theirs @ axis
                if a.min() > b.max() + gap or b.min() > a.max() + gap:
                    return False
        return True


@dataclass(slots=True)
class Plan:
    """A rectangle of floor about the origin."""

    wide: float
    """Along x."""
    long: float
    """Along z."""
    taken: list[Foot] = field(default_factory=list)

    def take(self, foot: Foot, *, gap: float = 0.02) -> bool:
        """Reserve the place, if it is free and within the walls; return whether it was."""
        inside = np.abs(foot.corners()) <= (self.wide / 2 - 0.01, self.long / 2 - 0.01)
        if not inside.all() or any(foot.meets(other, gap=gap) for other in self.taken):
            return False
        self.taken.append(foot)
        return True

    def by_a_wall(
        self, rng: np.random.Generator, width: float, depth: float, *, gap: float = 0.0
    ) -> Foot:
        """A place with its back to one of the four walls."""
        half_x, half_z = self.wide / 2, self.long / 2
        off = depth / 2 + 0.015 + gap
        side = int(rng.integers(4))
        along = rng.uniform(-1, 1) * max(0.0, (half_x if side < 2 else half_z) - width / 2)
        x, z, yaw = [
            (along, off - half_z, 0.0),
            (along, half_z - off, np.pi),
            (off - half_x, along, np.pi / 2),
            (half_x - off, along, -np.pi / 2),
        ][side]
        return Foot(x=float(x), z=float(z), yaw=float(yaw), width=width, depth=depth)

    def anywhere(self, rng: np.random.Generator, width: float, depth: float) -> Foot:
        x = rng.uniform(-0.5, 0.5) * self.wide
        z = rng.uniform(-0.5, 0.5) * self.long
        square = rng.choice([0, 1, 2, 3]) * np.pi / 2 + rng.normal(0, 0.06)
        yaw = square if rng.random() < 0.6 else rng.uniform(-np.pi, np.pi)
        return Foot(x=float(x), z=float(z), yaw=float(yaw), width=width, depth=depth)
