"""Things that stand in rows: shelves with goods, racks with pallets, desks with screens, steps.

Many boxes of one surface become one mesh. Knows nothing about halls or cameras.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from train.worlds.floor_plan import Foot
from train.worlds.raycast import Mesh, Texture
from train.worlds.shapes import box
from train.worlds.textures import Cloth, paint, surface

Box = tuple[tuple[float, float, float], tuple[float, float, float]]
"""(middle, half size) in a foot's own coordinates: x along its width, z to its front."""


def boxes(foot: Foot, some: Sequence[Box], texture: Texture, *, gloss: float = 0.0) -> Mesh:
    """Boxes that stand in a foot, as one mesh."""
    made = []
    for (x, y, z), half in some:
        at = foot.at(x, z)
        made.append(box((at[0], y, at[1]), half, yaw=foot.yaw, texture=texture))
    return Mesh(
        corners=np.concatenate([one.corners for one in made]),
        uv=np.concatenate([one.uv for one in made]),
        texture=texture,
        gloss=gloss,
    )


def goods_shelf(
    rng: np.random.Generator, foot: Foot, high: float, cloth: Cloth, *, both: bool, full: float
) -> Iterator[Mesh]:
    """A shop's shelf: a foot, boards with goods on one or both sides of its back.

    Args:
        full: share of the boards' length with goods.
    """
    w, d = foot.width / 2, foot.depth / 2
    skin = paint(rng, light=bool(rng.random() < 0.7))
    levels = np.linspace(0.12, high, int(rng.integers(3, 7)))[:-1]
    back = 0.0 if both else -d + 0.015
    parts: list[Box] = [((0, high / 2, back), (w, high / 2, 0.015))]
    parts += [((x, high / 2, 0), (0.015, high / 2, d)) for x in (-w, w)]
    parts += [((0, float(y), 0), (w, 0.012, d)) for y in levels]
    yield boxes(foot, parts, skin)
    gap = float(levels[1] - levels[0]) if len(levels) > 1 else high
    sides = [(-1, d / 2), (1, d / 2)] if both else [(1, 0.0)]
    for side, off in sides:
        for y in levels:
            if rng.random() < 0.9:
                reach = d / 2 if both else d
                yield from _goods(rng, foot, (float(y), gap, side * off, reach), cloth, full)


def _goods(
    rng: np.random.Generator,
    foot: Foot,
    board: tuple[float, float, float, float],
    cloth: Cloth,
    full: float,
) -> Iterator[Mesh]:
    """Groups of equal packets along a board; `board`: height, gap to the next, z, half depth."""
    y, gap, z, reach = board
    x, end = -foot.width / 2 + 0.03, foot.width / 2 - 0.03
    while x < end:
        group = float(rng.uniform(0.3, 1.2))
        if rng.random() > full:
            x += group
            continue
        w, h = rng.uniform(0.03, 0.16), rng.uniform(0.35, 0.9) * (gap - 0.03) / 2
        deep = reach * rng.uniform(0.4, 0.9)
        packets: list[Box] = []
        stop = min(x + group, end)
        while x + 2 * w < stop:
            tall = h * rng.uniform(0.85, 1.0)
            if rng.random() < 0.93:
                back = rng.uniform(-0.25, 0.1) * reach * np.sign(z or 1)
                packets.append(((x + w, y + 0.012 + tall, z + back), (w * 0.95, tall, deep * 0.8)))
            x += 2 * w
        x = max(x, stop)
        if packets:
            yield boxes(foot, packets, surface(rng, cloth.photos))


def rack(rng: np.random.Generator, foot: Foot, levels: int, cloth: Cloth) -> Iterator[Mesh]:
    """A warehouse's rack: uprights, beams, and pallets with cartons or crates."""
    w, d, step = foot.width / 2, foot.depth / 2, float(rng.uniform(1.1, 1.9))
    bays = max(int(foot.width / 2.8), 1)
    ends = np.linspace(-w + 0.05, w - 0.05, bays + 1)
    top = levels * step
    uprights: list[Box] = [
        ((float(x), top / 2, z), (0.04, top / 2, 0.05)) for x in ends for z in (-d, d)
    ]
    yield boxes(foot, uprights, paint(rng, light=False))
    beams: list[Box] = [
        ((0, step * (level + 1) - 0.06, z), (w, 0.06, 0.025))
        for level in range(levels) for z in (-d, d)
    ]  # fmt: skip
    yield boxes(foot, beams, paint(rng, light=False))
    kinds = [cloth.tile(rng, "cardboard") or surface(rng, cloth.photos) for _ in range(3)]
    wood = cloth.tile(rng, "planks") or paint(rng, light=True)
    pallets: list[Box] = []
    loads: list[list[Box]] = [[], [], []]
    for level in range(levels):
        for bay in range(bays):
            low, high = float(ends[bay]), float(ends[bay + 1])
            for part in range(2):
                if rng.random() < 0.25:
                    continue
                x = low + (high - low) * (0.27 + 0.46 * part)
                y = step * level + (0.0 if level else 0.01)
                pallets.append(((x, y + 0.07, 0), ((high - low) * 0.21, 0.07, d * 0.95)))
                room = ((high - low) * 0.2, (step - 0.35) * rng.uniform(0.3, 0.95), d * 0.9)
                loads[int(rng.integers(3))].extend(stack(rng, (x, y + 0.14, 0.0), room))
    if pallets:
        yield boxes(foot, pallets, wood)
    for some, skin in zip(loads, kinds, strict=True):
        if some:
            yield boxes(foot, some, skin)


