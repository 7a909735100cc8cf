"""Flat things on the walls of any scene: pictures, doors, cupboards, radiators, windows with light.

Walls are found by rays, so the scene may come from anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.worlds.lighting import Lamp, tint
from train.worlds.raycast import Mesh, Scene, Vectors
from train.worlds.shapes import box
from train.worlds.spots import room_above, room_below
from train.worlds.textures import Cloth, paint, photo_on, surface

_OFF_M = 0.3
"""Distance in front of a wall from which its flatness is checked."""


@dataclass(frozen=True, slots=True)
class Place:
    """A free, flat part of a wall."""

    at: Vectors
    """(3,), its centre, on the wall."""
    out: Vectors
    """(3,), level, unit length, into the room."""

    @property
    def yaw(self) -> float:
        """For a box whose z is the wall's outward direction."""
        return float(np.arctan2(self.out[0], self.out[2]))


def wall_things(
    rng: np.random.Generator,
    scene: Scene,
    cloth: Cloth,
    bounds: tuple[Vectors, Vectors],
    *,
    tries: int,
) -> tuple[list[Mesh], list[Lamp]]:
    """Things on walls, found by rays from `tries` random places; windows also give lamps."""
    meshes: list[Mesh] = []
    lamps: list[Lamp] = []
    view = photo_on(rng, cloth.photos, brightness=float(rng.uniform(0.8, 4)))
    frame = paint(rng, light=bool(rng.random() < 0.7))
    taken: list[tuple[Vectors, float]] = []
    for _ in range(tries):
        start = rng.uniform(*bounds).astype(np.float32)
        start[1] = 1.3
        kind = str(rng.choice(["picture", "door", "cupboard", "radiator", "window"]))
        w, h, y, thick = _shape(rng, kind)
        found = _place(rng, scene, start, (w, h), y)
        if found is None or any(np.linalg.norm(found.at - at) < w + r for at, r in taken):
            continue
        taken.append((found.at, w))
        at = found.at + found.out * np.float32(thick)
        middle = (float(at[0]), float(at[1]), float(at[2]))
        half, is_window = (w, h, thick), kind == "window"
        if kind in ("door", "window"):
            rim = (w + 0.06, h + 0.06, thick * 0.7)
            meshes.append(box(middle, rim, yaw=found.yaw, texture=frame))
        skin = {"picture": photo_on(rng, cloth.photos), "window": view}.get(kind)
        skin = skin or surface(rng, cloth.photos)
        meshes.append(box(middle, half, yaw=found.yaw, texture=skin, glows=is_window))
        if is_window:
            lamps.append(_window_lamp(rng, found, (w, h)))
    return meshes, lamps


def _shape(rng: np.random.Generator, kind: str) -> tuple[float, float, float, float]:
    """Half width, half height, height of the centre, half thickness."""
    w, h, y, thick = {
        "picture": (rng.uniform(0.12, 0.7), rng.uniform(0.12, 0.5), rng.uniform(1.2, 1.9), 0.012),
        "door": (rng.uniform(0.4, 0.9), 1.02, 1.03, 0.02),
        "cupboard": (rng.uniform(0.25, 0.8), rng.uniform(0.2, 0.5), rng.uniform(1.3, 1.8), 0.16),
        "radiator": (rng.uniform(0.3, 0.9), rng.uniform(0.2, 0.35), 0.45, 0.05),
        "window": (rng.uniform(0.4, 1.1), rng.uniform(0.45, 0.8), rng.uniform(1.4, 1.7), 0.015),
    }[kind]
    return float(w), float(h), float(y), float(thick)


def _place(
    rng: np.random.Generator, scene: Scene, start: Vectors, half: tuple[float, float], y: float
) -> Place | None:
    """A flat free part of the wall that a level ray from a place indoors meets."""
    below, above = room_below(scene, start), room_above(scene, start)
    if not 0.9 < below < 1.7 or not 0.5 < above < 12:
        return None
    angle = rng.uniform(-np.pi, np.pi)
    ray = np.array(((np.sin(angle), 0, np.cos(angle)),), np.float32)
    hits = scene.cast(start, ray)
    far, out = float(hits.t[0]), hits.normal[0] * np.array((1, 0, 1), np.float32)
    if not 0.6 < far < 15 or abs(float(hits.normal[0, 1])) > 0.1:
        return None
    out = np.asarray(out / np.linalg.norm(out), np.float32)
    at = (start + ray[0] * np.float32(far)).astype(np.float32)
    at[1] = start[1] - below + y
    along = np.array((out[2], 0, -out[0]), np.float32)
    up = np.array((0, 1, 0), np.float32)
    corners = np.array(
        [at + a * half[0] * along + b * half[1] * up for a in (-1, 0, 1) for b in (-1, 0, 1)],
        np.float32,
    )
    starts = corners + out * np.float32(_OFF_M)
    wall = scene.distance(starts, np.broadcast_to(-out, starts.shape))
    return Place(at, out) if np.abs(wall - _OFF_M).max() < 0.02 else None


def _window_lamp(rng: np.random.Generator, place: Place, half: tuple[float, float]) -> Lamp:
    along = np.array((place.out[2], 0, -place.out[0]), np.float32) * np.float32(half[0])
    up = np.array((0, half[1], 0), np.float32)
    return Lamp(
        at=place.at + place.out * np.float32(0.06),
        sides=np.stack((along, up)),
        light=np.float32(rng.uniform(0.5, 5) * half[0] * half[1] * 4) * tint(rng, 0.09),
        towards=place.out,
    )
