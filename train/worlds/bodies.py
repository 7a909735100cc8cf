"""Things made of boxes, cylinders and balls: small things on tables, and plain furniture."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from train.worlds.floor_plan import Foot
from train.worlds.raycast import Mesh, Texture, Vectors
from train.worlds.shapes import ball, box, cylinder
from train.worlds.textures import paint, surface


def small_body(
    rng: np.random.Generator,
    at: tuple[float, float, float],
    yaw: float,
    size: tuple[float, ...],
    texture: Texture,
) -> Iterator[Mesh]:
    """A box, a mug or a ball that stands at `at`."""
    x, y, z = at
    kind = rng.choice(["box", "box", "can", "ball"])
    if kind == "box":
        half = (size[0] / 2, size[1] / 2, size[2] / 2)
        yield box((x, y + size[1] / 2, z), half, yaw=yaw, texture=texture)
        return
    radius = min(size[0], size[2]) / 2
    if kind == "can":
        yield cylinder((x, y + size[1] / 2, z), radius, size[1] / 2, texture=texture)
    else:
        yield ball((x, y + radius, z), radius, texture=texture)


def plain_furniture(
    rng: np.random.Generator, foot: Foot, photos: list[Vectors]
) -> tuple[list[Mesh], float | None]:
    """A block, table, sofa, shelf or column made of boxes, and the height of its flat top."""
    kind = str(rng.choice(["block", "table", "sofa", "shelf", "round"]))
    tops: list[float] = []
    return list(_made(rng, kind, foot, photos, tops)), tops[0] if tops else None


def _made(
    rng: np.random.Generator, kind: str, foot: Foot, photos: list[Vectors], tops: list[float]
) -> Iterator[Mesh]:
    w, d = foot.width / 2, foot.depth / 2
    skin, other = surface(rng, photos), paint(rng, light=False)

    def part(
        at: tuple[float, float, float], half: tuple[float, float, float], how: Texture
    ) -> Mesh:
        x, z = foot.at(at[0], at[2])
        return box((x, at[1], z), half, yaw=foot.yaw, texture=how)

    if kind == "block":
        h = rng.uniform(0.15, 1.05)
        yield part((0, h, 0), (w, h, d), skin)
        tops.append(2 * h)
    elif kind == "table":
        h, leg = rng.uniform(0.35, 0.8), rng.uniform(0.012, 0.04)
        yield part((0, h, 0), (w, 0.02, d), skin)
        tops.append(h + 0.02)
        for sx in (-1, 1):
            for sz in (-1, 1):
                yield part((sx * (w - leg), h / 2, sz * (d - leg)), (leg, h / 2, leg), other)
    elif kind == "sofa":
        yield part((0, 0.21, 0), (w, 0.21, d), skin)
        yield part((0, 0.42, 0.12 - d), (w, 0.42, 0.12), skin)
        for sx in (-1, 1):
            yield part((sx * (w - 0.05), 0.3, 0), (0.05, 0.3, d), skin)
    elif kind == "shelf":
        yield from _shelf(rng, part, (w, d), skin, other)
    else:
        h, r = rng.uniform(0.1, 0.9), min(w, d)
        yield cylinder((foot.x, h, foot.z), r, h, texture=skin)
        if rng.random() < 0.4:
            yield ball((foot.x, 2 * h + 0.9 * r, foot.z), 0.9 * r, texture=other)


def _shelf(
    rng: np.random.Generator,
    part: Callable[[tuple[float, float, float], tuple[float, float, float], Texture], Mesh],
    half: tuple[float, float],
    skin: Texture,
    other: Texture,
) -> Iterator[Mesh]:
    w, d = half
    d = min(d, 0.22)
    h = rng.uniform(0.4, 1.1)
    boards = int(rng.integers(2, 6))
    yield part((0, h, 0.01 - d), (w, h, 0.01), skin)
    for sx in (-1, 1):
        yield part((sx * (w - 0.02), h, 0), (0.02, h, d), skin)
    for board in range(boards):
        at = 0.015 + (2 * h - 0.03) * board / (boards - 1)
        yield part((0, at, 0), (w, 0.015, d), skin)
        if rng.random() < 0.6 and board < boards - 1:
            tall = rng.uniform(0.3, 0.8) * h / (boards - 1)
            yield part(
                (rng.uniform(-0.5, 0.5) * w, at + 0.015 + tall, 0), (0.3 * w, tall, 0.1), other
            )
