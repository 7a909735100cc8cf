"""Rays against triangles: what is hit, where, and how it is lit. Embree finds the hits.

World: metres, y up. Knows nothing about rooms or what stands in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""(N, 3)."""
Texture = Callable[[NDArray[np.float32], NDArray[np.float32]], Vectors]
"""(u, v) to linear colours (N, 3); u and v in metres along a surface, or as a model has them."""
FAR = np.float32(1e6)
_LIFT_M = np.float32(2e-3)  # rays that leave a surface start this far above it
_DIRECTIONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """Triangles of one texture."""

    corners: Vectors
    """(N, 3, 3): triangle, corner, xyz."""
    uv: NDArray[np.float32]
    """(N, 3, 2)."""
    texture: Texture
    glows: bool = False
    """Shines by itself, as a window does: its texture is what is seen, however it is lit."""


@dataclass(slots=True)
class Hits:
    """What each of N rays sees first."""

    t: NDArray[np.float32]
    """How many times its direction the ray is long; FAR where nothing is hit."""
    normal: Vectors
    """Unit length, towards where the ray came from."""
    albedo: Vectors
    glows: NDArray[np.bool_]


class Scene:
    """Meshes, ready to be looked at."""

    def __init__(self, meshes: Iterable[Mesh]) -> None:
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene

        self.meshes = list(meshes)
        self.corners = np.concatenate([mesh.corners for mesh in self.meshes]).astype(np.float32)
        self.uv = np.concatenate([mesh.uv for mesh in self.meshes]).astype(np.float32)
        self.owner = np.repeat(np.arange(len(self.meshes)), [len(m.corners) for m in self.meshes])
        self._embree: Any = EmbreeScene()
        self._triangles = TriangleMesh(self._embree, self.corners)

    def cast(self, origin: Vectors, rays: Vectors) -> Hits:
        """The nearest hit of every ray. `origin` is (3,), `rays` (N, 3)."""
        starts = np.broadcast_to(origin, rays.shape).astype(np.float32)
        found = self._embree.run(starts, np.ascontiguousarray(rays), output=True)
        triangle = found["primID"]
        hit = triangle >= 0
        t = np.where(hit, found["tfar"], FAR).astype(np.float32)
        a, b, c = (self.corners[triangle[hit], corner] for corner in range(3))
        across = np.cross(b - a, c - a)
        across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-12)
        across *= -np.sign((across * rays[hit]).sum(-1, keepdims=True))
        normal, albedo = np.zeros_like(rays), np.zeros_like(rays)
        normal[hit] = across
        u, v = found["u"][hit][:, None], found["v"][hit][:, None]
        places = self.uv[triangle[hit]]
        places = (1 - u - v) * places[:, 0] + u * places[:, 1] + v * places[:, 2]
        owner = self.owner[triangle[hit]]
        colours = np.zeros((len(owner), 3), np.float32)
        for number in np.unique(owner):
            here = owner == number
            colours[here] = self.meshes[number].texture(places[here, 0], places[here, 1])
        albedo[hit] = colours
        glows = np.zeros(len(rays), np.bool_)
        glows[hit] = np.array([mesh.glows for mesh in self.meshes])[owner]
        return Hits(t, normal, albedo, glows)

    def lit(self, points: Vectors, normal: Vectors, lamp: Vectors) -> NDArray[np.float32]:
        """Lambert's cosine over the squared distance to a lamp in 1/m^2, 0 in shadow; (N,)."""
        starts = points + normal * _LIFT_M
        away = lamp - starts
        squared = np.maximum((away * away).sum(-1), np.float32(1e-6))
        cosine = np.maximum((away * normal).sum(-1), 0) / np.sqrt(squared)
        facing = np.flatnonzero(cosine > 0)
        reach = np.ones(len(facing), np.float32)  # the lamp is at 1 ray's length
        blocked = self._embree.run(starts[facing], away[facing], reach, query="OCCLUDED") >= 0
        cosine[facing[blocked]] = 0
        return np.asarray(cosine / squared, np.float32)

    def open_share(
        self, points: Vectors, normal: Vectors, turn: NDArray[np.float32], *, reach_m: float = 1.5
    ) -> NDArray[np.float32]:
        """How much of the half space above each point is open for `reach_m`, 0 to 1; (N,).

        Ambient occlusion (Zhukov et al. 1998) by eight directions, weighted by the cosine.

        Args:
            turn: (N,) radians by which each point's directions are turned about its normal; those
                of neighbours differ, so that a blur of the result makes many out of eight.
        """
        starts = points + normal * _LIFT_M
        side = np.where(np.abs(normal[:, :1]) < 0.7, _vector((1, 0, 0)), _vector((0, 1, 0)))
        tangent = np.cross(normal, side)
        tangent /= np.maximum(np.linalg.norm(tangent, axis=-1, keepdims=True), 1e-6)
        other = np.cross(normal, tangent)
        reach = np.full(len(points), reach_m, np.float32)
        clear = np.zeros(len(points), np.float32)
        for number in range(_DIRECTIONS):  # Fibonacci points on a disc, lifted to the half space
            radius = np.float32(np.sqrt((number + 0.5) / _DIRECTIONS))
            angle = np.float32(number * np.pi * (3 - np.sqrt(5))) + turn
            x, y = radius * np.cos(angle)[:, None], radius * np.sin(angle)[:, None]
            rays = x * tangent + y * other + np.sqrt(1 - radius**2) * normal
            rays = np.ascontiguousarray(rays, np.float32)
            clear += self._embree.run(starts, rays, reach.copy(), query="OCCLUDED") < 0
        return np.asarray(clear / np.float32(_DIRECTIONS), np.float32)


