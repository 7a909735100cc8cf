"""Cameras: position, direction, and the rays of their pixels. Knows no world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.worlds.raycast import Vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera with a level horizon at pitch and roll 0."""

    at: tuple[float, float, float]
    yaw: float = 0.0
    """Radians to the right; at 0 it looks along -z, as glTF's cameras do."""
    pitch: float = 0.0
    """Radians upwards."""
    roll: float = 0.0
    """Radians clockwise, seen from behind the camera."""
    fov: float = 1.2
    """Horizontal angle of view, radians."""
    bend: float = 0.0
    """Radial distortion: a pixel at radius r (tangent of its angle) looks towards r (1 + bend r^2),
    times a factor that keeps `fov`. Above 0, straight lines bulge, as with most wide lenses."""

    @property
    def origin(self) -> Vectors:
        return np.array(self.at, np.float32)

    @property
    def axes(self) -> NDArray[np.float64]:
        """Rows: right, up, forward. right = forward x up; the reverse would mirror the picture."""
        forward = np.array(
            (
                np.sin(self.yaw) * np.cos(self.pitch),
                np.sin(self.pitch),
                -np.cos(self.yaw) * np.cos(self.pitch),
            )
        )
        level = np.array((np.cos(self.yaw), 0.0, np.sin(self.yaw)))
        upright = np.cross(level, forward)
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        return np.stack((cos * level - sin * upright, sin * level + cos * upright, forward))

    def rays(self, size: tuple[int, int], shift: tuple[float, float] = (0.0, 0.0)) -> Vectors:
        """Rays of unit depth (their length along the optical axis is 1), (H * W, 3).

        Args:
            shift: (down, right) in pixels from the middles of the pixels.
        """
        height, width = size
        edge = np.tan(self.fov / 2)
        x = (np.arange(width) + 0.5 + shift[1] - width / 2) * (2 * edge / width)
        y = (height / 2 - np.arange(height) - 0.5 - shift[0]) * (2 * edge / width)
        across, up = np.meshgrid(x, y)
        scale = (1 + self.bend * (across**2 + up**2)) / (1 + self.bend * edge**2)
        rays = np.stack((across * scale, up * scale, np.ones_like(across)), -1).reshape(-1, 3)
        return np.ascontiguousarray(rays @ self.axes, np.float32)

    def pixel(self, size: tuple[int, int]) -> float:
        """Width of a pixel at a distance of one."""
        return float(2 * np.tan(self.fov / 2) / size[1])

    def seen_at(self, point: Vectors, size: tuple[int, int]) -> tuple[float, float, float]:
        """(row, column, depth), in pixels and metres, of a point (3,) in the picture."""
        right, up, forward = self.axes @ (np.asarray(point, np.float64) - self.at)
        x, y = right / forward, up / forward
        edge = np.tan(self.fov / 2)
        wanted = np.hypot(x, y) * (1 + self.bend * edge**2)
        radius = wanted
        for _ in range(20):  # r (1 + bend r^2) = wanted, by fixed point
            radius = wanted / (1 + self.bend * radius**2)
        share = radius / max(float(np.hypot(x, y)), 1e-9)
        per = size[1] / (2 * edge)
        row, column = size[0] / 2 - y * share * per, size[1] / 2 + x * share * per
        return float(row), float(column), float(forward)


def some_lens(rng: np.random.Generator) -> tuple[float, float, float]:
    """Field of view (40 to 110 degrees, mostly 55 to 90), bend, roll (up to 5 degrees)."""
    degrees = rng.uniform(55, 90) if rng.random() < 0.7 else rng.uniform(40, 110)
    wide = max(0.0, (degrees - 50) / 60)
    bend = rng.uniform(-0.01, 0.02) + (rng.uniform(0, 0.12) * wide if rng.random() < 0.6 else 0)
    roll = np.clip(rng.normal(0, 1.2), -5, 5) if rng.random() < 0.8 else rng.uniform(-5, 5)
    return float(np.radians(degrees)), float(bend), float(np.radians(roll))
