"""Streets, alleys, yards, car parks and squares in all weathers. Cameras are where people mount
them: beside doors, in the corner of a shop, on poles, at eye level, on robots.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from train.worlds.camera import Camera, some_lens
from train.worlds.floor_plan import Foot
from train.worlds.free_view import good_view
from train.worlds.library import Library
from train.worlds.lighting import Glow, Lamp
from train.worlds.outdoor_site import Site
from train.worlds.raycast import Scene
from train.worlds.shot import SIZE, VIEWS, Shot
from train.worlds.sky import DayLight, some_weather
from train.worlds.street_layouts import LAYOUTS

STOPS = {"sun": -0.5, "overcast": -0.35, "dusk": -0.5, "night": -0.7}
"""Brightness of pictures outdoors (train.worlds.film), by hour."""
_LAMPS = 5
_MOUNTS = {"door": 0.2, "shop": 0.16, "high": 0.22, "eye": 0.22, "robot": 0.11, "window": 0.09}


def street_shots(
    rng: np.random.Generator, library: Library, size: tuple[int, int] = SIZE
) -> Iterator[Shot]:
    """Views of cameras of several kinds on a place outdoors."""
    site = some_site(rng, library)
    scene = Scene(site.meshes)
    for _ in range(VIEWS):
        camera = street_camera(rng, scene, site)
        if camera is None:
            continue
        light = street_light(rng, scene, site, camera, size)
        yield Shot(
            scene=scene,
            camera=camera,
            light=light,
            air=site.weather,
            size=size,
            stops=STOPS[site.weather.hour],
            outdoors=True,
        )


def some_site(rng: np.random.Generator, library: Library) -> Site:
    photo = library.photo(rng) if rng.random() < 0.65 else None
    site = Site(
        rng=rng, library=library, cloth=library.cloth(rng), weather=some_weather(rng, photo)
    )
    names, chances = list(LAYOUTS), np.array([share for share, _ in LAYOUTS.values()])
    LAYOUTS[str(rng.choice(names, p=chances / chances.sum()))][1](site)
    return site


def street_light(
    rng: np.random.Generator, scene: Scene, site: Site, camera: Camera, size: tuple[int, int]
) -> DayLight:
    """The weather's light; at dusk and night also the nearest lamps."""
    lamps = []
    bulbs = site.bulbs if site.weather.lamps_on else []
    bulbs = sorted(bulbs, key=lambda at: float(np.linalg.norm(at - camera.origin)))[:_LAMPS]
    warm = np.array((1, rng.uniform(0.6, 0.95), rng.uniform(0.25, 0.9)), np.float32)
    for at in bulbs:
        sides = np.array(((0.12, 0, 0), (0, 0, 0.12)), np.float32)
        power = np.float32(rng.uniform(0.4, 1) * float(at[1]) ** 2 * 0.5)
        down = np.array((0, -1, 0), np.float32)
        lamps.append(Lamp(at=at, sides=sides, light=power * warm, towards=down))
    if site.weather.hour == "night" and (not lamps or rng.random() < 0.3):  # the camera's own lamp
        sides = np.array(((0.03, 0, 0), (0, 0.03, 0)), np.float32)
        at = camera.origin + np.array((0, 0.06, 0), np.float32)
        lamps.append(Lamp(at=at, sides=sides, light=np.full(3, 3, np.float32)))
    return DayLight(glow=Glow(rng, scene, size, reach_m=5), weather=site.weather, lamps=lamps)


def street_camera(rng: np.random.Generator, scene: Scene, site: Site) -> Camera | None:
    names, chances = list(_MOUNTS), np.array(list(_MOUNTS.values()))
    mount = str(rng.choice(names, p=chances))
    for _ in range(50):
        camera = _mounted(rng, mount, site)
        if not site.is_inside(camera.at) and good_view(scene, camera, outdoors=True):
            return camera
    return None


def _mounted(rng: np.random.Generator, mount: str, site: Site) -> Camera:
    """A camera on one kind of mount; angles are in degrees until the last line."""
    fov, bend, roll = some_lens(rng)
    walls = [one for one in site.walls if _is_near(one[0].x, one[0].z, site)]
    x = float(rng.uniform(-1, 1) * site.half_wide_m)
    z = float(rng.uniform(-1, 1) * site.half_m)
    yaw, y, pitch = rng.uniform(-180, 180), rng.uniform(1.4, 1.85), rng.normal(-5, 6)
    if mount in ("door", "shop", "window") and walls:
        x, z, outwards = _at_a_wall(rng, walls)
        spread = {"door": 20, "shop": 38, "window": 25}[mount]
        yaw = outwards + rng.normal(0, spread)
        y, pitch = {
            "door": (rng.uniform(1.0, 1.6), rng.normal(-6, 7)),
            "shop": (rng.uniform(2.4, 3.6), rng.uniform(-38, -6)),
            "window": (rng.uniform(3.5, 8.5), rng.uniform(-45, -5)),
        }[mount]
    elif mount == "high":
        y, pitch = rng.uniform(3.6, 6.8), rng.uniform(-60, -16)
        inwards = np.degrees(np.arctan2(-x, z))
        yaw = inwards + rng.normal(0, 50) if rng.random() < 0.7 else yaw
    elif mount == "robot":
        y, pitch = rng.uniform(0.1, 0.45), rng.normal(2, 4)
    if mount in ("eye", "robot") and rng.random() < 0.5:  # along the street
        yaw = rng.choice([0, 180]) + rng.normal(0, 22)
    return Camera(
        at=(float(x), float(site.height_at(x, z) + y), float(z)),
        yaw=float(np.radians(yaw)),
        pitch=float(np.radians(np.clip(pitch, -62, 14))),
        roll=roll,
        fov=fov,
        bend=bend,
    )


def _is_near(x: float, z: float, site: Site) -> bool:
    return abs(z) < site.half_m + 12 and abs(x) < site.half_wide_m + 20


def _at_a_wall(
    rng: np.random.Generator,
    walls: list[tuple[Foot, float]],
) -> tuple[float, float, float]:
    """x, z in front of a building, and the yaw (degrees) that looks away from it."""
    foot, _ = walls[int(rng.integers(len(walls)))]
    side = 0 if rng.random() < 0.8 else int(rng.integers(4))
    length, off = (foot.width, foot.depth) if side % 2 == 0 else (foot.depth, foot.width)
    along, away = rng.uniform(-0.5, 0.5) * (length - 0.4), off / 2 + rng.uniform(0.12, 0.5)
    turn = side * np.pi / 2
    x = along * np.cos(turn) + away * np.sin(turn)
    z = away * np.cos(turn) - along * np.sin(turn)
    place = foot.at(float(x), float(z))
    front = foot.yaw + turn
    return place[0], place[1], float(np.degrees(np.arctan2(np.sin(front), -np.cos(front))))
