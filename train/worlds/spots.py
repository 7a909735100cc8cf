"""Free spots in a scene, found by rays: level ground with nothing above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.worlds.raycast import FAR, Scene, Vectors


@dataclass(frozen=True, slots=True)
class Spot:
    x: float
    z: float
    ground_m: float


def spot_at(
    scene: Scene, x: float, z: float, *, radius: float, height: float, from_m: float = 0.0
) -> Spot | None:
    """Whether the ground about (x, z) is level, and free up to `height` above it.

    Args:
        from_m: a height from which the ground is searched downwards; things above are ignored.
    """
    angle = np.arange(8) * np.pi / 4
    ring = np.stack((np.cos(angle), np.zeros(8), np.sin(angle)), -1) * radius
    places = np.concatenate((ring * 0, ring, ring * 0.5)) + np.array((x, from_m, z))
    starts = places.astype(np.float32)
    down = np.broadcast_to(np.array((0, -1, 0), np.float32), starts.shape)
    depth = scene.distance(starts, down)
    if depth[0] >= FAR or np.abs(depth - depth[0]).max() > 0.04:
        return None
    ground = float(from_m - depth[0])
    low = starts.copy()
    low[:, 1] = ground + 0.06
    up = -down
    if (scene.distance(low, up) < height - 0.06).any():
        return None
    middle = np.repeat(low[:1], 8, 0)
    for share in (0.15, 0.5, 0.9):  # and nothing stands in it
        middle[:, 1] = ground + height * share
        if (scene.distance(middle, ring.astype(np.float32)) < 1).any():
            return None
    return Spot(x, z, ground)


def room_above(scene: Scene, at: Vectors) -> float:
    """Metres from a point (3,) up to the first thing above it; FAR if there is none."""
    up = np.array(((0, 1, 0),), np.float32)
    return float(scene.distance(at, up)[0])


def room_below(scene: Scene, at: Vectors) -> float:
    """Metres from a point (3,) down to the first thing below it; FAR if there is none."""
    down = np.array(((0, -1, 0),), np.float32)
    return float(scene.distance(at, down)[0])
