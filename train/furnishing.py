"""What stands in a drawn room, and where: models of furniture if there are any, else boxes, balls
and cylinders.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np

from train.furniture import Model, parts_of, placed
from train.raycast import Mesh, Texture, Vectors, ball, box, cylinder
from train.textures import paint, surface

Where = Literal["by a wall", "anywhere", "before the camera"]
Place = tuple[float, float, float]
_CAMERA_CLEAR_M = (0.2, 0.9)
_TRIES = 12


def furnishings(
    rng: np.random.Generator,
    room: Vectors,
    camera: Vectors,
    photos: list[Vectors],
    models: list[Model],
) -> Iterator[Mesh]:
    """Three to sixteen things, most of them along the walls, none in another or in the camera, and
    often something low right before it.
    """
    floor = _Floor(room, camera, clear_m=float(rng.uniform(*_CAMERA_CLEAR_M)))
    if models and rng.random() < 0.4:
        low = [model for model in models if _stands_below(model, float(camera[1]))]
        yield from _furniture(rng, floor, low, where="before the camera")
    for _ in range(int(rng.integers(3, 17))):
        if models and rng.random() < 0.9:
            where: Where = "by a wall" if rng.random() < 0.65 else "anywhere"
            yield from _furniture(rng, floor, models, where=where)
        else:
            yield from _plain_thing(rng, floor, photos)


class _Floor:
    """The floor of a room, and what stands on it so far."""

    def __init__(self, room: Vectors, camera: Vectors, *, clear_m: float) -> None:
        self.room, self.camera, self.clear_m = room, camera, clear_m
        self._taken: list[Place] = []  # x, z and radius

    def free_place(
        self, rng: np.random.Generator, foot: tuple[float, float], *, where: Where
    ) -> Place | None:
        """x, z and yaw for a foot of (width, depth) metres; its front looks along +z at yaw 0."""
        wide, deep = foot
        half_x, half_z = float(self.room[0]) / 2, float(self.room[2]) / 2
        radius = 0.5 * float(np.hypot(wide, deep))
        for _ in range(_TRIES):
            if where == "by a wall":  # its back to the far, the left or the right wall
                side = int(rng.integers(3))
                along = rng.uniform(-1, 1) * max(0.0, (half_x if side == 0 else half_z) - wide / 2)
                gap = deep / 2 + rng.uniform(0.01, 0.1)
                spots = [
                    (along, half_z - gap, np.pi),
                    (-half_x + gap, along, np.pi / 2),
                    (half_x - gap, along, -np.pi / 2),
                ]
                x, z, yaw = spots[side]
            elif where == "before the camera":
                x = float(self.camera[0]) + rng.uniform(-1.2, 1.2)
                z = float(self.camera[2]) + radius + self.clear_m + rng.uniform(0, 0.8)
                yaw = rng.choice([0, np.pi / 2, np.pi]) + rng.normal(0, 0.2)
            else:
                x = rng.uniform(-1, 1) * max(0.0, half_x - radius)
                z = rng.uniform(-0.8, 1) * max(0.0, half_z - radius)
                yaw = rng.uniform(-np.pi, np.pi)
            from_camera = float(np.hypot(x - self.camera[0], z - self.camera[2]))
            if from_camera < radius + self.clear_m:
                continue
            if all(np.hypot(x - a, z - b) > 0.75 * (radius + r) for a, b, r in self._taken):
                self._taken.append((x, z, radius))
                return float(x), float(z), float(yaw)
        return None


def _stands_below(model: Model, height_m: float) -> bool:
    """A camera at that height looks over it, and it is no trifle."""
    return model.size_m[1] + model.elevation_m < height_m - 0.1 and max(model.size_m) > 0.6


def _furniture(
    rng: np.random.Generator, floor: _Floor, models: list[Model], *, where: Where
) -> Iterator[Mesh]:
    if not models:
        return
    model = models[int(rng.integers(len(models)))]
    wide, high, deep = model.size_m
    if not parts_of(model) or high + model.elevation_m > float(floor.room[1]):
        return
    found = floor.free_place(rng, (wide, deep), where=where)
    if found is None:
        return
    x, z, yaw = found
    at = (x, model.elevation_m, z)
    yield from placed(model, at, yaw, recoloured=_recolouring(rng))


def _recolouring(rng: np.random.Generator) -> Callable[[Vectors], Vectors]:
    """Mostly as the model is; sometimes another colour for all of it, or lighter or darker."""
    dice = rng.random()
    gain = np.exp(rng.normal(0, 0.35) + rng.normal(0, 0.1, 3)).astype(np.float32)
    other = (rng.random(3) ** 2).astype(np.float32)

    def recoloured(colour: Vectors) -> Vectors:
        mixed = 0.4 * colour + 0.6 * other * (0.3 + colour.mean()) if dice < 0.25 else colour
        return np.asarray(np.clip(mixed * gain, 0.004, 0.9), np.float32)

    return recoloured


def _plain_thing(rng: np.random.Generator, floor: _Floor, photos: list[Vectors]) -> Iterator[Mesh]:
    """A block, table, chair, sofa, shelf or column."""
    w, d = rng.uniform(0.2, 1.0), rng.uniform(0.2, 0.5)
    where: Where = "by a wall" if rng.random() < 0.5 else "anywhere"
    found = floor.free_place(rng, (2 * w, 2 * d), where=where)
    if found is None:
        return
    x, z, yaw = found
    skin, other = surface(rng, photos), paint(rng, light=False)
    cos, sin = np.cos(yaw), np.sin(yaw)

    def part(at: Place, half: Place, how: Texture) -> Mesh:
        middle = (x + cos * at[0] + sin * at[2], at[1], z + cos * at[2] - sin * at[0])
        return box(middle, half, yaw=yaw, texture=how)

    kind = rng.choice(["block", "table", "chair", "sofa", "shelf", "round"])
    if kind == "block":
        h = rng.uniform(0.15, 1.05)
        yield part((0, h, 0), (w, h, d), skin)
        if rng.random() < 0.5:
            yield ball((x, 2 * h + 0.12, z), rng.uniform(0.06, 0.16), texture=other)
    elif kind in ("table", "chair"):
        h = rng.uniform(0.35, 0.8)
        w, d = (w, d) if kind == "table" else (0.23, 0.23)
        leg = rng.uniform(0.012, 0.04)
        yield part((0, h, 0), (w, 0.02, d), skin)
        for sx in (-1, 1):
            for sz in (-1, 1):
                yield part((sx * (w - leg), h / 2, sz * (d - leg)), (leg, h / 2, leg), other)
        if kind == "chair":
            yield part((0, h + 0.25, -d), (w, 0.25, 0.02), skin)
        elif rng.random() < 0.6:
            yield part((rng.uniform(-w, w) * 0.6, h + 0.12, 0), (0.12, 0.1, 0.1), other)
    elif kind == "sofa":
        w, d = rng.uniform(0.45, 1.1), rng.uniform(0.35, 0.5)
        yield part((0, 0.21, 0), (w, 0.21, d), skin)
        yield part((0, 0.42, -d), (w, 0.42, 0.12), skin)
        for sx in (-1, 1):
            yield part((sx * w, 0.3, 0), (0.1, 0.3, d), skin)
    elif kind == "shelf":
        h = rng.uniform(0.4, 1.1)
        boards = int(rng.integers(2, 6))
        yield part((0, h, -d), (w, h, 0.01), skin)
        for sx in (-1, 1):
            yield part((sx * w, h, 0), (0.02, h, d), skin)
        for board in range(boards):
            at = 2 * h * board / (boards - 1)
            yield part((0, at, 0), (w, 0.015, d), skin)
            if rng.random() < 0.6 and board < boards - 1:
                tall = rng.uniform(0.3, 0.8) * h / (boards - 1)
                yield part((rng.uniform(-0.5, 0.5) * w, at + tall, 0), (0.3 * w, tall, 0.1), other)
    else:
        h, r = rng.uniform(0.1, 0.9), rng.uniform(0.04, 0.4)
        yield cylinder((x, h, z), r, h, texture=skin)
        if rng.random() < 0.4:
            yield ball((x, 2 * h + r, z), r * rng.uniform(0.8, 1.6), texture=other)
