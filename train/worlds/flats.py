"""Flats: corridors with rooms on both sides; cameras look through doorways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from train.worlds.camera import Camera
from train.worlds.floor_plan import Foot, Plan
from train.worlds.free_view import good_view
from train.worlds.furnishing import Table, furnished
from train.worlds.furniture import Model
from train.worlds.library import Library
from train.worlds.lighting import Glow, Lamp, RoomLight, tint
from train.worlds.mounts import FREE, mounted, some_mount
from train.worlds.raycast import Mesh, Scene, Texture, Vectors
from train.worlds.shapes import box
from train.worlds.shot import SIZE, VIEWS, Shot
from train.worlds.textures import Cloth, floor, paint, photo_on, wall

_HALF_WALL_M = 0.05
_LINTEL_M = 2.06


@dataclass(frozen=True, slots=True)
class Space:
    """A room or the corridor: a rectangle between walls."""

    x: float
    z: float
    wide: float
    long: float
    doors: list[tuple[float, float]] = field(default_factory=list)
    """x and z of the centres of its doorways."""
    tables: list[Table] = field(default_factory=list)


def flat_shots(
    rng: np.random.Generator, library: Library, size: tuple[int, int] = SIZE
) -> Iterator[Shot]:
    """Views of several cameras on a corridor and its rooms."""
    high = float(rng.uniform(2.3, 3.2))
    spaces, cloth, models = some_spaces(rng), library.cloth(rng), library.furniture
    meshes = [*_walls(rng, spaces, high, cloth)]
    for number, space in enumerate(spaces):
        meshes.extend(_furnished(rng, space, high, cloth, models, few=number == 0))
    scene = Scene(meshes)
    lamps = [_ceiling_lamp(rng, space, high) for space in spaces]
    strength = np.float32(np.exp(rng.uniform(np.log(0.05), np.log(1.0))))
    ambient, tints = strength * tint(rng), tint(rng)
    for _ in range(VIEWS):
        camera = flat_camera(rng, scene, spaces, high)
        if camera is None:
            continue
        near = sorted(lamps, key=lambda lamp: float(np.linalg.norm(lamp.at - camera.origin)))
        on = [replace(lamp, light=lamp.light * tints) for lamp in near[:4]]
        light = RoomLight(glow=Glow(rng, scene, size), ambient=ambient, lamps=on)
        yield Shot(scene=scene, camera=camera, light=light, size=size)


def some_spaces(rng: np.random.Generator) -> list[Space]:
    """The corridor along z, then one to four rooms on each side of it, each with a doorway."""
    wide, long = rng.uniform(1.1, 2.6), rng.uniform(5, 16)
    spaces = [Space(0.0, 0.0, float(wide), float(long))]
    for side in (-1, 1):
        deep = rng.uniform(2.4, 6)
        count = int(np.clip(rng.integers(1, 5), 1, long / 2.2))
        cuts = np.sort(rng.uniform(-0.25, 0.25, count - 1)) / count
        ends = np.linspace(-long / 2, long / 2, count + 1)
        ends[1:-1] += cuts * long
        for start, end in pairwise(ends.tolist()):
            x, z = side * (wide + deep) / 2, (start + end) / 2
            reach = max((end - start) / 2 - 0.75, 0)
            door = (float(side * wide / 2), float(z + rng.uniform(-1, 1) * reach))
            spaces.append(Space(float(x), float(z), float(deep), float(end - start), [door]))
            spaces[0].doors.append(door)
    return spaces


def flat_camera(
    rng: np.random.Generator, scene: Scene, spaces: list[Space], high: float
) -> Camera | None:
    """A camera in one of the spaces; often it looks at a doorway or along the corridor."""
    for _ in range(60):
        number = 0 if rng.random() < 0.4 else int(rng.integers(len(spaces)))
        space = spaces[number]
        room = np.array((space.wide - 0.1, high, space.long - 0.1), np.float32)
        camera = mounted(rng, some_mount(rng, FREE), room, [])
        at = (camera.at[0] + space.x, camera.at[1], camera.at[2] + space.z)
        yaw = camera.yaw
        if space.doors and rng.random() < 0.65:
            door = space.doors[int(rng.integers(len(space.doors)))]
            yaw = np.arctan2(door[0] - at[0], -(door[1] - at[2])) + rng.normal(0, 0.2)
        if number == 0 and rng.random() < 0.6:
            yaw = rng.choice([0, np.pi]) + rng.normal(0, 0.15)
        camera = replace(camera, at=at, yaw=float(yaw))
        if good_view(scene, camera):
            return camera
    return None


def _walls(
    rng: np.random.Generator, spaces: list[Space], high: float, cloth: Cloth
) -> Iterator[Mesh]:
    """Floors, ceilings and walls, each wall once; walls along the corridor have doorways."""
    lane, above = spaces[0], paint(rng, light=True)
    most = wall(rng, cloth)
    for side in (-1, 1):
        x = side * lane.wide / 2
        doors = sorted(z for at, z in lane.doors if at == x)
        skin = most if rng.random() < 0.6 else wall(rng, cloth)
        yield from _wall_with_doors(rng, x, lane.long, doors, high, skin)
        for z in (-lane.long / 2, lane.long / 2):
            half = (lane.wide / 2, high / 2, _HALF_WALL_M)
            if side > 0:
                yield box((0, high / 2, z), half, yaw=0, texture=most)
    for space in spaces:
        ground, gloss = floor(rng, cloth)
        flat = (space.wide / 2, 0.02, space.long / 2)
        yield box((space.x, -0.02, space.z), flat, yaw=0, texture=ground, gloss=gloss)
        yield box((space.x, high + 0.02, space.z), flat, yaw=0, texture=above)
        if space is lane:
            continue
        skin = most if rng.random() < 0.4 else wall(rng, cloth)
        outer = space.x + np.sign(space.x) * space.wide / 2
        half = (_HALF_WALL_M, high / 2, space.long / 2)
        yield box((float(outer), high / 2, space.z), half, yaw=0, texture=skin)
        for z in (space.z - space.long / 2, space.z + space.long / 2):
            half = (space.wide / 2, high / 2, _HALF_WALL_M)
            yield box((space.x, high / 2, z), half, yaw=0, texture=skin)
        yield from _window(rng, space, high, cloth)


def _wall_with_doors(
    rng: np.random.Generator, x: float, long: float, doors: list[float], high: float, skin: Texture
) -> Iterator[Mesh]:
    """A wall along z at x with openings for doors; some doors have a leaf, more or less open."""
    frame = paint(rng, light=bool(rng.random() < 0.6))
    start, width = -long / 2, rng.uniform(0.75, 1.0)
    wider = rng.random() < 0.2
    for z in doors:
        half = rng.uniform(0.6, 0.72) if wider else width / 2
        yield _piece(x, start, z - half, 0, high, skin)
        yield _piece(x, z - half, z + half, _LINTEL_M, high, skin)
        for side in (-1, 1):
            at = (x, _LINTEL_M / 2, z + side * (half - 0.02))
            yield box(at, (_HALF_WALL_M + 0.02, _LINTEL_M / 2, 0.025), yaw=0, texture=frame)
        start = z + half
        if rng.random() < 0.5 and not wider:
            turn = rng.uniform(0.0, 1.9) * np.sign(x)
            middle = (x + half * np.sin(turn), 1.0, z - half + half * np.cos(turn))
            leaf = (0.02, 1.0, half - 0.02)
            yield box(middle, leaf, yaw=float(turn), texture=frame)
    yield _piece(x, start, long / 2, 0, high, skin)


def _piece(x: float, start: float, end: float, low: float, high: float, skin: Texture) -> Mesh:
    middle = (x, (low + high) / 2, (start + end) / 2)
    half = (_HALF_WALL_M, (high - low) / 2, max((end - start) / 2, 1e-3))
    return box(middle, half, yaw=0, texture=skin)


def _window(rng: np.random.Generator, space: Space, high: float, cloth: Cloth) -> Iterator[Mesh]:
    """A bright pane in a room's outer wall."""
    if rng.random() < 0.5:
        return
    side = np.sign(space.x)
    x = space.x + side * (space.wide / 2 - _HALF_WALL_M)
    w = min(rng.uniform(0.4, 1.2), space.long / 2 - 0.2)
    h = min(rng.uniform(0.5, 0.8), high / 2 - 0.6)
    view = photo_on(rng, cloth.photos, brightness=float(rng.uniform(0.8, 4)))
    at = (float(x), float(min(1.5, high - h - 0.1)), space.z)
    yield box(at, (0.012, h, w), yaw=0, texture=view, glows=True)