def stack(
    rng: np.random.Generator, at: tuple[float, float, float], room: tuple[float, float, float]
) -> Iterator[Box]:
    """Cartons in layers on a place; `room`: half width, height, half depth."""
    x, y, z = at
    across, deep, layers = (int(n) for n in rng.integers((1, 1, 1), (4, 3, 5)))
    half = (room[0] / across, room[1] / layers / 2, room[2] / deep)
    for layer in range(layers):
        for i in range(across):
            for k in range(deep):
                if layer and layer == layers - 1 and rng.random() < 0.3:
                    continue
                middle = (
                    x + (2 * i + 1 - across) * half[0] + rng.normal(0, 0.006),
                    y + (2 * layer + 1) * half[1],
                    z + (2 * k + 1 - deep) * half[2] + rng.normal(0, 0.006),
                )
                yield middle, (half[0] * 0.97, half[1], half[2] * 0.97)


def desk(rng: np.random.Generator, foot: Foot, cloth: Cloth) -> Iterator[Mesh]:
    """A desk whose user sits at +z: a top, legs or sides, perhaps drawers and a screen."""
    w, d, h = foot.width / 2, foot.depth / 2, float(rng.uniform(0.68, 0.78))
    top = cloth.tile(rng, "wood") if rng.random() < 0.5 else paint(rng, light=True)
    yield boxes(foot, [((0, h, 0), (w, 0.015, d))], top or paint(rng, light=True))
    dark = paint(rng, light=False)
    legs: list[Box]
    if rng.random() < 0.5:
        legs = [((x, h / 2, z), (0.02, h / 2, 0.02)) for x in (-w + 0.03, w - 0.03)
                for z in (-d + 0.03, d - 0.03)]  # fmt: skip
    else:
        legs = [((x, h / 2, 0), (0.015, h / 2, d)) for x in (-w + 0.02, w - 0.02)]
        legs.append(((0, h * 0.65, -d + 0.03), (w, h * 0.3, 0.01)))
    if rng.random() < 0.6:
        legs.append(((w - 0.24, h * 0.42, 0), (0.2, h * 0.38, d * 0.9)))
    yield boxes(foot, legs, dark)
    things: list[Box] = []
    if rng.random() < 0.7:
        x, half = rng.uniform(-0.3, 0.3) * w, rng.uniform(0.2, 0.33)
        things = [((x, h + 0.33, -d * 0.4), (half, half * 0.58, 0.015)),
                  ((x, h + 0.1, -d * 0.45), (0.02, 0.1, 0.015)),
                  ((x, h + 0.02, -d * 0.45), (0.11, 0.005, 0.08)),
                  ((x, h + 0.025, d * 0.4), (0.21, 0.008, 0.07))]  # fmt: skip
        yield boxes(foot, things, paint(rng, light=bool(rng.random() < 0.2)))
    for _ in range(int(rng.integers(0, 5))):
        size = rng.uniform(0.015, 0.12, 3)
        at = (rng.uniform(-0.85, 0.85) * w, h + 0.015 + size[1], rng.uniform(-0.2, 0.8) * d)
        half3 = (float(size[0]), float(size[1]), float(size[2]))
        yield boxes(foot, [(at, half3)], surface(rng, cloth.photos))


def steps(rng: np.random.Generator, foot: Foot, high: float, skin: Texture) -> Iterator[Mesh]:
    """A flight of steps that rises along -z up to a landing, with a rail."""
    count = max(round(high / 0.17), 2)
    deep = foot.depth / (count + 2)
    flight: list[Box] = []
    for number in range(count):
        top = high * (number + 1) / count
        length = foot.depth - number * deep
        flight.append(
            ((0, top / 2, (length - foot.depth) / 2), (foot.width / 2, top / 2, length / 2))
        )
    yield boxes(foot, flight, skin)
    if rng.random() < 0.8:
        rail = paint(rng, light=bool(rng.random() < 0.4))
        side = float(rng.choice([-1, 1])) * (foot.width / 2 - 0.04)
        posts: list[Box] = []
        for number in range(0, count, 2):
            y = high * (number + 1) / count
            z = foot.depth / 2 - (number + 0.5) * deep
            posts.append(((side, y + 0.45, z), (0.015, 0.45, 0.015)))
            posts.append(((side, y + 0.9, z - deep * 0.5), (0.025, 0.03, deep)))
        yield boxes(foot, posts, rail)
