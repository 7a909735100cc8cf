"""From a scene and a camera to a picture with depth, smoothed at its edges. Knows no world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from train.worlds.camera import Camera
from train.worlds.raycast import FAR, Hits, Scene, Vectors, dot

Lighting = Callable[[Vectors, Hits, NDArray[np.int64]], Vectors]
"""(points, hits, number of the pixel) to the light that falls on each point, (N, 3)."""
Sky = Callable[[Vectors], Vectors]
"""Directions (N, 3) to linear colours."""
_SHIFTS = ((0.0, 0.0), (-0.31, -0.18), (0.31, -0.18), (0.0, 0.36))
"""Where in a pixel it is looked at; the first gives depth and light, their mean is the middle."""


class Air(Protocol):
    """What lies on things and between them and the camera."""

    @property
    def sky(self) -> Sky:
        """Where nothing is hit."""

    def cover(self, hits: Hits) -> None:
        """Change what is hit, as snow does."""

    def air(self, colour: Vectors, rays: Vectors, hits: Hits) -> Vectors:
        """Change what is seen from afar, as haze does."""


class Indoors:
    """Clear air, and nothing behind the walls."""

    @property
    def sky(self) -> Sky:
        return np.zeros_like

    def cover(self, hits: Hits) -> None:
        pass

    def air(self, colour: Vectors, rays: Vectors, hits: Hits) -> Vectors:  # noqa: ARG002
        return colour


@dataclass(frozen=True, slots=True)
class Seen:
    """What a camera sees."""

    light: NDArray[np.float32]
    """(H, W, 3), linear, unbounded."""
    depth_m: NDArray[np.float32]
    """(H, W), along the optical axis at the middle of each pixel; 0 where nothing is."""
    mesh: NDArray[np.int64]
    """(H, W), number of the mesh at the middle of each pixel, -1 where nothing is."""


def seen(
    scene: Scene,
    camera: Camera,
    size: tuple[int, int],
    lighting: Lighting,
    air: Air | None = None,
) -> Seen:
    """Look at the scene: four rays a pixel for colours; light once a pixel, at edges four times."""
    air = air or Indoors()
    pixel = camera.pixel(size) * 0.7
    everywhere = np.arange(size[0] * size[1])
    total, first, light = np.zeros((len(everywhere), 3), np.float32), None, None
    for shift in _SHIFTS:
        rays = camera.rays(size, shift)
        hits = scene.cast(camera.origin, rays, pixel=pixel)
        air.cover(hits)
        if first is None or light is None:
            first, light = hits, _lit(scene, camera, rays, hits, lighting, air.sky, everywhere)
            light[:, :3] = _smoothed(light[:, :3], hits, size)
            total += air.air(_shown(light, rays, hits, air.sky), rays, hits)
            continue
        edge = np.flatnonzero(_elsewhere(first, hits))
        here = light.copy()
        here[edge] = _lit(scene, camera, rays[edge], _some(hits, edge), lighting, air.sky, edge)
        total += air.air(_shown(here, rays, hits, air.sky), rays, hits)
    assert first is not None
    depth = np.where(first.t < FAR, first.t, 0).astype(np.float32)
    colour = total / np.float32(len(_SHIFTS))
    return Seen(colour.reshape(*size, 3), depth.reshape(size), first.mesh.reshape(size))


def _shown(light: Vectors, rays: Vectors, hits: Hits, sky: Sky) -> Vectors:
    """Light falls on (column 0 to 2) and is mirrored by (3 to 5) what is hit; misses see sky."""
    colour = np.where(hits.glows[:, None], hits.albedo, hits.albedo * light[:, :3] + light[:, 3:])
    away = np.flatnonzero(hits.mesh < 0)
    if len(away):
        colour[away] = sky(rays[away])
    return np.asarray(colour, np.float32)


def _lit(
    scene: Scene,
    camera: Camera,
    rays: Vectors,
    hits: Hits,
    lighting: Lighting,
    sky: Sky,
    numbers: NDArray[np.int64],
) -> Vectors:
    """(N, 6): the light that falls on each point, and what the point mirrors."""
    points = (camera.origin + hits.t[:, None] * rays).astype(np.float32)
    light = np.zeros((len(rays), 6), np.float32)
    there = np.flatnonzero(hits.mesh >= 0)
    light[there, :3] = lighting(points[there], _some(hits, there), numbers[there])
    glossy = np.flatnonzero((hits.gloss > 0) & (hits.mesh >= 0))
    if len(glossy):
        one = _some(hits, glossy)
        light[glossy, 3:] = _mirrored(scene, points[glossy], rays[glossy], one, lighting, sky)
    return light


def _smoothed(light: Vectors, hits: Hits, size: tuple[int, int]) -> Vectors:
    """The mean over 4 x 4 pixels of one mesh that face the same way: lights repeat by so much what
    they draw by lot.
    """
    height, width = size
    facing = np.rint(hits.normal * 3).astype(np.int64) @ np.array((1, 7, 49)) + 171
    alone = (hits.mesh * 343 + facing).reshape(size)
    shape, inner = (height + 3, width + 3), (slice(1, height + 1), slice(1, width + 1))
    kind, padded = np.full(shape, -(10**9)), np.zeros((*shape, 3), np.float32)
    kind[inner], padded[inner] = alone, light.reshape(*size, 3)
    total, weight = np.zeros((*size, 3), np.float32), np.zeros(size, np.float32)
    for down in range(4):
        for right in range(4):
            other = (slice(down, down + height), slice(right, right + width))
            alike = (kind[other] == alone).astype(np.float32)
            total += alike[..., None] * padded[other]
            weight += alike
    return np.asarray(total / weight[..., None], np.float32).reshape(-1, 3)


def _mirrored(
    scene: Scene, points: Vectors, rays: Vectors, hits: Hits, lighting: Lighting, sky: Sky
) -> Vectors:
    """One bounce, weighted by Schlick's (1994) approximation of Fresnel's formula."""
    along = np.asarray(rays / np.sqrt(dot(rays, rays))[:, None], np.float32)
    cosine = -dot(along, hits.normal)[:, None]
    away = np.asarray(along + 2 * cosine * hits.normal, np.float32)
    found = scene.cast(points + hits.normal * np.float32(3e-3), away, pixel=0.01)
    colour = np.zeros_like(rays)
    there = np.flatnonzero(found.mesh >= 0)
    spots = points[there] + found.t[there, None] * away[there]
    one = _some(found, there)
    light = lighting(spots.astype(np.float32), one, np.zeros(len(there), np.int64))
    colour[there] = np.where(one.glows[:, None], one.albedo, one.albedo * light)
    nothing = np.flatnonzero(found.mesh < 0)
    if len(nothing):
        colour[nothing] = sky(away[nothing])
    gloss = hits.gloss[:, None]
    share = gloss + (1 - gloss) * (1 - np.clip(cosine, 0, 1)) ** 5
    return np.asarray(share * np.minimum(gloss * 12, 1) * colour, np.float32)


def _elsewhere(one: Hits, other: Hits) -> NDArray[np.bool_]:
    turned = dot(one.normal, other.normal) < 0.9
    jump = np.abs(np.log(one.t / other.t)) > 0.06
    return np.asarray((one.mesh != other.mesh) | ((other.mesh >= 0) & (turned | jump)))


def _some(hits: Hits, which: NDArray[np.int64]) -> Hits:
    return Hits(
        hits.t[which],
        hits.normal[which],
        hits.albedo[which],
        hits.glows[which],
        hits.gloss[which],
        hits.mesh[which],
    )
