"""Places of work: shops, warehouses, offices, corridors, garages, lobbies.

What makes them hard: large empty floors of one colour, and the same thing again and again in rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from train.worlds.floor_plan import Foot, Plan
from train.worlds.interiors import bounds_of, interior_camera
from train.worlds.library import Library
from train.worlds.lighting import Glow, Lamp, RoomLight, tint
from train.worlds.raycast import Mesh, Scene
from train.worlds.restyling import some_wall
from train.worlds.rows import boxes
from train.worlds.shapes import box, cylinder
from train.worlds.shot import SIZE, VIEWS, Shot
from train.worlds.textures import floor, paint
from train.worlds.town import plain
from train.worlds.wall_things import wall_things
from train.worlds.workplaces import WORKPLACES, Hall

_THIN_M = 0.02


def hall_shots(
    rng: np.random.Generator, library: Library, size: tuple[int, int] = SIZE
) -> Iterator[Shot]:
    """Views of several cameras on one hall of one of the kinds."""
    names = list(WORKPLACES)
    name = names[int(rng.choice(len(names), p=[one[0] for one in WORKPLACES.values()]))]
    _, least, most, fill = WORKPLACES[name]
    wide, high, long = (float(x) for x in rng.uniform(least, most))
    hall = Hall(rng, Plan(wide, long), high, library.cloth(rng), library)
    hall.meshes.extend(_shell(hall))
    lamps = list(_ceiling(hall))
    fill(hall)
    hall.meshes.extend(_columns(hall) if wide > 6 and rng.random() < 0.5 else [])
    bounds = bounds_of(hall.meshes[:1])
    count = int(rng.integers(4, 40))
    hung, windows = wall_things(rng, Scene(hall.meshes), hall.cloth, bounds, tries=count)
    scene = Scene([*hall.meshes, *hung])
    colour = tint(rng)
    for _ in range(VIEWS):
        camera = interior_camera(rng, scene)
        if camera is None:
            continue
        ahead = camera.origin + camera.axes[2] * (2, 0, 2)
        near = sorted(lamps, key=lambda one: float(np.linalg.norm(one.at - ahead)))[:3]
        sun = sorted(windows, key=lambda one: float(np.linalg.norm(one.at - ahead)))[:2]
        power = np.float32(rng.uniform(0.5, 2.0) * max(1.0, high / 3) ** 2) * colour
        on = [Lamp(at=one.at, sides=one.sides, light=power) for one in near]
        ambient = np.float32(np.exp(rng.uniform(np.log(0.1), np.log(1.5)))) * tint(rng)
        light = RoomLight(glow=Glow(rng, scene, size), ambient=ambient, lamps=[*sun, *on])
        yield Shot(scene=scene, camera=camera, light=light, size=size)


def _shell(hall: Hall) -> Iterator[Mesh]:
    """Floor, four walls and ceiling; floors are often of one grey."""
    rng, cloth, high = hall.rng, hall.cloth, hall.high
    wide, long = hall.plan.wide / 2, hall.plan.long / 2
    ground, gloss = floor(rng, cloth)
    dice = rng.random()
    if dice < 0.35:
        grey = np.full(3, np.exp(rng.uniform(np.log(0.06), np.log(0.7))))
        ground = plain((grey * np.exp(rng.normal(0, 0.06, 3))).astype(np.float32))
        gloss = float(rng.choice([0.0, rng.uniform(0.01, 0.06)]))
    elif dice < 0.6:
        kind = str(rng.choice(["concrete", "terrazzo", "carpet", "wood_floor", "tiles"]))
        ground = cloth.tile(rng, kind, calm=0.7) or ground
    yield box((0, -_THIN_M, 0), (wide, _THIN_M, long), yaw=0, texture=ground, gloss=gloss)
    sides = [some_wall(rng, cloth, -high / 2) for _ in range(2)]
    for number, (x, z) in enumerate(((0, -1), (0, 1), (-1, 0), (1, 0))):
        middle = (x * (wide + _THIN_M), high / 2, z * (long + _THIN_M))
        half = (wide if z else _THIN_M, high / 2, long if z else _THIN_M)
        skin = sides[int(rng.random() < 0.25)] if number else sides[1]
        yield box(middle, half, yaw=0, texture=skin)
    above = cloth.tile(rng, "ceiling") if rng.random() < 0.5 else None
    top = above or paint(rng, light=bool(rng.random() < 0.85))
    yield box((0, high + _THIN_M, 0), (wide, _THIN_M, long), yaw=0, texture=top)


def _ceiling(hall: Hall) -> Iterator[Lamp]:
    """Lamps in rows, which are seen; beams and ducts below the ceiling."""
    rng, high = hall.rng, hall.high
    across, along = (float(x) for x in rng.uniform((0.05, 0.3), (0.35, 0.8)))
    steps_m = rng.uniform((1.6, 2.0), (3.5, 5.0))
    down = 0.01 if high < 3.2 else float(rng.choice([0.01, rng.uniform(0.2, 1.0)]))
    panel = plain(np.full(3, rng.uniform(1, 4), np.float32))
    panels = []
    for x in np.arange(-hall.plan.wide / 2 + 0.8, hall.plan.wide / 2 - 0.5, steps_m[0]):
        for z in np.arange(-hall.plan.long / 2 + 1, hall.plan.long / 2 - 0.5, steps_m[1]):
            if rng.random() < 0.9:
                middle = (float(x), high - down, float(z))
                panels.append((middle, (across, 0.01, along)))
                at = np.array((x, high - down - 0.03, z), np.float32)
                sides = np.array(((across, 0, 0), (0, 0, along)), np.float32)
                yield Lamp(at=at, sides=sides, light=np.ones(3, np.float32))
    whole = Foot(x=0, z=0, yaw=0, width=1, depth=1)
    if panels:
        lit = boxes(whole, panels, panel)
        hall.meshes.append(Mesh(corners=lit.corners, uv=lit.uv, texture=panel, glows=True))
    if high > 2.9 and rng.random() < 0.6:
        deep, gap = rng.uniform(0.06, 0.25), rng.uniform(1.5, 5)
        places = np.arange(-hall.plan.long / 2 + 0.3, hall.plan.long / 2, gap)
        half = (hall.plan.wide / 2, deep, 0.06)
        beams = [((0.0, high - deep, float(z)), half) for z in places]
        hall.meshes.append(boxes(whole, beams, paint(rng, light=bool(rng.random() < 0.6))))


def _columns(hall: Hall) -> Iterator[Mesh]:
    rng, thick = hall.rng, float(hall.rng.uniform(0.12, 0.35))
    skin, gap = paint(rng, light=bool(rng.random() < 0.7)), rng.uniform(3.5, 7)
    round_ = rng.random() < 0.4
    for x in np.arange(-hall.plan.wide / 2 + gap / 2, hall.plan.wide / 2 - 1, gap):
        for z in np.arange(-hall.plan.long / 2 + gap / 2, hall.plan.long / 2 - 1, gap):
            foot = Foot(x=float(x), z=float(z), yaw=0, width=2 * thick, depth=2 * thick)
            if not hall.plan.take(foot):
                continue
            middle = (foot.x, hall.high / 2, foot.z)
            if round_:
                yield cylinder(middle, thick, hall.high / 2, texture=skin)
            else:
                yield box(middle, (thick, hall.high / 2, thick), yaw=0, texture=skin)