def box(
    middle: tuple[float, float, float],
    half: tuple[float, float, float],
    *,
    yaw: float,
    texture: Texture,
    glows: bool = False,
) -> Mesh:
    """A box that stands upright, turned by `yaw` about its middle; a room is one seen from
    within.
    """
    corners, uv = [], []
    size = _vector(half)
    for axis in range(3):
        one, other = [(2, 1), (0, 2), (0, 1)][axis]
        for sign in (-1, 1):
            quad = np.zeros((4, 3), np.float32)
            quad[:, axis] = sign
            quad[:, one], quad[:, other] = (-1, 1, 1, -1), (-1, -1, 1, 1)
            quad *= size
            places = quad[:, [one, other]]
            for triangle in ((0, 1, 2), (0, 2, 3)):
                corners.append(quad[list(triangle)])
                uv.append(places[list(triangle)])
    placed = turned(np.array(corners), yaw) + _vector(middle)
    return Mesh(corners=placed, uv=np.array(uv, np.float32), texture=texture, glows=glows)


def cylinder(
    middle: tuple[float, float, float], radius: float, half_height: float, *, texture: Texture
) -> Mesh:
    """An upright cylinder with its lids."""
    profile = [
        (0.0, half_height),
        (radius, half_height),
        (radius, -half_height),
        (0.0, -half_height),
    ]
    return _turned_profile(middle, profile, texture)


def ball(middle: tuple[float, float, float], radius: float, *, texture: Texture) -> Mesh:
    angles = np.linspace(0, np.pi, 17)
    profile = [(radius * float(np.sin(a)), radius * float(np.cos(a))) for a in angles]
    return _turned_profile(middle, profile, texture)


def turned(points: NDArray[np.float32], yaw: float) -> NDArray[np.float32]:
    """Points (..., 3) turned about the upright axis."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    matrix = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]], np.float32)
    return np.asarray(points @ matrix.T, np.float32)


def _turned_profile(
    middle: tuple[float, float, float],
    profile: list[tuple[float, float]],
    texture: Texture,
    sides: int = 32,
) -> Mesh:
    """A surface of revolution from (radius, height) pairs, top to bottom."""
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    ring = np.stack((np.cos(angle), np.zeros_like(angle), np.sin(angle)), -1)
    rows = [ring * (r, 0, r) + (0, h, 0) for r, h in profile]
    widest = max(r for r, _ in profile)
    places = [np.stack((angle * widest, np.full_like(angle, h)), -1) for _, h in profile]
    corners, uv = [], []
    for upper in range(len(profile) - 1):
        for i in range(sides):
            quad = [(upper, i), (upper, i + 1), (upper + 1, i + 1), (upper + 1, i)]
            for triangle in ((0, 1, 2), (0, 2, 3)):
                corners.append([rows[quad[k][0]][quad[k][1]] for k in triangle])
                uv.append([places[quad[k][0]][quad[k][1]] for k in triangle])
    return Mesh(
        corners=np.array(corners, np.float32) + _vector(middle),
        uv=np.array(uv, np.float32),
        texture=texture,
    )


def _vector(values: tuple[float, float, float]) -> Vectors:
    return np.array(values, np.float32)
