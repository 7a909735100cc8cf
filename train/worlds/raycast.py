"""Casts rays at triangles: what they hit, where, and which lamps are visible. Embree finds the
hits.

World: metres, y up, right-handed. Knows nothing about what stands in a world or about cameras.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""(N, 3)."""
Numbers = NDArray[np.float32]
"""(N,)."""
Texture = Callable[[Numbers, Numbers, Numbers], Vectors]
"""(u, v, width) to linear colours (N, 3). u and v are in metres on a surface, or as a model defines
them; width is the part of u and v that one pixel covers, so that a texture can be smoothed.
"""
FAR = np.float32(1e6)
_LIFT_M = np.float32(2e-3)  # rays that leave a surface start this far above it
_DIRECTIONS = 5
_LAYERS = 6  # layers of leaves that a ray can pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """Triangles of one texture."""

    corners: Vectors
    """(N, 3, 3): triangle, corner, xyz."""
    uv: NDArray[np.float32]
    """(N, 3, 2)."""
    texture: Texture
    glows: bool = False
    """Shines by itself, like a window: it shows its texture, whatever light falls on it."""
    gloss: float = 0.0
    """Share of light mirrored at a right angle, 0 to 1; at grazing angles it is more."""
    solid: Callable[[Numbers, Numbers], NDArray[np.bool_]] | None = None
    """Where (u, v) is solid, as for a leaf on a transparent card; None: everywhere."""
    normal: Vectors | None = None
    """(3,), one normal for the light on the whole mesh; None: each triangle's own."""


@dataclass(slots=True)
class Hits:
    """The first hit of each of N rays."""

    t: Numbers
    """Length of the ray in units of its direction's length; FAR where nothing is hit."""
    normal: Vectors
    """Unit length, towards where the ray came from."""
    albedo: Vectors
    glows: NDArray[np.bool_]
    gloss: Numbers
    mesh: NDArray[np.int64]
    """Number of the mesh in the scene; -1 where nothing is hit."""


