"""What stands in a hall: a shop's shelves, a warehouse's racks, an office's desks, parked cars.

Knows nothing about walls, light or cameras.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from train.worlds.floor_plan import Foot, Plan
from train.worlds.furnishing import furnished, recolouring
from train.worlds.furniture import meshes_of_model
from train.worlds.library import Library
from train.worlds.raycast import Mesh, Texture, Vectors
from train.worlds.rows import boxes, desk, goods_shelf, rack, stack, steps
from train.worlds.textures import Cloth, paint, surface
from train.worlds.town import line


@dataclass(frozen=True, slots=True)
class Hall:
    """A hall that is being filled: its floor lies about the origin, longest along z."""

    rng: np.random.Generator
    plan: Plan
    high: float
    cloth: Cloth
    library: Library
    meshes: list[Mesh] = field(default_factory=list)

    def row_feet(self, wide: float, deep: float, aisle: float) -> Iterator[Foot]:
        """Feet in rows along z, back to back or one behind the other; each is taken."""
        for x in np.arange(-self.plan.wide / 2 + aisle, self.plan.wide / 2 - aisle * 0.6, aisle):
            for z in np.arange(-self.plan.long / 2 + wide, self.plan.long / 2 - wide / 2, wide):
                foot = Foot(x=float(x), z=float(z), yaw=np.pi / 2, width=wide, depth=deep)
                if self.plan.take(foot, gap=-0.01):
                    yield foot


def _shop(hall: Hall) -> None:
    """Rows of shelves, shelves along the walls, baskets and piles in the aisles."""
    rng, high = hall.rng, float(hall.rng.uniform(1.2, min(2.3, hall.high - 0.2)))
    full, deep = float(rng.uniform(0.5, 1)), float(rng.uniform(0.6, 1.0))
    aisle = deep + rng.uniform(1.2, 2.6)
    for foot in hall.row_feet(float(rng.uniform(1.0, 3.0)), deep, aisle):
        if rng.random() < 0.93:
            hall.meshes.extend(goods_shelf(rng, foot, high, hall.cloth, both=True, full=full))
    for _ in range(int(rng.integers(0, 12))):
        foot = hall.plan.by_a_wall(rng, float(rng.uniform(0.9, 2.4)), 0.45)
        if hall.plan.take(foot):
            tall = min(high + 0.3, hall.high - 0.1)
            hall.meshes.extend(goods_shelf(rng, foot, tall, hall.cloth, both=False, full=full))
    _piles(hall, int(rng.integers(0, 8)))
    _furniture(hall, int(rng.integers(0, 6)))


def _store(hall: Hall) -> None:
    """Racks with pallets, painted lanes, piles on the floor."""
    rng, step = hall.rng, 1.9
    levels = max(int(rng.integers(1, 5)), 1)
    levels = min(levels, max(int((hall.high - 0.3) / step), 1))
    for foot in hall.row_feet(float(rng.uniform(2.7, 6)), 1.1, 1.1 + rng.uniform(2.0, 4.5)):
        if rng.random() < 0.9:
            hall.meshes.extend(rack(rng, foot, levels, hall.cloth))
    _lines(hall)
    _piles(hall, int(rng.integers(2, 16)))


def _office(hall: Hall) -> None:
    """Desks in rows with chairs, screens between them, cupboards along the walls."""
    rng, wide, deep = hall.rng, float(hall.rng.uniform(1.2, 1.8)), float(hall.rng.uniform(0.6, 0.9))
    seats = [m for m in hall.library.furniture if m.is_seat and m.size_m[1] < 1.2]
    seat = seats[int(rng.integers(len(seats)))] if seats else None
    colour, screens = recolouring(rng), rng.random() < 0.4
    fabric = hall.cloth.tile(rng, "fabric") or paint(rng, light=False)
    for foot in hall.row_feet(
        wide + float(rng.uniform(0, 0.6)), deep, deep + rng.uniform(1.3, 2.6)
    ):
        if rng.random() < 0.08:
            continue
        hall.meshes.extend(desk(rng, foot, hall.cloth))
        if screens:
            high = 0.65
            hall.meshes.append(
                boxes(foot, [((0, high, -deep / 2 - 0.03), (foot.width / 2, high, 0.02))], fabric)
            )
        if seat is not None and rng.random() < 0.9:
            x, z = rng.normal(0, 0.12), deep / 2 + seat.size_m[2] * rng.uniform(0.1, 0.7)
            at = foot.at(float(x), float(z))
            yaw = foot.yaw + np.pi + float(rng.normal(0, 0.3))
            hall.meshes.extend(meshes_of_model(seat, (at[0], 0, at[1]), yaw, recoloured=colour))
    _furniture(hall, int(rng.integers(2, 12)))


def _lane(hall: Hall) -> None:
    """A corridor: doors in frames on both sides, benches and boxes along the walls."""
    rng, wide = hall.rng, hall.plan.wide
    frame, leaf = paint(rng, light=bool(rng.random() < 0.5)), paint(rng, light=False)
    half, gap = float(rng.uniform(0.4, 0.55)), float(rng.uniform(1.6, 4.5))
    frames, leaves = [], []
    for side in (-1, 1):
        for z in np.arange(-hall.plan.long / 2 + 1, hall.plan.long / 2 - 1, gap):
            if rng.random() < 0.75:
                x = side * wide / 2
                frames.append(((x, 1.05, float(z)), (0.05, 1.05, half + 0.06)))
                leaves.append(((x, 1.0, float(z)), (0.06, 1.0, half)))
    whole = Foot(x=0, z=0, yaw=0, width=1, depth=1)
    if frames:
        hall.meshes.extend((boxes(whole, frames, frame), boxes(whole, leaves, leaf)))
    if rng.random() < 0.5:  # a rail or a bumper
        high = float(rng.uniform(0.3, 1.0))
        rail = [((side * wide / 2, high, 0.0), (0.04, 0.06, hall.plan.long / 2))
                for side in (-1, 1)]  # fmt: skip
        hall.meshes.append(boxes(whole, rail, paint(rng, light=bool(rng.random() < 0.5))))
    _furniture(hall, int(rng.integers(0, 8)))
    _piles(hall, int(rng.integers(0, 4)))


def _garage(hall: Hall) -> None:
    """Cars in bays, lines between them."""
    rng, bay = hall.rng, float(hall.rng.uniform(2.4, 2.9))
    cars = [c for c in hall.library.outdoors.get("vehicle", []) if max(c.size_m) < 5.3]
    white = np.full(3, 0.7, np.float32) * rng.uniform(0.5, 1, 3).astype(np.float32)
    for side in (-1, 1):
        for z in np.arange(-hall.plan.long / 2 + bay / 2, hall.plan.long / 2 - bay / 2, bay):
            x = side * (hall.plan.wide / 2 - 2.7)
            ends = (x - side * 2.3, float(z + bay / 2)), (x + side * 2.3, float(z + bay / 2))
            hall.meshes.append(line(ends[0], ends[1], white, width=0.1))
            if cars and rng.random() < 0.5:
                car = cars[int(rng.integers(len(cars)))]
                along = car.size_m[0] > car.size_m[2]
                yaw = float(rng.choice([0, np.pi])) + (0 if along else np.pi / 2)
                foot = car.foot(x, float(z), yaw)
                if hall.plan.take(foot):
                    gain = np.exp(rng.normal(0, 0.4, 3)).astype(np.float32)
                    hall.meshes.extend(car.meshes((x, 0, float(z)), yaw, gain=gain, gloss=0.04))
    _piles(hall, int(rng.integers(0, 4)))


def _lobby(hall: Hall) -> None:
    """A large, mostly empty floor: a gym, an entrance; lines, steps, few things by the walls."""
    rng = hall.rng
    if rng.random() < 0.5:
        _lines(hall)
    if rng.random() < 0.5 and hall.plan.wide > 5:
        high = float(rng.uniform(0.5, min(2.6, hall.high - 1.2)))
        foot = hall.plan.by_a_wall(rng, float(rng.uniform(1.2, 3)), high * 1.8 + 1)
        if hall.plan.take(foot):
            skin: Texture = hall.cloth.tile(rng, "concrete") or paint(rng, light=True)
            hall.meshes.extend(steps(rng, foot, high, skin))
    _furniture(hall, int(rng.integers(3, 20)))
    _piles(hall, int(rng.integers(0, 5)))


def _furniture(hall: Hall, count: int) -> None:
    models, cloth = hall.library.furniture, hall.cloth
    hall.meshes.extend(
        furnished(hall.rng, hall.plan, hall.high, cloth, models, things=count).meshes
    )


def _piles(hall: Hall, count: int) -> None:
    """Cartons, crates and things for outdoors on free floor."""
    rng = hall.rng
    props = [p for p in hall.library.outdoors.get("prop", []) if max(p.size_m) < 1.6]
    for _ in range(count):
        if props and rng.random() < 0.3:
            prop = props[int(rng.integers(len(props)))]
            foot = hall.plan.anywhere(rng, prop.size_m[0], prop.size_m[2])
            if hall.plan.take(foot):
                gain = np.exp(rng.normal(0, 0.2, 3)).astype(np.float32)
                hall.meshes.extend(prop.meshes((foot.x, 0, foot.z), foot.yaw, gain=gain))
            continue
        half: Vectors = rng.uniform((0.2, 0.15, 0.2), (0.7, 1.4, 0.6)).astype(np.float32)
        foot = hall.plan.anywhere(rng, float(2 * half[0]), float(2 * half[2]))
        if hall.plan.take(foot):
            skin = hall.cloth.tile(rng, "cardboard") if rng.random() < 0.6 else None
            skin = skin or surface(rng, hall.cloth.photos)
            room = (float(half[0]), float(half[1]), float(half[2]))
            hall.meshes.append(boxes(foot, list(stack(rng, (0, 0, 0), room)), skin))


def _lines(hall: Hall) -> None:
    """Painted lines along and across the floor."""
    rng, colour = hall.rng, (hall.rng.random(3) ** 1.5).astype(np.float32)
    wide, long = hall.plan.wide / 2 - 0.3, hall.plan.long / 2 - 0.3
    for _ in range(int(rng.integers(2, 9))):
        if rng.random() < 0.5:
            x = float(rng.uniform(-wide, wide))
            ends = (x, -long), (x, long)
        else:
            z = float(rng.uniform(-long, long))
            ends = (-wide, z), (wide, z)
        hall.meshes.append(line(*ends, colour, width=float(rng.uniform(0.04, 0.14))))


_Size = tuple[float, float, float]
WORKPLACES: dict[str, tuple[float, _Size, _Size, Callable[[Hall], None]]] = {
    "shop": (0.22, (5, 2.6, 6), (16, 4.5, 22), _shop),
    "store": (0.16, (8, 3.5, 10), (22, 9, 34), _store),
    "office": (0.22, (5, 2.4, 6), (14, 3.4, 22), _office),
    "lane": (0.16, (1.5, 2.3, 7), (4.0, 3.6, 34), _lane),
    "garage": (0.08, (13, 2.3, 12), (18, 3.4, 34), _garage),
    "lobby": (0.16, (5, 2.5, 6), (18, 6, 24), _lobby),
}
"""Chance, least and largest (width, height, length) in metres, and what fills it."""
