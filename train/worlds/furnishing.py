"""Furnishes a drawn room: models of furniture and plain bodies, things on tables, chairs around
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from train.worlds.bodies import plain_furniture, small_body
from train.worlds.floor_plan import Foot, Plan
from train.worlds.furniture import Model, meshes_of_model, parts_of, top_of
from train.worlds.raycast import Mesh, Vectors
from train.worlds.textures import Cloth, surface

_TRIES = 12


@dataclass(frozen=True, slots=True)
class Table:
    """A flat top for things to stand on: of a desk, a table, a low cupboard."""

    foot: Foot
    height_m: float


@dataclass(frozen=True, slots=True)
class Furnished:
    meshes: list[Mesh]
    tables: list[Table]


def furnished(
    rng: np.random.Generator,
    plan: Plan,
    height_m: float,
    cloth: Cloth,
    models: list[Model],
    *,
    things: int | None = None,
    crowd: float | None = None,
    tables: int | None = None,
) -> Furnished:
    """Place few or many things, by the floor's area, mostly along the walls, and things on them.

    Args:
        things: number of things; None: random.
        crowd: how full tables are, 0 to 1; None: random.
        tables: how many of the things surely have a flat top; None: one or none.
    """
    found = Furnished([], [])
    large = [m for m in models if not m.is_small and not m.hangs]
    small = [m for m in models if m.is_small]
    hung = [m for m in models if m.hangs]
    crowd = float(rng.uniform(0, 1)) ** 2 if crowd is None else crowd
    sure = int(rng.random() < 0.6) if tables is None else tables
    by_area = rng.uniform(0.25, 1.0) * plan.wide * plan.long
    count = int(np.clip(by_area, 4, 30)) if things is None else things
    for number in range(count):
        table = _some_table(rng, large) if number < sure else None
        choice = [table] if table else large
        if choice and rng.random() < 0.88:
            _stand(rng, plan, height_m, choice, large, small, cloth, found, crowd)
        elif small and rng.random() < 0.3:
            _on_the_floor(rng, plan, small, found)
        else:
            _plain_thing(rng, plan, cloth.photos, found)
    for _ in range(int(rng.integers(0, 3)) if hung else 0):
        _hang(rng, plan, height_m, hung, found)
    return found


def _some_table(rng: np.random.Generator, models: list[Model]) -> Model | None:
    for number in rng.permutation(len(models))[:25]:
        if top_of(models[int(number)]) is not None:
            return models[int(number)]
    return None


def _stand(
    rng: np.random.Generator,
    plan: Plan,
    height_m: float,
    models: list[Model],
    large: list[Model],
    small: list[Model],
    cloth: Cloth,
    found: Furnished,
    crowd: float,
) -> None:
    model = models[int(rng.integers(len(models)))]
    wide, high, deep = model.size_m
    if high + model.elevation_m > height_m - 0.02 or not parts_of(model):
        return
    walls = model.elevation_m > 0 or rng.random() < 0.6
    foot = _free(rng, plan, wide, deep, by_a_wall=walls)
    if foot is None:
        return
    at = (foot.x, model.elevation_m, foot.z)
    found.meshes.extend(meshes_of_model(model, at, foot.yaw, recoloured=recolouring(rng)))
    top = top_of(model)
    if top is None or model.elevation_m > 0:
        return
    found.tables.append(Table(foot, top.height_m))
    found.meshes.extend(
        things_on(rng, model, foot, small, cloth, int(rng.poisson(1.5 + 10 * crowd)))
    )
    if 0.6 < top.height_m < 0.9 and rng.random() < 0.6:
        _seats(rng, plan, foot, [m for m in large if m.is_seat], found)


def things_on(
    rng: np.random.Generator,
    model: Model,
    foot: Foot,
    small: list[Model],
    cloth: Cloth,
    count: int,
) -> Iterator[Mesh]:
    """Small models and plain bodies on a table, without overlaps."""
    top = top_of(model)
    assert top is not None
    wide, _, deep = model.size_m
    taken: list[Foot] = []
    for _ in range(count):
        thing = small[int(rng.integers(len(small)))] if small and rng.random() < 0.75 else None
        size = thing.size_m if thing else tuple(rng.uniform(0.04, 0.25, 3))
        for _ in range(_TRIES):
            x, z = rng.uniform(-0.5, 0.5) * wide, rng.uniform(-0.5, 0.5) * deep
            yaw = rng.normal(0, 0.3) if rng.random() < 0.5 else rng.uniform(-np.pi, np.pi)
            own = Foot(x=float(x), z=float(z), yaw=float(yaw), width=size[0], depth=size[2])
            span = np.ptp(own.corners(), axis=0)
            if not top.carries(x / wide, z / deep, span[0] / wide, span[1] / deep):
                continue
            if any(own.meets(other, gap=0.005) for other in taken):
                continue
            taken.append(own)
            place = foot.at(own.x, own.z)
            at = (place[0], top.height_m, place[1])
            if thing:
                yield from meshes_of_model(thing, at, foot.yaw + yaw, recoloured=recolouring(rng))
            else:
                yield from small_body(rng, at, foot.yaw + yaw, size, surface(rng, cloth.photos))
            break


def recolouring(rng: np.random.Generator) -> Callable[[Vectors], Vectors]:
    """Mostly the model's own colours; sometimes one other colour, or lighter or darker ones."""
    dice = rng.random()
    gain = np.exp(rng.normal(0, 0.35) + rng.normal(0, 0.1, 3)).astype(np.float32)
    other = (rng.random(3) ** 2).astype(np.float32)

    def recoloured(colour: Vectors) -> Vectors:
        mixed = 0.4 * colour + 0.6 * other * (0.3 + colour.mean()) if dice < 0.25 else colour
        return np.asarray(np.clip(mixed * gain, 0.004, 0.9), np.float32)

    return recoloured