class Scene:
    """Meshes, ready for rays."""

    def __init__(self, meshes: Iterable[Mesh]) -> None:
        self.meshes = list(meshes)
        counts = [len(mesh.corners) for mesh in self.meshes]
        self.corners = np.concatenate([mesh.corners for mesh in self.meshes]).astype(np.float32)
        self.uv = np.concatenate([mesh.uv for mesh in self.meshes]).astype(np.float32)
        self.owner = np.repeat(np.arange(len(self.meshes)), counts)
        sides = self.corners[:, 1:] - self.corners[:, :1]
        across = np.cross(sides[:, 0], sides[:, 1])
        twice_area = np.linalg.norm(across, axis=-1)
        self._normals = across / np.maximum(twice_area, 1e-12)[:, None]
        for number, mesh in enumerate(self.meshes):
            if mesh.normal is not None:
                self._normals[self.owner == number] = mesh.normal
        edges = self.uv[:, 1:] - self.uv[:, :1]
        twice_in_uv = np.abs(edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0])
        self._uv_per_m = np.sqrt(twice_in_uv / np.maximum(twice_area, 1e-12)).astype(np.float32)
        leafy = np.repeat([mesh.solid is not None for mesh in self.meshes], counts)
        self._leafy = leafy if leafy.any() else None
        self._all = _Tree(self.corners)
        self._solid = _Tree(self.corners[~leafy]) if leafy.any() else self._all

    def cast(self, origin: Vectors, rays: Vectors, *, pixel: float = 0.0) -> Hits:
        """The nearest hit of every ray. `origin` is (3,) or (N, 3), `rays` (N, 3).

        Args:
            pixel: width of a pixel at a distance of one; 0 leaves textures sharp.
        """
        starts = np.ascontiguousarray(np.broadcast_to(origin, rays.shape), np.float32)
        triangle, t, u, v = self._first(starts, np.ascontiguousarray(rays, np.float32))
        hit = np.flatnonzero(triangle >= 0)
        hits = Hits(
            t,
            np.zeros_like(rays),
            np.zeros_like(rays),
            np.zeros(len(rays), np.bool_),
            np.zeros(len(rays), np.float32),
            np.full(len(rays), -1),
        )
        if len(hit) == 0:
            return hits
        which = triangle[hit]
        normal = self._normals[which].astype(np.float32)
        cosine = dot(normal, rays[hit])
        hits.normal[hit] = normal * -np.sign(cosine)[:, None]
        places = self._places(which, u[hit], v[hit])
        length = np.sqrt(dot(rays[hit], rays[hit]))
        slant = np.sqrt(np.maximum(np.abs(cosine) / length, 0.02))
        width = (t[hit] * np.float32(pixel) * self._uv_per_m[which] / slant).astype(np.float32)
        owner = self.owner[which]
        hits.mesh[hit] = owner
        hits.albedo[hit] = self._albedo(owner, places, width)
        hits.glows[hit] = np.array([mesh.glows for mesh in self.meshes])[owner]
        hits.gloss[hit] = np.array([mesh.gloss for mesh in self.meshes], np.float32)[owner]
        return hits

    def distance(self, origin: Vectors, rays: Vectors) -> Numbers:
        """Length of each ray in units of its direction's length; FAR where nothing is hit."""
        starts = np.ascontiguousarray(np.broadcast_to(origin, rays.shape), np.float32)
        return self._first(starts, np.ascontiguousarray(rays, np.float32))[1]

    def blocked(self, starts: Vectors, rays: Vectors, reach: Numbers) -> NDArray[np.bool_]:
        """Whether something is in the way within `reach` times each ray. All (N, ...)."""
        blocked = self._solid.blocked(starts, rays, reach)
        if self._leafy is not None and not blocked.all():
            free = np.flatnonzero(~blocked)
            t = self._first(np.ascontiguousarray(starts[free]), np.ascontiguousarray(rays[free]))[1]
            blocked[free] = t < reach[free]
        return blocked

    def lit(self, points: Vectors, normal: Vectors, lamp: Vectors) -> Numbers:
        """Lambert's cosine over the squared distance to a lamp in 1/m^2, 0 in shadow; (N,)."""
        starts = points + normal * _LIFT_M
        away = lamp - starts
        squared = np.maximum(dot(away, away), np.float32(1e-6))
        cosine = np.maximum(dot(away, normal), 0) / np.sqrt(squared)
        facing = np.flatnonzero(cosine > 0)
        reach = np.ones(len(facing), np.float32)  # the lamp is at 1 ray's length
        cosine[facing[self.blocked(starts[facing], away[facing], reach)]] = 0
        return np.asarray(cosine / squared, np.float32)

    def open_share(
        self, points: Vectors, normal: Vectors, turn: Numbers, *, reach_m: float = 1.5
    ) -> Numbers:
        """Share of the half space above each point that is open for `reach_m`, 0 to 1; (N,).

        Ambient occlusion (Zhukov et al. 1998) by five directions, weighted by the cosine.

        Args:
            turn: (N,) radians by which each point's directions are turned about its normal. They
                differ between neighbours, so that a blur of the result averages many directions.
        """
        starts = points + normal * _LIFT_M
        side = np.where(np.abs(normal[:, :1]) < 0.7, _vector((1, 0, 0)), _vector((0, 1, 0)))
        tangent = np.cross(normal, side)
        tangent /= np.maximum(np.sqrt(dot(tangent, tangent)), np.float32(1e-6))[:, None]
        other = np.cross(normal, tangent)
        clear = np.zeros(len(points), np.float32)
        for number in range(_DIRECTIONS):  # Fibonacci points on a disc, lifted to the half space
            radius = np.float32(np.sqrt((number + 0.5) / _DIRECTIONS))
            angle = np.float32(number * np.pi * (3 - np.sqrt(5))) + turn
            x, y = radius * np.cos(angle)[:, None], radius * np.sin(angle)[:, None]
            rays = x * tangent + y * other + np.sqrt(1 - radius**2) * normal
            reach = np.full(len(points), reach_m, np.float32)
            clear += ~self._filled(starts, np.ascontiguousarray(rays, np.float32), reach)
        return np.asarray(clear / np.float32(_DIRECTIONS), np.float32)

    def _filled(self, starts: Vectors, rays: Vectors, reach: Numbers) -> NDArray[np.bool_]:
        """Like `blocked`, but leaves do not count."""
        return self._solid.blocked(starts, rays, reach)

    def _first(
        self, starts: Vectors, rays: Vectors
    ) -> tuple[NDArray[np.int64], Numbers, Numbers, Numbers]:
        """Triangle (-1: none), t, u and v of each ray; a ray passes where a card is not solid."""
        triangle, t, u, v = self._all.first(starts, rays)
        if self._leafy is None:
            return triangle, t, u, v
        gone = np.zeros(len(rays), np.float32)
        open_ = np.flatnonzero((triangle >= 0) & self._leafy[triangle])
        for _ in range(_LAYERS):
            passes = ~self._is_solid(triangle[open_], u[open_], v[open_])
            open_ = open_[passes]
            if len(open_) == 0:
                break
            gone[open_] = t[open_] + _LIFT_M / np.linalg.norm(rays[open_], axis=-1)
            again = self._all.first(starts[open_] + rays[open_] * gone[open_, None], rays[open_])
            triangle[open_], u[open_], v[open_] = again[0], again[2], again[3]
            t[open_] = np.where(again[0] >= 0, again[1] + gone[open_], FAR)
            open_ = open_[(again[0] >= 0) & self._leafy[again[0]]]
        return triangle, t, u, v

    def _is_solid(self, triangle: NDArray[np.int64], u: Numbers, v: Numbers) -> NDArray[np.bool_]:
        places, owner = self._places(triangle, u, v), self.owner[triangle]
        solid = np.ones(len(triangle), np.bool_)
        for number, here in _groups(owner):
            test = self.meshes[number].solid
            if test is not None:
                solid[here] = test(places[here, 0], places[here, 1])
        return solid

    def _places(self, triangle: NDArray[np.int64], u: Numbers, v: Numbers) -> NDArray[np.float32]:
        uv, a, b = self.uv[triangle], u[:, None], v[:, None]
        return np.asarray((1 - a - b) * uv[:, 0] + a * uv[:, 1] + b * uv[:, 2], np.float32)

    def _albedo(
        self, owner: NDArray[np.int64], places: NDArray[np.float32], width: Numbers
    ) -> Vectors:
        colours = np.zeros((len(owner), 3), np.float32)
        for number, here in _groups(owner):
            texture = self.meshes[number].texture
            colours[here] = texture(places[here, 0], places[here, 1], width[here])
        return colours


