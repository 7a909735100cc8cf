"""Makes a picture with depth from a scene and a camera, with smooth edges. Knows no world."""

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
"""Places of the rays in a pixel. The first gives depth and light; the mean is the centre."""


class Air(Protocol):
    """Weather: what covers things, and what is between them and the camera."""

    @property
    def sky(self) -> Sky:
        """Colours where rays hit nothing."""

    def cover(self, hits: Hits) -> None:
        """Change surfaces that are hit, as snow does."""

    def air(self, colour: Vectors, rays: Vectors, hits: Hits) -> Vectors:
        """Change distant colours, as haze does."""


@dataclass(frozen=True, slots=True)
class Indoors:
    """Clear air, and black behind the walls, or what is seen through windows."""

    sky: Sky = np.zeros_like

    def cover(self, hits: Hits) -> None:
        pass

    def air(self, colour: Vectors, rays: Vectors, hits: Hits) -> Vectors:  # noqa: ARG002
        return colour


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a camera sees."""

    light: NDArray[np.float32]
    """(H, W, 3), linear, unbounded."""
    depth_m: NDArray[np.float32]
    """(H, W), along the optical axis at the centre of each pixel; 0 where nothing is hit."""
    mesh: NDArray[np.int64]
    """(H, W), number of the mesh at the centre of each pixel, -1 where nothing is hit."""
    share: NDArray[np.float32]
    """(H, W), 0 to 1: share of each pixel that shows the meshes from `share_from` on."""


def rendered(
    scene: Scene,
    camera: Camera,
    size: tuple[int, int],
    lighting: Lighting,
    air: Air | None = None,
    *,
    share_from: int | None = None,
) -> Rendering:
    """Render the scene: four rays per pixel for colours; light for every other pixel, which the
    rest share.

    Args:
        share_from: the first of the meshes whose share of each pixel is wanted.
    """
    later = len(scene.meshes) if share_from is None else share_from
    renderer = _Renderer(scene, camera, size, lighting, air or Indoors())
    first_rays, first = renderer.cast(_SHIFTS[0])
    kind, everywhere = _kinds(first), np.arange(len(first_rays))
    light = renderer.spread_light(first_rays, first, kind)
    gleam = renderer.gleam(first_rays, first, everywhere)
    total = renderer.colour(first_rays, first, light, gleam)
    share = (first.mesh >= later).astype(np.float32)
    for shift in _SHIFTS[1:]:
        rays, hits = renderer.cast(shift)
        other = _kinds(hits)
        edge = np.flatnonzero((other != kind) & (hits.mesh >= 0))
        here, shine = light.copy(), gleam.copy()
        here[edge], alone = _borrowed(light, kind, edge, other[edge], size)
        lonely = edge[alone]
        here[lonely] = renderer.light(rays, hits, lonely)
        shine[edge] = renderer.gleam(rays, hits, edge)
        total += renderer.colour(rays, hits, here, shine)
        share += hits.mesh >= later
    depth = np.where(first.t < FAR, first.t, 0).astype(np.float32)
    colour, share = total / np.float32(len(_SHIFTS)), share / np.float32(len(_SHIFTS))
    mesh = first.mesh.reshape(size)
    return Rendering(colour.reshape(*size, 3), depth.reshape(size), mesh, share.reshape(size))


@dataclass(frozen=True, slots=True)
class _Renderer:
    scene: Scene
    camera: Camera
    size: tuple[int, int]
    lighting: Lighting
    air: Air

    def cast(self, shift: tuple[float, float]) -> tuple[Vectors, Hits]:
        rays = self.camera.rays(self.size, shift)
        hits = self.scene.cast(self.camera.origin, rays, pixel=self.camera.pixel(self.size) * 0.7)
        self.air.cover(hits)
        return rays, hits

    def light(self, rays: Vectors, hits: Hits, which: NDArray[np.int64]) -> Vectors:
        """Light that falls on the points of some pixels, (len(which), 3)."""
        light = np.zeros((len(which), 3), np.float32)
        there = np.flatnonzero(hits.mesh[which] >= 0)
        if len(there):
            one = _some(hits, which[there])
            points = self.camera.origin + one.t[:, None] * rays[which[there]]
            light[there] = self.lighting(points.astype(np.float32), one, which[there])
        return light

    def spread_light(self, rays: Vectors, hits: Hits, kind: NDArray[np.int64]) -> Vectors:
        """Light on every other pixel, then its mean over 4 x 4 pixels of one kind.

        The sampling pattern of lights repeats every 4 x 4 pixels, so the mean is free of its noise.
        """
        height, width = self.size
        row, column = np.indices(self.size)
        chosen = np.flatnonzero((row + column) % 2 == 0)
        shape, inner = (height + 3, width + 3), (slice(1, height + 1), slice(1, width + 1))
        kinds, known = np.full(shape, -(10**9)), np.zeros((height * width, 4), np.float32)
        known[chosen, :3], known[chosen, 3] = self.light(rays, hits, chosen), 1
        padded = np.zeros((*shape, 4), np.float32)
        mine = kind.reshape(self.size)
        kinds[inner], padded[inner] = mine, known.reshape(height, width, 4)
        total = np.zeros((height, width, 4), np.float32)
        for down in range(4):
            for right in range(4):
                other = (slice(down, down + height), slice(right, right + width))
                total += (kinds[other] == mine)[..., None] * padded[other]
        flat = total.reshape(-1, 4)
        light = flat[:, :3] / np.maximum(flat[:, 3:], 1)
        alone = np.flatnonzero(flat[:, 3] == 0)
        light[alone] = self.light(rays, hits, alone)
        return np.asarray(light, np.float32)

    def gleam(self, rays: Vectors, hits: Hits, which: NDArray[np.int64]) -> Vectors:
        """Mirror images in some pixels, (len(which), 3): one bounce, after Schlick (1994)."""
        gleam = np.zeros((len(which), 3), np.float32)
        there = np.flatnonzero((hits.gloss[which] > 0) & (hits.mesh[which] >= 0))
        if len(there) == 0:
            return gleam
        one, along = _some(hits, which[there]), rays[which[there]]
        points = self.camera.origin + one.t[:, None] * along
        along = np.asarray(along / np.sqrt(dot(along, along))[:, None], np.float32)
        cosine = -dot(along, one.normal)[:, None]
        away = np.asarray(along + 2 * cosine * one.normal, np.float32)
        starts = (points + one.normal * np.float32(3e-3)).astype(np.float32)
        gloss = one.gloss[:, None]
        share = gloss + (1 - gloss) * (1 - np.clip(cosine, 0, 1)) ** 5
        gleam[there] = share * np.minimum(gloss * 12, 1) * self._bounced(starts, away)
        return gleam

    def _bounced(self, starts: Vectors, away: Vectors) -> Vectors:
        found = self.scene.cast(starts, away, pixel=0.01)
        colour = np.zeros_like(away)
        there = np.flatnonzero(found.mesh >= 0)
        if len(there):
            one = _some(found, there)
            spots = (starts[there] + one.t[:, None] * away[there]).astype(np.float32)
            light = self.lighting(spots, one, np.zeros(len(there), np.int64))
            colour[there] = np.where(one.glows[:, None], one.albedo, one.albedo * light)
        nothing = np.flatnonzero(found.mesh < 0)
        if len(nothing):
            colour[nothing] = self.air.sky(away[nothing])
        return colour

    def colour(self, rays: Vectors, hits: Hits, light: Vectors, gleam: Vectors) -> Vectors:
        """The visible colours, through the air; sky where nothing is hit."""
        colour = np.where(hits.glows[:, None], hits.albedo, hits.albedo * light + gleam)
        away = np.flatnonzero(hits.mesh < 0)
        if len(away):
            colour[away] = self.air.sky(rays[away])
        return self.air.air(np.asarray(colour, np.float32), rays, hits)


def _kinds(hits: Hits) -> NDArray[np.int64]:
    """A number for each mesh and facing direction; pixels with the same number can share light."""
    facing = np.rint(hits.normal * 3).astype(np.int64) @ np.array((1, 7, 49)) + 171
    return np.asarray(hits.mesh * 343 + facing, np.int64)


def _borrowed(
    light: Vectors,
    kind: NDArray[np.int64],
    edge: NDArray[np.int64],
    wanted: NDArray[np.int64],
    size: tuple[int, int],
) -> tuple[Vectors, NDArray[np.bool_]]:
    """Light for places whose kind differs from their pixel's, from a neighbour of their kind.

    Returns:
        the light (len(edge), 3), and where no neighbour has light.
    """
    height, width = size
    row, column = np.divmod(edge, width)
    found, alone = np.zeros((len(edge), 3), np.float32), np.ones(len(edge), np.bool_)
    for down in (0, -1, 1):
        for right in (0, -1, 1):
            other = np.clip(row + down, 0, height - 1) * width
            other = other + np.clip(column + right, 0, width - 1)
            good = np.flatnonzero(alone & (kind[other] == wanted))
            found[good], alone[good] = light[other[good]], False
    return found, alone


def _some(hits: Hits, which: NDArray[np.int64]) -> Hits:
    return Hits(
        hits.t[which],
        hits.normal[which],
        hits.albedo[which],
        hits.glows[which],
        hits.gloss[which],
        hits.mesh[which],
    )
