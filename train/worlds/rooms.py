"""Furnished rooms, seen by cameras that are mounted as people do.

In the rooms of the first network all cameras hung on one wall and looked a little downwards, and
depth worked for such views alone. Here cameras are anywhere: on monitors, over desks, in corners,
under the ceiling, on robots. No two rooms are alike (domain randomisation, Tobin et al. 2017).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from train.worlds.floor_plan import Plan
from train.worlds.furnishing import Furnished, furnished
from train.worlds.library import Library
from train.worlds.lighting import Glow, Lamp, RoomLight, tint
from train.worlds.mounts import DESKS, INDOORS, room_camera
from train.worlds.raycast import Mesh, Scene, Texture, Vectors
from train.worlds.shapes import box
from train.worlds.shot import SIZE, VIEWS, Shot
from train.worlds.textures import Cloth, floor, paint, photo_on, surface, wall

_THIN_M = 0.01


def room_shots(
    rng: np.random.Generator, library: Library, size: tuple[int, int] = SIZE
) -> Iterator[Shot]:
    """Views of cameras of several kinds on a furnished room, each with other light."""
    is_hall = rng.random() < 0.2  # an open office, a laboratory, a classroom
    wide, long = rng.uniform((7, 9), (14, 18)) if is_hall else rng.uniform((2.4, 2.6), (8, 9))
    room = np.array((wide, rng.uniform(2.25, 3.4), long), np.float32)
    plan, cloth = Plan(float(room[0]), float(room[2])), library.cloth(rng)
    found = furnished(rng, plan, float(room[1]), cloth, library.furniture)
    yield from _shots(rng, room, found, cloth, INDOORS, size)


def desk_shots(
    rng: np.random.Generator, library: Library, size: tuple[int, int] = SIZE
) -> Iterator[Shot]:
    """Views of tables with many things on them, from above and from their edges."""
    room = rng.uniform((2.2, 2.3, 2.4), (4.5, 3.0, 5)).astype(np.float32)
    plan, cloth = Plan(float(room[0]), float(room[2])), library.cloth(rng)
    tables, crowd = int(rng.integers(1, 4)), float(rng.uniform(0.3, 1.2))
    found = furnished(
        rng, plan, float(room[1]), cloth, library.furniture, crowd=crowd, tables=tables
    )
    yield from _shots(rng, room, found, cloth, DESKS, size)


def _shots(
    rng: np.random.Generator,
    room: Vectors,
    found: Furnished,
    cloth: Cloth,
    mounts: dict[str, float],
    size: tuple[int, int],
) -> Iterator[Shot]:
    windows: list[Lamp] = []
    scene = Scene([*_shell(rng, room, cloth, windows), *found.meshes])
    for _ in range(VIEWS):
        camera = room_camera(rng, scene, room, found.tables, mounts)
        if camera is None:  # the room is too full
            return
        light = room_light(rng, scene, room, windows, size)
        yield Shot(scene=scene, camera=camera, light=light, size=size)


def room_light(
    rng: np.random.Generator,
    scene: Scene,
    room: Vectors,
    windows: list[Lamp],
    size: tuple[int, int],
) -> RoomLight:
    """One to three lamps, the windows, and ambient light."""
    area = float(room[0] * room[2])
    strength = float(np.exp(rng.uniform(np.log(0.06), np.log(2))))
    lamps = list(windows)
    for _ in range(int(rng.integers(0 if windows else 1, 4))):
        x, y, z = rng.uniform(-0.45, 0.45), rng.uniform(0.7, 0.97), rng.uniform(-0.45, 0.45)
        at = (np.array((x, y, z)) * room).astype(np.float32)
        wide = rng.uniform(0.03, 0.35, 2)
        sides = np.array(((wide[0], 0, 0), (0, 0, wide[1])), np.float32)
        power = rng.uniform(0.3, 1.5) * area / 8
        lamps.append(Lamp(at=at, sides=sides, light=np.float32(power) * tint(rng)))
    return RoomLight(
        glow=Glow(rng, scene, size), ambient=np.float32(strength) * tint(rng), lamps=lamps
    )


def _shell(
    rng: np.random.Generator, room: Vectors, cloth: Cloth, windows: list[Lamp]
) -> Iterator[Mesh]:
    """Walls, ceiling and floor, flat things on the walls, doors and windows."""
    wide, high, long = (float(side) for side in room)
    most = wall(rng, cloth)
    other = wall(rng, cloth) if rng.random() < 0.3 else most
    for side in range(4):
        middle, half = _wall_box(room, side)
        yield box(middle, half, yaw=0, texture=other if side == 0 else most)
    flat = (wide / 2, _THIN_M, long / 2)
    ground, gloss = floor(rng, cloth)
    yield box((0, -_THIN_M, 0), flat, yaw=0, texture=ground, gloss=gloss)
    yield box((0, high + _THIN_M, 0), flat, yaw=0, texture=paint(rng, light=True))
    if rng.random() < 0.5:
        yield from _skirting(room, paint(rng, light=bool(rng.random() < 0.6)))
    for _ in range(int(rng.integers(0, 6))):
        w, h = rng.uniform(0.12, 0.7), rng.uniform(0.12, 0.5)
        hung = photo_on(rng, cloth.photos) if rng.random() < 0.75 else surface(rng, cloth.photos)
        at = rng.uniform(1.1, max(1.2, high - h - 0.1))
        yield _on_wall(rng, room, int(rng.integers(4)), (w, h, at), hung)[0]
    for _ in range(int(rng.integers(0, 3))):
        w, h = rng.uniform(0.4, 0.5), rng.uniform(0.98, 1.05)
        skin = paint(rng, light=bool(rng.random() < 0.7))
        yield _on_wall(rng, room, int(rng.integers(4)), (w, h, h), skin)[0]
    if rng.random() < 0.5:
        view = photo_on(rng, cloth.photos, brightness=float(rng.uniform(0.8, 4)))
        for side in {int(rng.integers(4)) for _ in range(2)}:
            w, h = rng.uniform(0.4, min(1.3, wide / 2, long / 2)), rng.uniform(0.5, 0.9)
            shape = (w, h, min(max(h + 0.1, 1.4), high - h - 0.05))
            pane, spot = _on_wall(rng, room, side, shape, view, glows=True)
            yield pane
            windows.append(_window_lamp(rng, side, spot, (w, h)))


def _wall_box(
    room: Vectors, side: int
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Centre and half size of the wall at -z, +z, -x or +x; its inner face bounds the room."""
    wide, high, long = (float(x) for x in room)
    if side < 2:
        z = (long / 2 + _THIN_M) * (-1 if side == 0 else 1)
        return (0, high / 2, z), (wide / 2, high / 2, _THIN_M)
    x = (wide / 2 + _THIN_M) * (-1 if side == 2 else 1)
    return (x, high / 2, 0), (_THIN_M, high / 2, long / 2)