def dot(a: Vectors, b: Vectors) -> Numbers:
    """Row by row."""
    return np.asarray(np.einsum("ij,ij->i", a, b), np.float32)


class Both(Scene):
    """A world and its guests as one scene, without building the world again."""

    def __init__(self, world: Scene, guests: Scene) -> None:
        self.world, self.guests = world, guests
        self.meshes = world.meshes + guests.meshes

    def cast(self, origin: Vectors, rays: Vectors, *, pixel: float = 0.0) -> Hits:
        one = self.world.cast(origin, rays, pixel=pixel)
        other = self.guests.cast(origin, rays, pixel=pixel)
        nearer = np.flatnonzero(other.t < one.t)
        other.mesh += len(self.world.meshes)
        for name in ("t", "normal", "albedo", "glows", "gloss", "mesh"):
            getattr(one, name)[nearer] = getattr(other, name)[nearer]
        return one

    def distance(self, origin: Vectors, rays: Vectors) -> Numbers:
        there = self.world.distance(origin, rays), self.guests.distance(origin, rays)
        return np.asarray(np.minimum(*there), np.float32)

    def blocked(self, starts: Vectors, rays: Vectors, reach: Numbers) -> NDArray[np.bool_]:
        world = self.world.blocked(starts, rays, reach)
        return np.asarray(world | self.guests.blocked(starts, rays, reach))

    def _filled(self, starts: Vectors, rays: Vectors, reach: Numbers) -> NDArray[np.bool_]:
        world = self.world._filled(starts, rays, reach)
        return np.asarray(world | self.guests._filled(starts, rays, reach))


class _Tree:
    """Embree's scene of some triangles."""

    def __init__(self, corners: Vectors) -> None:
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene

        self._scene: Any = EmbreeScene()
        self._triangles = TriangleMesh(self._scene, np.ascontiguousarray(corners))

    def first(
        self, starts: Vectors, rays: Vectors
    ) -> tuple[NDArray[np.int64], Numbers, Numbers, Numbers]:
        found = self._scene.run(starts, rays, output=True)
        triangle = found["primID"].astype(np.int64)
        t = np.where(triangle >= 0, found["tfar"], FAR).astype(np.float32)
        return triangle, t, found["u"], found["v"]

    def blocked(self, starts: Vectors, rays: Vectors, reach: Numbers) -> NDArray[np.bool_]:
        starts, rays = np.ascontiguousarray(starts), np.ascontiguousarray(rays)
        found = self._scene.run(starts, rays, reach.copy(), query="OCCLUDED")
        return np.asarray(found >= 0)


def _groups(owner: NDArray[np.int64]) -> Iterable[tuple[int, NDArray[np.int64]]]:
    """Each number in `owner`, and where it stands."""
    if len(owner) == 0:
        return ()
    order = np.argsort(owner, kind="stable")
    numbers, firsts = np.unique(owner[order], return_index=True)
    return zip(numbers.tolist(), np.split(order, firsts[1:]), strict=True)


def _vector(values: tuple[float, float, float]) -> Vectors:
    return np.array(values, np.float32)
