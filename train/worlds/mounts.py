"""Places where people mount cameras in a room: on a monitor, over a desk, in a corner, under the
ceiling, at eye level, on a robot.
"""

from __future__ import annotations

import numpy as np

from train.worlds.camera import Camera, some_lens
from train.worlds.free_view import good_view
from train.worlds.furnishing import Table
from train.worlds.raycast import Scene, Vectors

INDOORS = {
    "webcam": 0.1,
    "monitor": 0.1,
    "desk": 0.12,
    "corner": 0.17,
    "ceiling": 0.08,
    "eye": 0.14,
    "robot": 0.2,
    "any": 0.12,
}
"""How often each mount is used."""
DESKS = {"desk": 0.7, "monitor": 0.3}
_NEED_A_TABLE = ("desk", "monitor")
FREE = {name: share for name, share in INDOORS.items() if name not in _NEED_A_TABLE}
"""The mounts that need no table."""


def room_camera(
    rng: np.random.Generator,
    scene: Scene,
    room: Vectors,
    tables: list[Table],
    mounts: dict[str, float] = INDOORS,
) -> Camera | None:
    """A camera that is not inside a thing and has a view; None if none was found.

    Args:
        mounts: how often each mount is tried.
    """
    desks = [t for t in tables if 0.35 < t.height_m < 1.15 and t.foot.width * t.foot.depth > 0.2]
    mount = some_mount(rng, mounts if desks else FREE)
    for _ in range(60):
        camera = mounted(rng, mount, room, desks)
        if good_view(scene, camera, close=mount in _NEED_A_TABLE):
            return camera
    return None


def some_mount(rng: np.random.Generator, mounts: dict[str, float]) -> str:
    chances = np.array(list(mounts.values()))
    return str(rng.choice(list(mounts), p=chances / chances.sum()))


def mounted(rng: np.random.Generator, mount: str, room: Vectors, desks: list[Table]) -> Camera:
    """A camera on one kind of mount. Angles are in degrees until the last line."""
    wide, high, long = (float(x) for x in room)
    fov, bend, roll = some_lens(rng)
    x, z = rng.uniform(-0.5, 0.5) * (wide - 0.3), rng.uniform(-0.5, 0.5) * (long - 0.3)
    y, pitch = rng.uniform(0.12, high - 0.1), rng.uniform(-60, 12)
    inwards = np.degrees(np.arctan2(-x, z))  # from here to the room's centre: yaw 0 looks along -z
    yaw = rng.uniform(-180, 180)
    if mount == "desk":
        return _over_desk(rng, desks[int(rng.integers(len(desks)))], (fov, bend, roll))
    if mount == "monitor":
        return _on_monitor(rng, desks[int(rng.integers(len(desks)))], (fov, bend, roll))
    if mount == "webcam":
        x, z = _near_wall(rng, room)
        inwards = np.degrees(np.arctan2(-x, z))
        y, pitch, yaw = rng.uniform(0.75, 1.4), rng.normal(-4, 7), inwards + rng.normal(0, 30)
    elif mount == "corner":
        x, z = _near_wall(rng, room)
        inwards = np.degrees(np.arctan2(-x, z))
        y, pitch = rng.uniform(min(1.8, high - 0.3), high - 0.08), rng.uniform(-50, -8)
        yaw = inwards + rng.normal(0, 20)
    elif mount == "ceiling":
        y, pitch = high - rng.uniform(0.06, 0.15), rng.uniform(-60, -25)
    elif mount == "eye":
        y, pitch = rng.uniform(1.1, 1.85), rng.normal(-8, 9)
    elif mount == "robot":
        y, pitch = rng.uniform(0.12, 0.9), rng.normal(1, 5)
        if rng.random() < 0.6:  # looking at the floor it will drive over
            pitch = rng.uniform(-42, -5)
        yaw = inwards + rng.normal(0, 60)
    return Camera(
        at=(float(x), float(min(y, high - 0.06)), float(z)),
        yaw=float(np.radians(yaw)),
        pitch=float(np.radians(np.clip(pitch, -60, 12))),
        roll=roll,
        fov=fov,
        bend=bend,
    )


def _near_wall(rng: np.random.Generator, room: Vectors) -> tuple[float, float]:
    """A place close to one wall, often to two."""
    place = np.array((rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5))) * (room[[0, 2]] - 0.3)
    axis = int(rng.integers(2))
    both = rng.random() < 0.4
    for one in (0, 1):
        if one == axis or both:
            side = rng.choice([-1, 1])
            place[one] = side * (float(room[2 * one]) / 2 - rng.uniform(0.08, 0.4))
    return float(place[0]), float(place[1])


def _over_desk(rng: np.random.Generator, desk: Table, lens: tuple[float, float, float]) -> Camera:
    """A camera over or beside a table, whose top fills much of the picture."""
    foot = desk.foot
    x, z = foot.at(
        float(rng.uniform(-0.4, 0.4) * foot.width), float(rng.uniform(-0.4, 0.4) * foot.depth)
    )
    turn, away = rng.uniform(-np.pi, np.pi), rng.uniform(0.15, 1.0)
    above = rng.uniform(0.12, 0.8)
    at = (x - np.sin(turn) * away, desk.height_m + above, z + np.cos(turn) * away)
    pitch = -np.arctan2(above, away) + np.radians(rng.normal(6, 9))
    return Camera(
        at=(float(at[0]), float(at[1]), float(at[2])),
        yaw=float(turn + rng.normal(0, 0.2)),
        pitch=float(np.clip(pitch, np.radians(-70), np.radians(12))),
        roll=lens[2],
        fov=lens[0],
        bend=lens[1],
    )


def _on_monitor(rng: np.random.Generator, desk: Table, lens: tuple[float, float, float]) -> Camera:
    """A camera at the back of a table, like that of a laptop: it looks at whoever sits there."""
    foot = desk.foot
    along = float(rng.uniform(-0.4, 0.4) * foot.width)
    x, z = foot.at(along, float(rng.uniform(-0.45, 0.0) * foot.depth))
    height = desk.height_m + rng.uniform(0.12, 0.55)
    outwards = np.arctan2(np.sin(foot.yaw), -np.cos(foot.yaw))
    return Camera(
        at=(x, float(height), z),
        yaw=float(outwards + rng.normal(0, 0.35)),
        pitch=float(np.radians(np.clip(rng.normal(-6, 9), -40, 12))),
        roll=lens[2],
        fov=lens[0],
        bend=lens[1],
    )
