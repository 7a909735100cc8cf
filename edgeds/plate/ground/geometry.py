"""A camera over a ground: where upright people stand, how high they are, how near the ground is.

A pinhole camera with square pixels and its axis in the picture's middle. Lengths are in heights of
a mean person, because a picture has no metres. Criminisi et al. 2000 (Single view metrology) and
Hoiem et al. 2008 (Putting objects in perspective) have the geometry. Knows no masks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeds.plate.ground.settings import GROUND
from edgeds.types import FloatMap, Size

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundView:
    """How a camera sees the ground. x is to the right, y down, z along the axis."""

    size: Size
    """(height, width) of the picture, in px."""
    focal_px: float
    pitch: float
    """Radians; positive looks down."""
    roll: float
    """Radians; positive lifts the horizon's right end in the picture."""
    camera_height: float
    """Over the ground, in heights of a mean person."""

    @property
    def down(self) -> Floats:
        """Unit vector of gravity in the camera's axes."""
        level = np.cos(self.pitch)
        return np.array((np.sin(self.roll) * level, np.cos(self.roll) * level, np.sin(self.pitch)))

    def plane(self) -> tuple[float, float, float]:
        """(a, b, c): the ground's inverse depth at column x and row y is a x + b y + c, in 1/person
        height along the axis. It is 0 at the horizon and below 0 beyond it.
        """
        height, width = self.size
        x, y, z = self.down / self.camera_height
        a, b = x / self.focal_px, y / self.focal_px
        return float(a), float(b), float(z - a * (width - 1) / 2 - b * (height - 1) / 2)

    def inverse_depth(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Floats:
        """Inverse depth of the ground at pixels, in 1/person height."""
        a, b, c = self.plane()
        return np.asarray(a * np.asarray(x) + b * np.asarray(y) + c, np.float64)

    def inverse_depth_map(self) -> FloatMap:
        """Inverse depth of the ground in the whole picture, float32 (H, W), in 1/person height."""
        a, b, c = self.plane()
        height, width = self.size
        down = (b * np.arange(height) + c).astype(np.float32)
        return down[:, None] + (a * np.arange(width)).astype(np.float32)

    def rays(self, at: Floats) -> Floats:
        """Pixels (n, 2) as (x, y) to directions (n, 3) of depth 1."""
        height, width = self.size
        x = (at[:, 0] - (width - 1) / 2) / self.focal_px
        y = (at[:, 1] - (height - 1) / 2) / self.focal_px
        rays = np.ones((len(at), 3))
        rays[:, 0], rays[:, 1] = x, y
        return rays

    def feet(self, lowest: Floats) -> Floats:
        """Where people stand, (n, 3), of whom `lowest` (n, 2) are the lowest pixels. NaN for
        pixels at the horizon and over it.
        """
        rays, down = self.rays(lowest), self.down
        fall = rays @ down
        with np.errstate(divide="ignore", invalid="ignore"):
            places = rays * (self.camera_height / np.where(fall > 1e-6, fall, np.nan))[:, None]
        along = rays - fall[:, None] * down  # level, away from the camera
        along /= np.sqrt(np.square(along).sum(1, keepdims=True))
        return np.asarray(places + along * (GROUND.foot_m / GROUND.person_m), np.float64)

    def measured(self, lowest: Floats, highest: Floats) -> tuple[Floats, Floats]:
        """Heights of upright people, and how far they lean in the picture, radians; each (n,)."""
        feet, down = self.feet(lowest), self.down
        rays = self.rays(highest)
        # The image of the upright line at the feet, and the place on it level with the top.
        start = feet[:, :2] / feet[:, 2:]
        axis = down[:2] * feet[:, 2:] - feet[:, :2] * down[2]
        axis /= -np.hypot(axis[:, 0], axis[:, 1])[:, None]
        along = (axis * rays[:, :2]).sum(1)
        upper = (axis * feet[:, :2]).sum(1) - along * feet[:, 2]
        lower = axis @ down[:2] - along * down[2]
        height = upper / lower
        apart = rays[:, :2] - start
        across = axis[:, 0] * apart[:, 1] - axis[:, 1] * apart[:, 0]
        lean = np.arctan2(across, (axis * apart).sum(1))
        # The highest pixel is where a ray touches the head, not over its middle.
        level = np.sqrt(np.maximum(1 - (rays @ down) ** 2 / np.square(rays).sum(1), 1e-6))
        head = GROUND.head_m / GROUND.person_m
        return np.asarray(height - head * (1 / level - 1), np.float64), np.asarray(lean, np.float64)

    def pixels(self, places: Floats) -> Floats:
        """Places (n, 3) to pixels (n, 2) as (x, y)."""
        height, width = self.size
        middle = np.array(((width - 1) / 2, (height - 1) / 2))
        return np.asarray(places[:, :2] / places[:, 2:] * self.focal_px + middle, np.float64)

    def edges(self, at: Floats, turn: float) -> Floats:
        """Directions (3, n, 2) of edges of a block in the picture, where they pass pixels (n, 2):
        of upright ones, and of level ones turned by `turn` from where the camera looks, and by a
        right angle more.
        """
        down = self.down
        x, y, z = down
        level = np.hypot(x, y)  # of the axis along the ground
        ahead = np.array((-z * x, -z * y, level * level)) / level
        aside = np.array((y, -x, 0.0)) / level  # down x ahead
        cos, sin = np.cos(turn), np.sin(turn)
        axes = np.array((down, cos * ahead + sin * aside, cos * aside - sin * ahead))
        rays = self.rays(at)
        towards = rays[None, :, :2] * axes[:, None, 2:] - axes[:, None, :2]
        length = np.hypot(towards[..., 0], towards[..., 1])
        return np.asarray(towards / np.maximum(length, 1e-9)[..., None], np.float64)


def usual_focal_px(size: Size) -> float:
    """Focal length of a camera about which nothing is known."""
    return float(max(size) / 2 / np.tan(np.radians(GROUND.field_degrees / 2)))
