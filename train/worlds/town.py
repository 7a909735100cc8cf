"""Pieces of a town: buildings with windows, fences, kerbs, lines on the road. Knows no layout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from train.worlds.floor_plan import Foot
from train.worlds.raycast import Mesh, Numbers, Texture, Vectors
from train.worlds.shapes import box, turned
from train.worlds.textures import Cloth, paint, surface

_FACADES = (
    ("bricks", 4),
    ("plaster", 3),
    ("concrete", 3),
    ("wood_siding", 1.5),
    ("travertine", 1),
    ("corrugated_steel", 0.7),
    ("planks", 0.5),
    ("rocks", 0.7),
)
_HIGH_M = 2.9  # height of a storey


@dataclass(frozen=True, slots=True)
class Block:
    """A building of boxes."""

    foot: Foot
    storeys: int
    ground_m: float
    """The place where it stands."""

    @property
    def height_m(self) -> float:
        return self.storeys * _HIGH_M + 0.4


def plain(colour: Vectors) -> Texture:
    def texture(u: Numbers, _v: Numbers, _width: Numbers) -> Vectors:
        return np.broadcast_to(colour, (len(u), 3))

    return texture


def building(
    rng: np.random.Generator, block: Block, cloth: Cloth, *, lit: float = 0.0
) -> Iterator[Mesh]:
    """Walls, rows of windows, doors, perhaps a shop front, a flat or a gabled roof.

    Args:
        lit: share of the lit windows.
    """
    foot, high = block.foot, block.height_m
    found = cloth.some_tile(rng, _FACADES) if rng.random() < 0.75 else None
    skin = found[1] if found else paint(rng, light=bool(rng.random() < 0.7))
    middle = (foot.x, block.ground_m + high / 2, foot.z)
    yield box(middle, (foot.width / 2, high / 2, foot.depth / 2), yaw=foot.yaw, texture=skin)
    frame = plain(np.full(3, rng.choice([0.03, 0.2, 0.75, 0.8]), np.float32))
    glass = np.array((0.02, 0.025, 0.03), np.float32) * np.float32(rng.uniform(0.5, 3))
    lamp = np.array((1.0, 0.8, 0.5), np.float32) * np.float32(rng.uniform(0.1, 0.9))
    wide, tall = rng.uniform(0.45, 0.9), rng.uniform(0.55, 0.8)
    every = rng.uniform(1.2, 2.2) + 2 * wide
    shop = rng.random() < 0.3
    door = paint(rng, light=False)
    for side in range(4):
        length = foot.width if side % 2 == 0 else foot.depth
        columns = max(int((length - 0.6) / every), 1)
        doors = {int(rng.integers(columns))} if rng.random() < 0.7 else set()
        for storey in range(block.storeys):
            for column in range(columns):
                along = (column - (columns - 1) / 2) * every
                w, h, at = wide, tall, storey * _HIGH_M + 1.6
                if storey == 0 and column in doors:
                    yield _flat(block, side, along, (0.5, 1.05, 1.05), door, 0.05)
                    continue
                if storey == 0 and shop:
                    w, h, at = every * 0.45, 1.15, 1.35
                if rng.random() < 0.05:
                    continue
                yield _flat(block, side, along, (w + 0.07, h + 0.07, at), frame, 0.04)
                on = rng.random() < lit
                pane = plain(lamp if on else glass)
                yield _flat(block, side, along, (w, h, at), pane, 0.05, glows=on, gloss=0.06)
        if storey and rng.random() < 0.2:
            yield _flat(block, side, 0, (length / 2, 0.08, _HIGH_M + 0.1), frame, 0.12)
    yield from _roof(rng, block, cloth, gabled=block.storeys < 4 and rng.random() < 0.55)


def _flat(
    block: Block,
    side: int,
    along: float,
    shape: tuple[float, float, float],
    texture: Texture,
    out_m: float,
    *,
    glows: bool = False,
    gloss: float = 0.0,
) -> Mesh:
    """Something flat on a side; `shape`: half width, half height, height of its centre."""
    foot, turn = block.foot, side * np.pi / 2
    away = (foot.depth if side % 2 == 0 else foot.width) / 2
    x = along * np.cos(turn) + away * np.sin(turn)
    z = away * np.cos(turn) - along * np.sin(turn)
    place = foot.at(float(x), float(z))
    middle = (place[0], block.ground_m + shape[2], place[1])
    half = (shape[0], shape[1], out_m)
    return box(middle, half, yaw=foot.yaw + turn, texture=texture, glows=glows, gloss=gloss)


def _roof(rng: np.random.Generator, block: Block, cloth: Cloth, *, gabled: bool) -> Iterator[Mesh]:
    foot, top = block.foot, block.ground_m + block.height_m
    skin = cloth.tile(rng, "roof") or surface(rng, cloth.photos)
    if not gabled:
        rim = (foot.width / 2 + 0.15, 0.12, foot.depth / 2 + 0.15)
        yield box((foot.x, top, foot.z), rim, yaw=foot.yaw, texture=paint(rng, light=False))
        return
    a, c = foot.width / 2 + 0.35, foot.depth / 2 + 0.35
    rise = min(a, c) * rng.uniform(0.4, 1.0)
    ridge = np.array(((-a, rise, 0), (a, rise, 0)))
    if rng.random() < 0.5:
        ridge *= (0.55, 1, 1)  # hipped
    low = np.array(((-a, 0, -c), (a, 0, -c), (a, 0, c), (-a, 0, c)))
    faces = [
        (low[0], low[1], ridge[1]),
        (low[0], ridge[1], ridge[0]),
        (low[2], low[3], ridge[0]),
        (low[2], ridge[0], ridge[1]),
        (low[1], low[2], ridge[1]),
        (low[3], low[0], ridge[0]),
        (low[0], low[1], low[2]),
        (low[0], low[2], low[3]),
    ]
    corners = turned(np.array(faces, np.float32), foot.yaw)
    corners += np.array((foot.x, top, foot.z), np.float32)
    flat = np.array(faces, np.float32)
    uv = np.stack((flat[..., 0] + flat[..., 2] * 0.3, flat[..., 1] + np.abs(flat[..., 2])), -1)
    yield Mesh(corners=corners, uv=uv.astype(np.float32), texture=skin)


def fence(
    rng: np.random.Generator,
    start: tuple[float, float],
    end: tuple[float, float],
    cloth: Cloth,
    *,
    ground_m: float = 0.0,
) -> Iterator[Mesh]:
    """A fence between two places (x, z): a wall, a hedge, boards or rails."""
    (x0, z0), (x1, z1) = start, end
    length = float(np.hypot(x1 - x0, z1 - z0))
    yaw = float(-np.arctan2(z1 - z0, x1 - x0))
    x, z = (x0 + x1) / 2, (z0 + z1) / 2
    kind = str(rng.choice(["wall", "hedge", "boards", "rails"]))
    high = rng.uniform(0.5, 2.1)
    if kind in ("wall", "hedge", "boards"):
        tile = {"wall": "bricks", "hedge": "moss", "boards": "planks"}[kind]
        if kind == "wall" and rng.random() < 0.5:
            tile = str(rng.choice(["concrete", "rocks", "plaster"]))
        skin = cloth.tile(rng, tile) or paint(rng, light=False)
        thick = {"wall": 0.12, "hedge": rng.uniform(0.25, 0.5), "boards": 0.02}[kind]
        half = (length / 2, high / 2, thick)
        yield box((x, ground_m + high / 2, z), half, yaw=yaw, texture=skin)
        return
    skin = paint(rng, light=bool(rng.random() < 0.5))
    posts = max(int(length / rng.uniform(0.15, 2.0)), 1)
    thin = rng.uniform(0.008, 0.04)
    for post in range(posts + 1):
        share = post / posts
        at = (x0 + share * (x1 - x0), ground_m + high / 2, z0 + share * (z1 - z0))
        yield box(at, (thin, high / 2, thin), yaw=yaw, texture=skin)
    for rail in range(int(rng.integers(1, 4))):
        at = (x, ground_m + high * (1 - 0.3 * rail), z)
        yield box(at, (length / 2, thin, thin), yaw=yaw, texture=skin)


def slab(
    x: tuple[float, float],
    z: tuple[float, float],
    top_m: float,
    texture: Texture,
    *,
    gloss: float = 0.0,
) -> Mesh:
    """Level raised ground between two x and two z, with its sides."""
    middle = ((x[0] + x[1]) / 2, top_m - 0.25, (z[0] + z[1]) / 2)
    half = ((x[1] - x[0]) / 2, 0.25, (z[1] - z[0]) / 2)
    return box(middle, half, yaw=0, texture=texture, gloss=gloss)


def line(
    start: tuple[float, float],
    end: tuple[float, float],
    colour: Vectors,
    *,
    width: float = 0.12,
    gloss: float = 0.0,
) -> Mesh:
    """Paint on the road, 4 mm thick."""
    (x0, z0), (x1, z1) = start, end
    length = float(np.hypot(x1 - x0, z1 - z0))
    yaw = float(-np.arctan2(z1 - z0, x1 - x0))
    middle = ((x0 + x1) / 2, 0.002, (z0 + z1) / 2)
    half = (length / 2, 0.002, width / 2)
    return box(middle, half, yaw=yaw, texture=plain(colour), gloss=gloss)
