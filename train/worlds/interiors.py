"""Interiors from existing models and scans: a house, a shop, a hospital, a warehouse, real rooms.

Each drawing takes furniture out, moves some, adds other, and changes sizes, colours and surfaces:
so few models make many rooms. Scans have no colours; their faces are painted by label or direction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.worlds.camera import Camera
from train.worlds.free_view import good_view
from train.worlds.furnishing import recolouring
from train.worlds.furniture import Model, meshes_of_model
from train.worlds.glb import pieces_of
from train.worlds.library import Library, Thing
from train.worlds.lighting import Glow, Lamp, RoomLight, tint
from train.worlds.mounts import FREE, mounted, some_mount
from train.worlds.raycast import Mesh, Scene, Vectors
from train.worlds.rearranging import Loose, furnished_world
from train.worlds.render import Indoors
from train.worlds.restyling import painted, planar_uv
from train.worlds.shapes import box
from train.worlds.shot import SIZE, VIEWS, Shot
from train.worlds.sky import some_weather
from train.worlds.spots import room_above, room_below, spot_at
from train.worlds.textures import Cloth, surface
from train.worlds.town import plain
from train.worlds.wall_things import wall_things

_TALLEST_M = 12.0


def interior_shots(
    rng: np.random.Generator, library: Library, size: tuple[int, int] = SIZE
) -> Iterator[Shot]:
    """Views of several cameras on one of the interiors in the library."""
    folder = library.data / "interiors_3d"
    names = sorted({_world(path) for path in folder.glob("*.glb")})
    if not names:
        raise FileNotFoundError(f"no interiors (.glb) in {folder}")
    scans = [name for name in names if name.startswith("scan_")]
    whole = [name for name in names if name not in scans]
    names = scans if not whole or (scans and rng.random() < 0.08) else whole  # scans are rough
    name = names[int(rng.integers(len(names)))]
    cloth = library.cloth(rng)
    moved: list[Loose] = []
    if name.startswith("scan_"):
        meshes = list(_scan(rng, folder, name, cloth))
    else:
        meshes, moved = furnished_world(rng, folder, name, cloth)
    meshes = _stretched(rng, meshes)
    meshes.extend(_lid(rng, meshes))
    meshes.extend(_more(rng, Scene(meshes), library, moved, cloth))
    bounds = bounds_of(meshes)
    hung, windows = wall_things(rng, Scene(meshes), cloth, bounds, tries=int(rng.integers(0, 60)))
    scene = Scene([*meshes, *hung])
    outside = _outside(rng, library)
    for _ in range(VIEWS):
        camera = interior_camera(rng, scene)
        if camera is None:
            continue
        light = interior_light(rng, scene, camera, size, windows)
        yield Shot(scene=scene, camera=camera, light=light, air=outside, size=size)


def _outside(rng: np.random.Generator, library: Library) -> Indoors:
    """What is seen through windows and open doors, brighter than the rooms by day."""
    sky, bright = some_weather(rng, library.photo(rng)).sky, np.float32(rng.uniform(0.8, 4))
    return Indoors(lambda rays: sky(rays) * bright)


def interior_camera(rng: np.random.Generator, scene: Scene) -> Camera | None:
    """A camera over a floor and below a ceiling, mounted as people do."""
    low, high = bounds_of(scene.meshes)
    mount = some_mount(rng, FREE)
    for _ in range(150):
        x, _, z = rng.uniform(low, high)
        middle = np.array((x, 1.2, z), np.float32)
        above, below = room_above(scene, middle), room_below(scene, middle)
        if not 0.7 < above < _TALLEST_M or below > 1.5:
            continue
        room = np.array((3.0, min(1.2 + above, 4.5), 3.0), np.float32)
        camera = mounted(rng, mount, room, [])
        away = np.degrees(rng.uniform(-np.pi, np.pi))
        at = (float(x), camera.at[1], float(z))
        camera = replace(camera, at=at, yaw=float(np.radians(away)))
        if room_below(scene, camera.origin) < 0.1 or room_below(scene, camera.origin) > 9:
            continue
        if good_view(scene, camera) and _is_inside(scene, camera):
            return camera
    return None


def interior_light(
    rng: np.random.Generator,
    scene: Scene,
    camera: Camera,
    size: tuple[int, int],
    windows: Sequence[Lamp] = (),
) -> RoomLight:
    """Lamps below the ceiling, around the camera and where it looks, and the nearest windows."""
    forward = camera.axes[2] * (1, 0, 1)
    near = sorted(windows, key=lambda lamp: float(np.linalg.norm(lamp.at - camera.origin)))
    lamps: list[Lamp] = near[:2]
    count = len(lamps) + int(rng.integers(0 if lamps else 1, 4))
    for _ in range(40):
        if len(lamps) >= count:
            break
        ahead = forward * rng.uniform(-1, 6) + rng.normal(0, 1.5, 3) * (1, 0, 1)
        at = camera.origin + ahead.astype(np.float32)
        at[1] = 1.2
        above = room_above(scene, at)
        if not 0.7 < above < _TALLEST_M:
            continue
        at[1] += above - 0.08
        wide = rng.uniform(0.05, 0.4, 2)
        sides = np.array(((wide[0], 0, 0), (0, 0, wide[1])), np.float32)
        power = np.float32(rng.uniform(0.5, 2.0) * max(1.0, above / 2) ** 2)
        lamps.append(Lamp(at=at, sides=sides, light=power * tint(rng)))
    strength = np.float32(np.exp(rng.uniform(np.log(0.08), np.log(1.5))))
    return RoomLight(glow=Glow(rng, scene, size), ambient=strength * tint(rng), lamps=lamps)


def _world(path: Path) -> str:
    name = path.stem
    return name if name.startswith("scan_") else name.split("_shell")[0].split("_furniture")[0]


def bounds_of(meshes: list[Mesh]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    corners = np.concatenate([mesh.corners.reshape(-1, 3) for mesh in meshes])
    return np.percentile(corners, 1, axis=0), np.percentile(corners, 99, axis=0)


def _is_inside(scene: Scene, camera: Camera) -> bool:
    """Whether little of the view lies outside the walls."""
    return float((scene.cast(camera.origin, camera.rays((9, 16))).mesh < 0).mean()) < 0.1


def _stretched(rng: np.random.Generator, meshes: list[Mesh]) -> list[Mesh]:
    """The world a little larger or smaller, and often its mirror image."""
    scale = np.full(3, rng.uniform(0.85, 1.15), np.float32) * rng.uniform(0.95, 1.05, 3)
    scale[0] *= rng.choice([-1, 1])
    by = scale.astype(np.float32)
    return [replace(mesh, corners=np.ascontiguousarray(mesh.corners * by)) for mesh in meshes]


def _scan(rng: np.random.Generator, folder: Path, name: str, cloth: Cloth) -> Iterator[Mesh]:
    """A scanned room: each labelled box, the floor, the ceiling, the walls get one paint."""
    labels: dict[str, Any] = json.loads((folder / "scans.json").read_text())[name[5:]]
    for piece in pieces_of(folder / f"{name}.glb"):
        corners, left = piece.corners, np.ones(len(piece.corners), np.bool_)
        middles = corners.mean(1)
        for one in labels["boxes"]:
            ends = np.array(one["corners"])
            near = (middles > ends.min(0) - 0.06).all(1) & (middles < ends.max(0) + 0.06).all(1)
            near &= left & (middles[:, 1] > 0.04)
            if near.any():
                left &= ~near
                some, skin = corners[near], surface(rng, cloth.photos)
                yield Mesh(corners=some, uv=planar_uv(some), texture=skin)
        yield from painted(rng, corners[left], cloth)


def _lid(rng: np.random.Generator, meshes: list[Mesh]) -> Iterator[Mesh]:
    """A ceiling, if most of the floor has none above it."""
    low, high = bounds_of(meshes)
    scene = Scene(meshes)
    places = rng.uniform(low, high, (40, 3)).astype(np.float32)
    places[:, 1] = 1.2
    up = np.broadcast_to(np.array((0, 1, 0), np.float32), places.shape)
    if float((scene.distance(places, up) > 100).mean()) > 0.4:
        middle, half = (low + high) / 2, (high - low) / 2 + 1
        at = (float(middle[0]), float(high[1]) + 0.05, float(middle[2]))
        size = (float(half[0]), 0.05, float(half[2]))
        yield box(at, size, yaw=0, texture=plain(np.full(3, rng.uniform(0.5, 0.85), np.float32)))


def _more(
    rng: np.random.Generator, scene: Scene, library: Library, moved: list[Loose], cloth: Cloth
) -> Iterator[Mesh]:
    """Rugs, moved objects, furniture and things for outdoors on free floor."""
    low, high = bounds_of(scene.meshes)
    standing = [m for m in library.furniture if m.elevation_m == 0]
    props = [m for m in library.outdoors.get("prop", []) if max(m.size_m) < 2]
    taken: list[tuple[float, float, float]] = []
    wanted: list[Loose | Thing] = [*moved]
    for _ in range(int(rng.integers(0, 14)) * 3):
        some: Sequence[Thing] = props if props and rng.random() < 0.12 else standing
        if some:
            wanted.append(some[int(rng.integers(len(some)))])
    for thing in wanted:
        radius = 0.5 * float(np.hypot(thing.size_m[0], thing.size_m[2])) + 0.03
        for _ in range(12 if isinstance(thing, Loose) else 2):
            x, _, z = (float(value) for value in rng.uniform(low, high))
            if any(np.hypot(x - a, z - b) < radius + r for a, b, r in taken):
                continue
            spot = spot_at(scene, x, z, radius=radius, height=thing.size_m[1] + 0.05, from_m=1.0)
            if spot is None or abs(spot.ground_m) > 0.2:
                continue
            taken.append((x, z, radius))
            yaw = float(rng.choice(4) * np.pi / 2 + rng.normal(0, 0.1))
            yaw = yaw if rng.random() < 0.6 else float(rng.uniform(-np.pi, np.pi))
            at = (x, spot.ground_m, z)
            if isinstance(thing, Loose):
                yield from thing.placed(at, yaw)
            elif isinstance(thing, Model):
                yield from meshes_of_model(thing, at, yaw, recoloured=recolouring(rng))
            else:
                gain = np.exp(rng.normal(0, 0.2, 3)).astype(np.float32)
                yield from thing.meshes(at, yaw, gain=gain)
            break
    yield from _rugs(rng, scene, (low, high), cloth)


def _rugs(
    rng: np.random.Generator, scene: Scene, bounds: tuple[Vectors, Vectors], cloth: Cloth
) -> Iterator[Mesh]:
    for _ in range(int(rng.integers(0, 12))):
        x, _, z = (float(value) for value in rng.uniform(*bounds))
        half = rng.uniform(0.3, 1.3, 2)
        spot = spot_at(scene, x, z, radius=float(half.max()), height=0.3, from_m=1.0)
        if spot is None or abs(spot.ground_m) > 0.2:
            continue
        kind = str(rng.choice(["carpet", "fabric", "photo"]))
        skin = cloth.tile(rng, kind) or surface(rng, cloth.photos)
        yaw = float(rng.choice([0, rng.uniform(-np.pi, np.pi)]))
        yield box((x, spot.ground_m, z), (half[0], 0.008, half[1]), yaw=yaw, texture=skin)