def _furnished(
    rng: np.random.Generator,
    space: Space,
    high: float,
    cloth: Cloth,
    models: list[Model],
    *,
    few: bool,
) -> Iterator[Mesh]:
    """Furnish a space; keep its doorways free."""
    plan = Plan(space.wide - 2.2 * _HALF_WALL_M, space.long - 2.2 * _HALF_WALL_M)
    for x, z in space.doors:
        plan.taken.append(Foot(x=x - space.x, z=z - space.z, yaw=0, width=1.9, depth=1.0))
    things = int(rng.integers(0, 6)) if few else None
    found = furnished(rng, plan, high, cloth, models, things=things)
    shift = np.array((space.x, 0, space.z), np.float32)
    for mesh in found.meshes:
        yield replace(mesh, corners=mesh.corners + shift)


def _ceiling_lamp(rng: np.random.Generator, space: Space, high: float) -> Lamp:
    """One lamp per space; some are off."""
    wide = rng.uniform(0.05, 0.4, 2)
    on = rng.random() < 0.8
    power = np.float32(rng.uniform(0.5, 2.5) if on else 0.02)
    z = space.z + rng.uniform(-0.25, 0.25) * space.long
    at: Vectors = np.array((space.x, high - 0.08, z), np.float32)
    sides = np.array(((wide[0], 0, 0), (0, 0, wide[1])), np.float32)
    return Lamp(at=at, sides=sides, light=power * tint(rng))