def _skirting(room: Vectors, skin: Texture) -> Iterator[Mesh]:
    for side in range(4):
        (x, _, z), (a, _, c) = _wall_box(room, side)
        yield box((x, 0.04, z), (a + 0.005, 0.04, c + 0.005), yaw=0, texture=skin)


def _on_wall(
    rng: np.random.Generator,
    room: Vectors,
    side: int,
    shape: tuple[float, float, float],
    texture: Texture,
    *,
    glows: bool = False,
) -> tuple[Mesh, tuple[float, float, float]]:
    """Something flat on a wall, and its centre; `shape`: half width, half height, height."""
    w, h, at = shape
    wide, long = float(room[0]), float(room[2])
    x, z = (float(rng.uniform(-1, 1) * max(0.0, span / 2 - w)) for span in (wide, long))
    spot = [(x, at, -long / 2), (x, at, long / 2), (-wide / 2, at, z), (wide / 2, at, z)][side]
    half = (w, h, 0.015) if side < 2 else (0.015, h, w)
    return box(spot, half, yaw=0, texture=texture, glows=glows), spot


def _window_lamp(
    rng: np.random.Generator, side: int, spot: tuple[float, float, float], half: tuple[float, float]
) -> Lamp:
    inwards = np.array([(0, 0, 1), (0, 0, -1), (1, 0, 0), (-1, 0, 0)][side], np.float32)
    along = np.array((1, 0, 0) if side < 2 else (0, 0, 1), np.float32) * np.float32(half[0])
    up = np.array((0, half[1], 0), np.float32)
    return Lamp(
        at=np.array(spot, np.float32) + inwards * np.float32(0.06),
        sides=np.stack((along, up)),
        light=np.float32(rng.uniform(0.5, 4) * half[0] * half[1] * 4) * tint(rng, 0.09),
        towards=inwards,
    )
