"""Tracks of SuperTuxKart: stylised, but of many kinds; villages, woods, islands, snow, caves.

They are an option for whoever has the game's data (Debian: supertuxkart-data). Cameras are mounted
as people do beside a road: at a kerb, on a lamp post, in a window, on a robot. Karts and things to
collect are not drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from train.worlds.camera import Camera, some_lens
from train.worlds.free_view import good_view
from train.worlds.library import Library
from train.worlds.outdoor_site import Site
from train.worlds.raycast import FAR, Mesh, Scene, Vectors
from train.worlds.shot import SIZE, VIEWS, Shot
from train.worlds.sky import some_weather
from train.worlds.streets import STOPS, street_light
from train.worlds.track_models import Stretch, models_of, route_of, tracks_in
from train.worlds.track_surfaces import meshes_of

_REACH_M = 130.0
"""Things farther from the place are left out; depth ends at 60 m anyway."""
_MOUNTS = {"kerb": 0.22, "post": 0.24, "window": 0.12, "eye": 0.2, "robot": 0.22}


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a track in metres, right-handed, with the road about it."""

    scene: Scene
    road: list[Stretch]


def track_shots(
    rng: np.random.Generator, library: Library, size: tuple[int, int] = SIZE
) -> Iterator[Shot]:
    """Views of several cameras on one place of a track."""
    place = some_place(rng, library)
    if place is None:
        return
    photo = library.photo(rng) if rng.random() < 0.5 else None
    weather = some_weather(rng, photo)
    site = Site(rng=rng, library=library, cloth=library.cloth(rng), weather=weather)
    for _ in range(VIEWS):
        camera = track_camera(rng, place)
        if camera is None:
            continue
        yield Shot(
            scene=place.scene,
            camera=camera,
            light=street_light(rng, place.scene, site, camera, size),
            air=weather,
            size=size,
            stops=STOPS[weather.hour],
            outdoors=True,
        )


def some_place(rng: np.random.Generator, library: Library) -> Place | None:
    """The surroundings of a random piece of road; None if nothing is there.

    The game's roads are twice as wide as real ones, so the world shrinks to .4 to .8 of its size.
    """
    tracks = tracks_in(library.tracks)
    track = tracks[int(rng.integers(len(tracks)))]
    route = route_of(track)
    middle = route[int(rng.integers(len(route)))]
    scale = float(np.exp(rng.uniform(np.log(0.4), np.log(0.8))))
    meshes: list[Mesh] = []
    for model in models_of(track):
        meshes.extend(meshes_of(model, track, library.tracks, middle.at, scale, _REACH_M))
    if not meshes:
        return None
    to_ours = np.array((scale, scale, -scale), np.float32)
    road = [
        Stretch((one.at - middle.at) * to_ours, one.ahead * (1, 1, -1), one.half_wide * scale)
        for one in route
        if np.linalg.norm(one.at - middle.at) * scale < 25
    ]
    return Place(Scene(meshes), road)


def track_camera(rng: np.random.Generator, place: Place) -> Camera | None:
    names, chances = list(_MOUNTS), np.array(list(_MOUNTS.values()))
    mount = str(rng.choice(names, p=chances / chances.sum()))
    for _ in range(60):
        camera = _mounted(rng, mount, place)
        if camera is not None and good_view(place.scene, camera, outdoors=True):
            return camera
    return None


def _mounted(rng: np.random.Generator, mount: str, place: Place) -> Camera | None:
    """A camera beside or on the road; angles are in degrees until the last line."""
    one, other = (place.road[int(n)] for n in rng.integers(len(place.road), size=2))
    side = rng.choice([-1, 1]) * rng.uniform(0.4, 1.3)
    side = rng.uniform(-0.9, 0.9) if mount == "robot" else side
    across = np.array((one.ahead[2], 0, -one.ahead[0]))
    x, _, z = one.at + across * side * one.half_wide
    ground = _ground(place.scene, float(x), float(one.at[1]), float(z))
    if ground is None:
        return None
    y, pitch = {
        "kerb": (rng.uniform(0.4, 1.4), rng.normal(-4, 6)),
        "post": (rng.uniform(3.0, 7.0), rng.uniform(-60, -12)),
        "window": (rng.uniform(3.5, 8.5), rng.uniform(-45, -5)),
        "eye": (rng.uniform(1.4, 1.85), rng.normal(-5, 6)),
        "robot": (rng.uniform(0.1, 0.5), rng.normal(-3, 7)),
    }[mount]
    towards = other.at - (x, 0, z)
    yaw = np.degrees(np.arctan2(towards[0], -towards[2])) + rng.normal(0, 30)
    if rng.random() < 0.35:
        yaw = rng.uniform(-180, 180)
    fov, bend, roll = some_lens(rng)
    return Camera(
        at=(float(x), ground + float(y), float(z)),
        yaw=float(np.radians(yaw)),
        pitch=float(np.radians(np.clip(pitch, -62, 14))),
        roll=roll,
        fov=fov,
        bend=bend,
    )


def _ground(scene: Scene, x: float, road_m: float, z: float) -> float | None:
    """Height of the ground beside the road; None where it is much lower or covered."""
    start: Vectors = np.array((x, road_m + 2.5, z), np.float32)
    down = np.array(((0, -1, 0),), np.float32)
    below = float(scene.distance(start, down)[0])
    return road_m + 2.5 - below if below < min(float(FAR), 5.0) else None
