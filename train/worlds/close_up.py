"""Somebody right in front of the camera, as before a laptop: the picture cuts them off."""

from __future__ import annotations

import numpy as np

from train.worlds.furniture import Model
from train.worlds.library import Library
from train.worlds.raycast import FAR, Mesh, Vectors
from train.worlds.shot import Shot
from train.worlds.spots import room_below

_NEAREST_M, _FARTHEST_M = 0.2, 1.6  # from the camera to the middle of the head
_BEHIND_M, _BELOW_M = 0.2, 0.5  # free space behind and below a head: not in a table
_CROWN_M = 0.12  # from the middle of a head to its top
_TRIES = 12


def someone_close(
    rng: np.random.Generator,
    shot: Shot,
    library: Library,
    standing: list[Model],
    height_m: float,
    gain: Vectors,
) -> tuple[list[Mesh], str] | None:
    """Meshes and the name of a person whose head is before the camera; None if there is no room.

    Feet may be below the floor, as if the person sat or bent down.

    Args:
        standing: models of people who stand; used beside the cut-outs with depth.
        gain: (3,), tints the person.
    """
    head = _head(rng, shot)
    if head is None:
        return None
    at = (float(head[0]), float(head[1]) + _CROWN_M - height_m, float(head[2]))
    yaw = float(np.arctan2(shot.camera.at[0] - at[0], shot.camera.at[2] - at[2]))
    person = library.person(rng)
    if person is not None and (not standing or rng.random() < 0.5):
        return [person.mesh(at, yaw + rng.normal(0, 0.15), height_m, gain)], "avatar"
    if not standing:
        return None
    model = standing[int(rng.integers(len(standing)))]
    turn = rng.normal(0, 0.6) if rng.random() < 0.8 else rng.uniform(-np.pi, np.pi)
    return list(model.meshes(at, yaw + float(turn), gain=gain)), model.name


def _head(rng: np.random.Generator, shot: Shot) -> Vectors | None:
    """A point (3,) for the middle of a head, with free space up to behind it."""
    rays = shot.camera.rays((24, 40)).reshape(24, 40, 3)
    for _ in range(_TRIES):
        ray = rays[int(rng.integers(2, 16)), int(rng.integers(5, 35))]
        away = float(np.exp(rng.uniform(np.log(_NEAREST_M), np.log(_FARTHEST_M))))
        free = shot.scene.distance(shot.camera.origin, ray[None])[0]
        head = np.asarray(shot.camera.origin + away * ray, np.float32)
        if (
            min(float(free), FAR) > away + _BEHIND_M
            and room_below(shot.scene, head[None]) > _BELOW_M
        ):
            return head
    return None