def _free(
    rng: np.random.Generator, plan: Plan, wide: float, deep: float, *, by_a_wall: bool
) -> Foot | None:
    for _ in range(_TRIES):
        gap = float(rng.exponential(0.02)) if by_a_wall else 0.0
        foot = (
            plan.by_a_wall(rng, wide, deep, gap=gap)
            if by_a_wall
            else plan.anywhere(rng, wide, deep)
        )
        if plan.take(foot):
            return foot
    return None


def _seats(
    rng: np.random.Generator, plan: Plan, table: Foot, seats: list[Model], found: Furnished
) -> None:
    """Chairs of one kind that face the table; some are pulled out."""
    if not seats:
        return
    seat = seats[int(rng.integers(len(seats)))]
    paintwork = recolouring(rng)
    wide, _, deep = seat.size_m
    for side in range(4):
        if rng.random() < 0.4:
            continue
        length, off = (table.width, table.depth) if side % 2 == 0 else (table.depth, table.width)
        away = off / 2 + deep / 2 + rng.uniform(0.03, 0.5)
        along = rng.uniform(-0.5, 0.5) * max(0.0, length - wide)
        turn = side * np.pi / 2
        x = along * np.cos(turn) + away * np.sin(turn)
        z = away * np.cos(turn) - along * np.sin(turn)
        place = table.at(float(x), float(z))
        yaw = table.yaw + turn + np.pi + rng.normal(0, 0.25)
        foot = Foot(x=place[0], z=place[1], yaw=float(yaw), width=wide, depth=deep)
        if plan.take(foot):
            at = (foot.x, 0.0, foot.z)
            found.meshes.extend(meshes_of_model(seat, at, foot.yaw, recoloured=paintwork))


def _plain_thing(
    rng: np.random.Generator, plan: Plan, photos: list[Vectors], found: Furnished
) -> None:
    wide, deep = rng.uniform(0.4, 2.0), rng.uniform(0.4, 1.0)
    foot = _free(rng, plan, wide, deep, by_a_wall=bool(rng.random() < 0.5))
    if foot is not None:
        meshes, top = plain_furniture(rng, foot, photos)
        found.meshes.extend(meshes)
        if top is not None:
            found.tables.append(Table(foot, top))


def _on_the_floor(
    rng: np.random.Generator, plan: Plan, small: list[Model], found: Furnished
) -> None:
    model = small[int(rng.integers(len(small)))]
    foot = _free(rng, plan, model.size_m[0], model.size_m[2], by_a_wall=False)
    if foot is not None:
        at = (foot.x, 0.0, foot.z)
        found.meshes.extend(meshes_of_model(model, at, foot.yaw, recoloured=recolouring(rng)))


def _hang(
    rng: np.random.Generator, plan: Plan, height_m: float, hung: list[Model], found: Furnished
) -> None:
    model = hung[int(rng.integers(len(hung)))]
    foot = plan.anywhere(rng, model.size_m[0], model.size_m[2])
    inside = np.abs(foot.corners()) < (plan.wide / 2, plan.long / 2)
    if inside.all() and height_m - model.size_m[1] > 1.5:
        at = (foot.x, height_m - model.size_m[1], foot.z)
        found.meshes.extend(meshes_of_model(model, at, foot.yaw, recoloured=recolouring(rng)))
