"""Rays against boxes, cylinders and balls: what is hit, where, and how it is lit.

World: metres, y up. Knows nothing about rooms or what stands in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""(N, 3)."""
Texture = Callable[[NDArray[np.float32], NDArray[np.float32]], Vectors]
"""(u, v) along a surface in metres to linear colours (N, 3)."""
FAR = np.float32(1e6)


@dataclass(slots=True)
class Hits:
    """What each of N rays sees first."""

    t: NDArray[np.float32]
    """How many times its direction the ray is long; FAR where nothing is hit."""
    normal: Vectors
    albedo: Vectors
    thing: NDArray[np.int16]
    """Number of the thing in the list, -1 where nothing is hit."""


class Thing(Protocol):
    """Something that rays can hit."""

    def t(self, origin: Vectors, rays: Vectors) -> NDArray[np.float32]:
        """How far along each ray it is hit, FAR where it is not. `origin` is (3,) or (N, 3)."""
        ...

    def surface(self, points: Vectors) -> tuple[Vectors, Vectors]:
        """Normals and albedo at points on it."""
        ...

    def ball(self) -> tuple[tuple[float, float, float], float]:
        """Middle and radius of a ball around it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box that stands upright, turned by `yaw` about its middle."""

    middle: tuple[float, float, float]
    half: tuple[float, float, float]
    yaw: float
    texture: Texture
    inside_out: bool = False
    """Seen from within: a room."""

    def t(self, origin: Vectors, rays: Vectors) -> NDArray[np.float32]:
        """By slabs (Kay & Kajiya 1986)."""
        o, d = self._own(origin - _vector(self.middle)), self._own(rays)
        inverse = 1 / np.where(np.abs(d) < 1e-6, np.float32(1e-6), d)
        half = _vector(self.half)
        one, other = (-half - o) * inverse, (half - o) * inverse
        near, far = np.minimum(one, other).max(-1), np.maximum(one, other).min(-1)
        if self.inside_out:
            return np.asarray(far, np.float32)
        return np.asarray(np.where((near < far) & (near > 1e-3), near, FAR), np.float32)

    def surface(self, points: Vectors) -> tuple[Vectors, Vectors]:
        p = self._own(points - _vector(self.middle))
        face = np.abs(np.abs(p) - _vector(self.half)).argmin(-1)
        sign = np.sign(np.take_along_axis(p, face[:, None], 1))[:, 0]
        own = np.zeros_like(p)
        own[np.arange(len(p)), face] = -sign if self.inside_out else sign
        u = np.where(face == 0, p[:, 2], p[:, 0])
        v = np.where(face == 1, p[:, 2], p[:, 1])
        cos, sin = np.float32(np.cos(self.yaw)), np.float32(np.sin(self.yaw))
        normal = np.stack(
            (cos * own[:, 0] + sin * own[:, 2], own[:, 1], cos * own[:, 2] - sin * own[:, 0]), -1
        )
        return normal, self.texture(u, v)

    def ball(self) -> tuple[tuple[float, float, float], float]:
        return self.middle, float(np.linalg.norm(self.half))

    def _own(self, vectors: Vectors) -> Vectors:
        cos, sin = np.float32(np.cos(self.yaw)), np.float32(np.sin(self.yaw))
        x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
        return np.stack((cos * x - sin * z, y, sin * x + cos * z), -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cylinder:
    """An upright cylinder with a lid."""

    middle: tuple[float, float, float]
    radius: float
    half_height: float
    texture: Texture

    def t(self, origin: Vectors, rays: Vectors) -> NDArray[np.float32]:
        o = origin - _vector(self.middle)
        ox, oy, oz = o[..., 0], o[..., 1], o[..., 2]
        dx, dy, dz = rays[:, 0], rays[:, 1], rays[:, 2]
        a = np.maximum(dx * dx + dz * dz, np.float32(1e-9))
        b = ox * dx + oz * dz
        root = b * b - a * (ox * ox + oz * oz - np.float32(self.radius**2))
        side = (-b - np.sqrt(np.maximum(root, 0))) / a
        hit = (root > 0) & (side > 1e-3) & (np.abs(oy + side * dy) < self.half_height)
        lid = (self.half_height - oy) / np.where(np.abs(dy) < 1e-6, np.float32(1e-6), dy)
        on_lid = (lid > 1e-3) & (
            (ox + lid * dx) ** 2 + (oz + lid * dz) ** 2 < np.float32(self.radius**2)
        )
        nearer = np.minimum(np.where(hit, side, FAR), np.where(on_lid, lid, FAR))
        return np.asarray(nearer, np.float32)

    def surface(self, points: Vectors) -> tuple[Vectors, Vectors]:
        p = points - _vector(self.middle)
        lid = p[:, 1] > self.half_height - 1e-3
        normal = np.where(lid[:, None], _vector((0, 1, 0)), p * _vector((1, 0, 1)))
        normal = normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)
        around = np.arctan2(p[:, 2], p[:, 0]) * np.float32(self.radius)
        return normal, self.texture(np.where(lid, p[:, 0], around), np.where(lid, p[:, 2], p[:, 1]))

    def ball(self) -> tuple[tuple[float, float, float], float]:
        return self.middle, float(np.hypot(self.radius, self.half_height))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ball:
    middle: tuple[float, float, float]
    radius: float
    texture: Texture

    def t(self, origin: Vectors, rays: Vectors) -> NDArray[np.float32]:
        o = origin - _vector(self.middle)
        a, b = (rays * rays).sum(-1), (o * rays).sum(-1)
        root = b * b - a * ((o * o).sum(-1) - np.float32(self.radius**2))
        t = (-b - np.sqrt(np.maximum(root, 0))) / a
        return np.asarray(np.where((root > 0) & (t > 1e-3), t, FAR), np.float32)

    def surface(self, points: Vectors) -> tuple[Vectors, Vectors]:
        p = points - _vector(self.middle)
        normal = p / np.float32(self.radius)
        return normal, self.texture(p[:, 0], p[:, 1])

    def ball(self) -> tuple[tuple[float, float, float], float]:
        return self.middle, self.radius


