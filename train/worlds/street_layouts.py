"""Layouts of places outdoors: streets, alleys, yards, car parks, squares. Draws nothing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from train.worlds.outdoor_site import Site
from train.worlds.town import fence, line, slab

_ROAD = ("asphalt", "asphalt", "road", "concrete", "paving")
_WALK = ("paving", "paving", "concrete", "bricks", "tiles")
_LAWN = ("grass", "ground", "gravel", "moss")
_FAR_M = 260.0


def street(site: Site) -> None:
    """A road along z, pavements, houses on one or both sides, things along the kerb."""
    rng = site.rng
    half, walk = rng.uniform(2.6, 6), rng.uniform(1.2, 4)
    kerb = float(rng.choice([0.0, 0.1, 0.14]))
    _country(site)
    site.level((-half, half), (-_FAR_M, _FAR_M), 0.0, *_ROAD)
    for side in (-1, 1):
        near, far = side * half, side * (half + walk)
        lo, hi = sorted((near, far))
        site.level((lo, hi), (-_FAR_M, _FAR_M), kerb, *_WALK)
        lo, hi = sorted((far, side * (half + walk + 14)))
        site.level((lo, hi), (-_FAR_M, _FAR_M), kerb, *(_LAWN if rng.random() < 0.5 else _WALK))
        if rng.random() < 0.85:
            _row(site, side, half + walk, rng.uniform(0, 6) if rng.random() < 0.5 else 0.0)
        elif rng.random() < 0.6:
            x = side * (half + walk + 0.2)
            site.meshes.extend(fence(rng, (x, -60), (x, 60), site.cloth, ground_m=kerb))
        _kerbside(site, side, half, walk)
    _lines(site, half, site.weather.wet)
    site.half_m, site.half_wide_m = 30, half + walk
    for _ in range(int(rng.integers(0, 6))):
        x = rng.choice([-1, 1]) * half / 2
        site.vehicle(float(x), float(rng.uniform(-50, 50)), 0.0)


def alley(site: Site) -> None:
    """A narrow way between walls, with things that stand there."""
    rng = site.rng
    half = rng.uniform(1.5, 3.2)
    _country(site)
    site.level((-half - 14, half + 14), (-_FAR_M, _FAR_M), 0.0, *_ROAD, *_WALK)
    for side in (-1, 1):
        _row(site, side, half, 0.0, widest=rng.uniform(8, 20))
    site.half_m, site.half_wide_m = 18, half
    if rng.random() < 0.6:
        site.house(0, float(rng.choice([-1, 1]) * rng.uniform(14, 40)), 0.0, 2 * half - 0.3, 6)
    for _ in range(int(rng.integers(4, 14))):
        kind = "prop" if rng.random() < 0.6 else "garden"
        thing = site.some(kind, largest_m=2.6)
        if thing:
            side = rng.choice([-1, 1])
            x = side * (half - thing.size_m[2] / 2 - rng.uniform(0.05, 0.5))
            yaw = -side * np.pi / 2 + rng.normal(0, 0.1)
            site.stand(thing, float(x), float(rng.uniform(-18, 18)), float(yaw))
    for place in (-12, 4):
        if rng.random() < 0.6:
            site.bulbs.append(np.array((half - 0.4, 4, place), np.float32))


def yard(site: Site) -> None:
    """A fenced garden or court in front of a house, with a path and a drive."""
    rng = site.rng
    wide, long = rng.uniform(6, 16), rng.uniform(6, 18)
    _country(site)
    site.level((-wide, wide), (-long, long), 0.02, *_LAWN, "paving", "concrete")
    x = rng.uniform(-wide / 2, wide / 2)
    w = rng.uniform(0.5, 2.5)
    site.level((x - w, x + w), (-long, long), 0.035, "paving", "concrete", "gravel", "bricks")
    site.house(0, -long - 4.5, 0.0, min(2 * wide, rng.uniform(8, 24)), 9)
    if rng.random() < 0.6:
        site.house(float(rng.uniform(-5, 5)), long + rng.uniform(6, 20), np.pi, 12, 9)
    corners = [(-wide, -long), (-wide, long), (wide, long), (wide, -long)]
    for start, end in pairwise(corners):
        if rng.random() < 0.8:
            site.meshes.extend(fence(rng, start, end, site.cloth))
    for _ in range(int(rng.integers(0, 3))):
        site.vehicle(float(x), float(rng.uniform(-long, long) * 0.8), 0.0)
    _scatter(site, wide - 0.4, long - 0.4, int(rng.integers(10, 28)), trees=0.25)
    site.half_m, site.half_wide_m = long, wide
    site.bulbs.append(np.array((rng.uniform(-3, 3), 2.6, -long + 0.3), np.float32))


def car_park(site: Site) -> None:
    """Rows of bays with cars, lamps, a building at one side."""
    rng = site.rng
    wide, long = rng.uniform(12, 30), rng.uniform(14, 40)
    _country(site)
    site.level((-wide, wide), (-long, long), 0.0, *_ROAD)
    white = np.full(3, rng.uniform(0.35, 0.8), np.float32) * (1, 1, rng.choice([0.3, 1]))
    bay, deep, full = rng.uniform(2.4, 2.9), rng.uniform(4.6, 5.4), rng.uniform(0.15, 0.9)
    row = -wide + deep / 2 + 0.5
    while row < wide - deep / 2:
        count = int(2 * long / bay) - 1
        for number in range(count + 1):
            z = -long + (number + 0.5) * bay
            ends = (row - deep / 2, z), (row + deep / 2, z)
            site.meshes.append(line(*ends, white.astype(np.float32), gloss=site.weather.wet))
            if number < count and rng.random() < full and abs(z) < 32:
                site.vehicle(float(row + rng.normal(0, 0.2)), float(z + bay / 2), np.pi / 2)
        row += float(rng.choice([deep + 0.1, deep + 6.5]))
    for side in (-1, 1):
        if rng.random() < 0.5:
            site.house(0, side * (long + 9), 0.0 if side < 0 else np.pi, rng.uniform(14, 34), 14)
        if rng.random() < 0.5:
            x = side * (wide + 0.3)
            site.meshes.extend(fence(rng, (x, -long), (x, long), site.cloth))
        for z in np.arange(-long + 4, long, rng.uniform(14, 24)):
            site.lamp(float(side * (wide - 0.3)), float(z), 0.0 if side < 0 else np.pi)
    _scatter(site, wide + 6, long + 6, int(rng.integers(4, 20)), trees=0.5)
    site.half_m, site.half_wide_m = min(long, 25), wide


def square(site: Site) -> None:
    """An open place with houses around, trees, benches, a fountain."""
    rng = site.rng
    wide, long = rng.uniform(10, 28), rng.uniform(12, 30)
    _country(site)
    site.level((-wide - 20, wide + 20), (-long - 20, long + 20), 0.0, *_WALK, "asphalt", "gravel")
    if rng.random() < 0.5:
        a, c = wide * rng.uniform(0.2, 0.6), long * rng.uniform(0.2, 0.6)
        site.level((-a, a), (-c, c), float(rng.uniform(0.02, 0.4)), *_LAWN, "paving")
    for side in (-1, 1):
        if rng.random() < 0.85:
            _row(site, side, wide, 0.0, reach=long + 10)
        if rng.random() < 0.75:
            x = -wide + 4
            while x < wide - 4:
                w = rng.uniform(8, 18)
                site.house(float(x + w / 2), side * (long + 6), 0 if side < 0 else np.pi, w, 11.5)
                x += w + rng.choice([0, 0, 3])
        for z in np.arange(-long + 4, long, rng.uniform(12, 22)):
            site.lamp(float(side * (wide - 3)), float(z), 0.0 if side < 0 else np.pi)
    _scatter(site, wide - 2, long - 2, int(rng.integers(12, 44)), trees=0.25)
    for _ in range(int(rng.integers(0, 4))):
        place = rng.uniform(-1, 1, 2) * (wide - 3, long - 3)
        site.vehicle(float(place[0]), float(place[1]), float(rng.uniform(0, np.pi)))
    site.half_m, site.half_wide_m = min(long, 25), wide - 1


LAYOUTS: dict[str, tuple[float, Callable[[Site], None]]] = {
    "street": (0.36, street),
    "alley": (0.12, alley),
    "yard": (0.2, yard),
    "car_park": (0.15, car_park),
    "square": (0.17, square),
}
"""How often each layout is used, and its function."""


def _country(site: Site) -> None:
    """The ground, to the horizon."""
    texture, gloss = site.ground(*_LAWN, "asphalt", "paving")
    reach = (-_FAR_M, _FAR_M)
    site.meshes.append(slab(reach, reach, -0.02, texture, gloss=gloss))


def _row(
    site: Site, side: int, x: float, setback: float, *, reach: float = 62, widest: float = 24
) -> None:
    """Houses along z, their fronts at x + setback."""
    rng = site.rng
    z = -reach + rng.uniform(0, 8)
    gaps = bool(rng.random() < 0.5)
    while z < reach:
        width, depth = rng.uniform(6, widest), rng.uniform(7, 13)
        off = side * (x + setback + depth / 2 + rng.uniform(0.02, 0.3))
        site.house(float(off), float(z + width / 2), -side * np.pi / 2, float(width), float(depth))
        z += width + (rng.uniform(0.5, 8) if gaps else 0.02)
        if rng.random() < 0.06:
            z += rng.uniform(5, 15)


def _kerbside(site: Site, side: int, half: float, walk: float) -> None:
    """Lamps, trees, signs, parked cars along one side of a street."""
    rng = site.rng
    x = side * (half + 0.45)
    if rng.random() < 0.75:
        for z in np.arange(rng.uniform(-45, -30), 45, rng.uniform(16, 30)):
            site.lamp(float(x), float(z), 0.0 if side < 0 else np.pi)
    if rng.random() < 0.5:
        tree = site.some("tree", largest_m=9)
        for z in np.arange(-45, 45, rng.uniform(7, 16)):
            if tree and rng.random() < 0.8:
                site.stand(tree, float(x), float(z), float(rng.uniform(0, 6)), gap=-1.5)
    for _ in range(int(rng.integers(3, 15))):
        thing = site.some(str(rng.choice(["prop", "sign", "garden"])), largest_m=3.6)
        if thing:
            where = side * (half + rng.uniform(0.5, max(0.6, walk - 0.4)))
            yaw = rng.choice([0, 1, 2, 3]) * np.pi / 2 + rng.normal(0, 0.08)
            site.stand(thing, float(where), float(rng.uniform(-35, 35)), float(yaw))
    if rng.random() < 0.6:
        full = rng.uniform(0.2, 0.95)
        for z in np.arange(-45, 45, rng.uniform(5.2, 7)):
            if rng.random() < full:
                site.vehicle(float(side * (half - 1.15)), float(z), 0.0)


def _lines(site: Site, half: float, gloss: float) -> None:
    rng = site.rng
    if rng.random() < 0.2 or site.weather.snow:
        return
    white = np.full(3, rng.uniform(0.3, 0.8), np.float32)
    yellow = white * np.array((1, 0.75, 0.2), np.float32)
    middle = yellow if rng.random() < 0.3 else white
    dash, gap = rng.choice([(3, 4), (2, 2), (6, 3), (200, 0)])
    z = -60.0
    while z < 60:
        site.meshes.append(line((0, z), (0, min(z + dash, 60)), middle, gloss=gloss))
        z += dash + gap
    if rng.random() < 0.5:
        for side in (-1, 1):
            x = side * (half - 0.25)
            site.meshes.append(line((x, -80), (x, 80), white, gloss=gloss))
    if rng.random() < 0.4:
        z = float(rng.uniform(-15, 15))
        for x in np.arange(-half + 0.4, half - 0.2, 0.9):
            ends = (float(x), z - 1.5), (float(x), z + 1.5)
            site.meshes.append(line(*ends, white, width=0.45, gloss=gloss))


def _scatter(site: Site, wide: float, long: float, count: int, *, trees: float) -> None:
    """Trees and things anywhere."""
    rng = site.rng
    for _ in range(count):
        kind = "tree" if rng.random() < trees else str(rng.choice(["garden", "garden", "prop"]))
        thing = site.some(kind, largest_m=9 if rng.random() < 0.9 else 14)
        if thing:
            x, z = rng.uniform(-wide, wide), rng.uniform(-long, long)
            site.stand(thing, float(x), float(z), float(rng.uniform(-np.pi, np.pi)))
