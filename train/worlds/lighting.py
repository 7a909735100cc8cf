"""The light that falls on a point: lamps with soft shadows, and ambient light, less of it in
corners.

Knows nothing about cameras or pictures, except that neighbouring pixels can share light.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.worlds.raycast import Hits, Numbers, Scene, Vectors, dot


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """A flat lamp: a bulb, a tube, a panel, or a window with light from the sky."""

    at: Vectors
    """(3,)."""
    sides: Vectors
    """(2, 3): from its centre to two of its edges."""
    light: Vectors
    """(3,): the light that a facing surface gets from it at 1 m."""
    towards: Vectors | None = None
    """(3,): the direction it shines in, with Lambert's cosine; None: all around."""


class Glow:
    """Ambient light with occlusion. Its sampling pattern repeats every 4 x 4 pixels."""

    def __init__(
        self, rng: np.random.Generator, scene: Scene, size: tuple[int, int], *, reach_m: float = 1.5
    ) -> None:
        self.scene, self.reach_m = scene, reach_m
        tile = np.tile(rng.permutation(16).reshape(4, 4), (size[0] // 4 + 1, size[1] // 4 + 1))
        self.dither = (tile[: size[0], : size[1]].reshape(-1) + 0.5).astype(np.float32) / 16

    def on(self, scene: Scene) -> Glow:
        """The glow of another scene, with the same random choices."""
        other = copy(self)
        other.scene = scene
        return other

    def share(self, points: Vectors, normal: Vectors, numbers: NDArray[np.int64]) -> Numbers:
        """How open the space above each point is, 0 to 1; `numbers` are the pixels' numbers."""
        turn = self.dither[numbers] * np.float32(2 * np.pi)
        return self.scene.open_share(points, normal, turn, reach_m=self.reach_m)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomLight:
    """Lamps, and the ambient light of walls and ceiling."""

    glow: Glow
    ambient: Vectors
    """(3,)."""
    lamps: list[Lamp]

    def __call__(self, points: Vectors, hits: Hits, numbers: NDArray[np.int64]) -> Vectors:
        share = self.glow.share(points, hits.normal, numbers)
        up = (0.6 + 0.25 * hits.normal[:, 1]) * share
        light = up[:, None] * self.ambient
        for lamp in self.lamps:
            shine = lamp_light(self.glow, lamp, points, hits.normal, numbers)
            light = light + shine[:, None] * lamp.light
        return np.asarray(light, np.float32)


def lamp_light(
    glow: Glow,
    lamp: Lamp,
    points: Vectors,
    normal: Vectors,
    numbers: NDArray[np.int64],
    *,
    rays: int = 2,
) -> Numbers:
    """A lamp's light at each point in 1/m^2, by rays to places on the lamp that differ by pixel."""
    total = np.zeros(len(points), np.float32)
    dither = glow.dither[numbers]
    for number in range(rays):  # the R2 sequence (Roberts 2018), shifted by the pixel
        a = (dither + np.float32((number + 0.5) * 0.7548777)) % 1 * 2 - 1
        b = (dither * 7 + np.float32((number + 0.5) * 0.5698403)) % 1 * 2 - 1
        spot = lamp.at + a[:, None] * lamp.sides[0] + b[:, None] * lamp.sides[1]
        shine = glow.scene.lit(points, normal, spot)
        if lamp.towards is not None:
            away = points - spot
            away /= np.maximum(np.sqrt(dot(away, away)), np.float32(1e-4))[:, None]
            shine = shine * np.maximum(away @ lamp.towards, 0)
        total += np.minimum(shine, 1.5)  # so that things next to a lamp do not outshine the rest
    return np.asarray(total / np.float32(rays), np.float32)


def tint(rng: np.random.Generator, spread: float = 0.06) -> Vectors:
    """A colour of light around white, warmer or cooler, as lamps have it."""
    warm = rng.normal(0, 2 * spread)
    return np.exp(np.array((warm, 0, -warm)) + rng.normal(0, spread / 2, 3)).astype(np.float32)