def cast(things: list[Thing], origin: Vectors, rays: Vectors) -> Hits:
    """The nearest hit of every ray. `origin` is (3,), `rays` (N, 3)."""
    nearest = np.full(len(rays), FAR, np.float32)
    thing = np.full(len(rays), -1, np.int16)
    unit = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    for number, one in enumerate(things):
        near = _towards(one, origin, unit)
        t = one.t(origin, rays[near])
        closer = t < nearest[near]
        nearest[near[closer]], thing[near[closer]] = t[closer], number
    points = origin + nearest[:, None] * rays
    normal, albedo = np.zeros_like(rays), np.zeros_like(rays)
    for number, one in enumerate(things):
        here = thing == number
        if here.any():
            normal[here], albedo[here] = one.surface(points[here])
    return Hits(nearest, normal, albedo, thing)


def lit(
    things: list[Thing], points: Vectors, normal: Vectors, lamp: Vectors, softness: float
) -> NDArray[np.float32]:
    """Lambert's cosine over the squared distance to a lamp, 0 in shadow; (N,).

    `softness` is in m^2 and keeps what is close to the lamp from burning out.
    """
    away = points + normal * np.float32(0.01) - lamp
    squared = (away * away).sum(-1)
    unit = away / np.sqrt(np.maximum(squared, np.float32(1e-6)))[:, None]
    cosine = np.maximum(-(unit * normal).sum(-1), 0)
    for one in things:
        if not getattr(one, "inside_out", False):
            near = _towards(one, lamp, unit)
            near = near[cosine[near] > 0]
            cosine[near] *= one.t(lamp, away[near]) > 1 - 1e-4
    return np.asarray(cosine / (squared + np.float32(softness)), np.float32)


def _towards(thing: Thing, origin: Vectors, unit: Vectors) -> NDArray[np.intp]:
    """Numbers of the rays that come near a thing: the others need no exact answer."""
    centre, radius = thing.ball()
    away = _vector(centre) - origin
    distance = float(np.linalg.norm(away))
    if distance <= radius:
        return np.arange(len(unit))
    cosine = np.sqrt(1 - (radius / distance) ** 2)
    return np.flatnonzero(unit @ (away / np.float32(distance)) > cosine - 1e-4)


def _vector(values: tuple[float, float, float]) -> Vectors:
    return np.array(values, np.float32)
