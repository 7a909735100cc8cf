"""Empty rooms drawn and lit here, without end: plates whose depth is exact.

Rendered rooms are few: with 84 of them to train on, depth was at home there (delta1 .92) and less
so in rooms never seen (.77). These are boxes with plain furniture, but no two are alike: domain
randomisation (Tobin et al. 2017) for depth. Knows nothing about training.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from train.raycast import FAR, Ball, Box, Cylinder, Texture, Thing, Vectors, cast, lit

Pixels = NDArray[np.uint8]
SIZE = (256, 448)
"""(height, width); samples are crops of it, brought to less, which smooths its edges."""


def write_rooms(
    folder: Path,
    count: int,
    pictures: list[Path],
    *,
    seed: int = 1,
    processes: int = 2,
    on_room: Callable[[], None] = lambda: None,
) -> None:
    """Write a set of `count` empty rooms: manifest.jsonl, plate/, depth/. Goes on where it stopped.

    Args:
        pictures: photographs to hang on the walls and to cover things with.
    """
    for name in ("plate", "depth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    draw = partial(_write_room, folder, pictures, seed)
    with ProcessPoolExecutor(processes) as pool:
        for _ in pool.map(draw, range(count), chunksize=4):
            on_room()
    part = folder / "manifest.jsonl.part"
    part.write_text("".join(json.dumps(_item(number)) + "\n" for number in range(count)))
    part.replace(folder / "manifest.jsonl")


def _write_room(folder: Path, pictures: list[Path], seed: int, number: int) -> None:
    item = _item(number)
    if (folder / item["depth_mm"]).exists():  # written last
        return
    rng = np.random.default_rng((seed, number))
    chosen = [pictures[i] for i in rng.integers(len(pictures), size=4)] if pictures else []
    pixels, depth_m = drawn_room(rng, [_light_of(path) for path in chosen])
    plate = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(folder / item["plate"]), plate, [cv2.IMWRITE_WEBP_QUALITY, 92])
    millimetres = np.rint(np.clip(depth_m * 1000, 0, 65535)).astype(np.uint16)
    part = folder / "depth" / f".{number}.png"
    cv2.imwrite(str(part), millimetres)
    part.replace(folder / item["depth_mm"])


def _item(number: int) -> dict[str, Any]:
    name = f"made_{number:05d}x"  # the x keeps it out of the validation scenes, which end in 7
    plate, depth = f"plate/{name}.webp", f"depth/{name}.png"
    return {"frame": plate, "plate": plate, "alpha": None, "depth_mm": depth} | {
        "scene": name,
        "empty": True,
    }


def drawn_room(
    rng: np.random.Generator, photos: list[Vectors], size: tuple[int, int] = SIZE
) -> tuple[Pixels, NDArray[np.float32]]:
    """A room's picture, uint8 RGB (H, W, 3), and its depth along the optical axis in metres."""
    room = np.array((rng.uniform(2.5, 9), rng.uniform(2.2, 3.6), rng.uniform(3, 10)), np.float32)
    origin, rays = _camera(rng, room, size)
    things = list(_shell(rng, room, photos))
    for _ in range(int(rng.integers(2, 11))):
        things.extend(_furniture(rng, room, origin, photos))
    hits = cast(things, origin, rays)
    points = origin + hits.t[:, None] * rays
    light = _light(rng, things, points, hits.normal, room)
    colour = hits.albedo * light
    exposure = rng.uniform(0.6, 1.15) / max(float(np.percentile(colour, 97)), 1e-4)
    tone = np.clip(colour * np.float32(exposure), 0, 1) ** np.float32(1 / rng.uniform(1.9, 2.4))
    pixels = np.rint(tone * 255).astype(np.uint8).reshape(*size, 3)
    depth = np.where(hits.t < FAR, hits.t, 0).astype(np.float32).reshape(size)
    return pixels, depth


def _camera(
    rng: np.random.Generator, room: Vectors, size: tuple[int, int]
) -> tuple[Vectors, Vectors]:
    """Origin and rays of unit depth: near one wall, looking across, a little down as a rule."""
    height, width = size
    focal = width * rng.uniform(0.55, 1.1)
    x = (np.arange(width) + 0.5 - width / 2) / focal
    y = (height / 2 - np.arange(height) - 0.5) / focal
    across, up = np.meshgrid(x, y)
    rays = np.stack((across, up, np.ones_like(across)), -1).reshape(-1, 3)
    pitch, yaw, roll = rng.normal(-0.12, 0.16), rng.normal(0, 0.45), rng.normal(0, 0.03)
    rays = rays @ _turn(2, roll).T @ _turn(0, -pitch).T @ _turn(1, yaw).T
    side = rng.uniform(-0.35, 0.35) * room[0]
    above = min(rng.uniform(0.6, 2.4), room[1] - 0.2)
    origin = np.array((side, above, rng.uniform(0.1, 0.9) - room[2] / 2), np.float32)
    return origin, rays.astype(np.float32)


def _turn(axis: int, angle: float) -> NDArray[np.float64]:
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.eye(3)
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix[i, i] = matrix[j, j] = cos
    matrix[i, j], matrix[j, i] = -sin, sin
    return matrix


def _shell(rng: np.random.Generator, room: Vectors, photos: list[Vectors]) -> Iterator[Thing]:
    """Walls, ceiling and floor, and what hangs flat on the walls."""
    wide, high, long = (float(side) for side in room)
    wall, floor, ceiling = _paint(rng, light=True), _surface(rng, photos), _paint(rng, light=True)
    if rng.random() < 0.25:
        wall = _surface(rng, photos)
    middle = (0.0, high / 2, 0.0)
    half = (wide / 2, high / 2, long / 2)
    yield Box(middle=middle, half=half, yaw=0.0, texture=wall, inside_out=True)
    thin = 0.004
    yield Box(middle=(0, 0, 0), half=(wide / 2, thin, long / 2), yaw=0.0, texture=floor)
    yield Box(middle=(0, high, 0), half=(wide / 2, thin, long / 2), yaw=0.0, texture=ceiling)
    for _ in range(int(rng.integers(0, 7))):
        w, h = rng.uniform(0.15, 1.1), rng.uniform(0.15, 0.8)
        at = rng.uniform(0.8, max(1.0, high - h - 0.1))
        side = int(rng.integers(3))
        x = rng.uniform(-1, 1) * (wide / 2 - w)
        z = rng.uniform(-1, 1) * (long / 2 - w)
        spots = [(x, at, long / 2), (-wide / 2, at, z), (wide / 2, at, z)]
        halves = [(w, h, 0.02), (0.02, h, w), (0.02, h, w)]
        hung = _photo(rng, photos) if rng.random() < 0.7 else _paint(rng, light=False)
        yield Box(middle=spots[side], half=halves[side], yaw=0.0, texture=hung)


def _furniture(
    rng: np.random.Generator, room: Vectors, origin: Vectors, photos: list[Vectors]
) -> Iterator[Thing]:
    """One piece of furniture on the floor, not where the camera stands."""
    for _ in range(10):
        x, z = (rng.uniform(-0.46, 0.46) * float(side) for side in (room[0], room[2]))
        if np.hypot(x - origin[0], z - origin[2]) > 1.2:
            break
    else:
        return
    yaw = float(rng.choice([0, np.pi / 2])) + (rng.normal(0, 0.5) if rng.random() < 0.4 else 0.0)
    skin, other = _surface(rng, photos), _paint(rng, light=False)
    cos, sin = np.cos(yaw), np.sin(yaw)

    def box(at: tuple[float, float, float], half: tuple[float, float, float], how: Texture) -> Box:
        middle = (x + cos * at[0] + sin * at[2], at[1], z + cos * at[2] - sin * at[0])
        return Box(middle=middle, half=half, yaw=float(yaw), texture=how)

    kind = rng.choice(["block", "table", "chair", "sofa", "shelf", "round"])
    w, d = rng.uniform(0.2, 1.0), rng.uniform(0.2, 0.5)
    if kind == "block":
        h = rng.uniform(0.15, 1.05)
        yield box((0, h, 0), (w, h, d), skin)
        if rng.random() < 0.5:
            yield Ball(middle=(x, 2 * h + 0.12, z), radius=rng.uniform(0.06, 0.16), texture=other)
    elif kind in ("table", "chair"):
        h = rng.uniform(0.35, 0.8)
        w, d = (w, d) if kind == "table" else (0.23, 0.23)
        leg = rng.uniform(0.012, 0.04)
        yield box((0, h, 0), (w, 0.02, d), skin)
        for sx in (-1, 1):
            for sz in (-1, 1):
                yield box((sx * (w - leg), h / 2, sz * (d - leg)), (leg, h / 2, leg), other)
        if kind == "chair":
            yield box((0, h + 0.25, d), (w, 0.25, 0.02), skin)
        elif rng.random() < 0.6:
            yield box((rng.uniform(-w, w) * 0.6, h + 0.12, 0), (0.12, 0.1, 0.1), other)
    elif kind == "sofa":
        w, d = rng.uniform(0.45, 1.1), rng.uniform(0.35, 0.5)
        yield box((0, 0.21, 0), (w, 0.21, d), skin)
        yield box((0, 0.42, d), (w, 0.42, 0.12), skin)
        for sx in (-1, 1):
            yield box((sx * w, 0.3, 0), (0.1, 0.3, d), skin)
    elif kind == "shelf":
        h = rng.uniform(0.4, 1.1)
        boards = int(rng.integers(2, 6))
        yield box((0, h, d), (w, h, 0.01), skin)
        for sx in (-1, 1):
            yield box((sx * w, h, 0), (0.02, h, d), skin)
        for board in range(boards):
            at = 2 * h * board / (boards - 1)
            yield box((0, at, 0), (w, 0.015, d), skin)
            if rng.random() < 0.6 and board < boards - 1:
                tall = rng.uniform(0.3, 0.8) * h / (boards - 1)
                yield box((rng.uniform(-0.5, 0.5) * w, at + tall, 0), (0.3 * w, tall, 0.1), other)
    else:
        h, r = rng.uniform(0.1, 0.9), rng.uniform(0.04, 0.4)
        yield Cylinder(middle=(x, h, z), radius=r, half_height=h, texture=skin)
        if rng.random() < 0.4:
            yield Ball(middle=(x, 2 * h + r, z), radius=r * rng.uniform(0.8, 1.6), texture=other)


def _light(
    rng: np.random.Generator,
    things: list[Thing],
    points: Vectors,
    normal: Vectors,
    room: Vectors,
) -> Vectors:
    """Lamps with shadows, a glow from all sides, and corners that get less of it; (N, 3)."""
    sky = 0.6 + 0.25 * normal[:, 1]
    walls = np.stack((room[0] / 2 - np.abs(points[:, 0]), room[2] / 2 - np.abs(points[:, 2])), -1)
    levels = np.stack((points[:, 1], room[1] - points[:, 1]), -1)
    near = np.sort(np.concatenate((walls, levels), -1), -1)[:, 1]  # next but one: along an edge
    glow = sky * (1 - 0.45 * np.exp(-np.maximum(near, 0) / 0.3)) * rng.uniform(0.05, 0.5)
    light = glow[:, None] * np.float32(_tint(rng))
    for _ in range(int(rng.integers(1, 3))):
        share = (rng.uniform(-0.48, 0.48), rng.uniform(0.6, 0.95), rng.uniform(-0.48, 0.48))
        place = np.array(share, np.float32) * room
        strength = rng.uniform(0.5, 1.5) * float(room[0] * room[2]) / 8
        shine = lit(things, points, normal, place, softness=rng.uniform(0.5, 4))
        light = light + strength * shine[:, None] * np.float32(_tint(rng))
    return np.asarray(light, np.float32)


def _tint(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.exp(rng.normal(0, 0.08, 3))


def _surface(rng: np.random.Generator, photos: list[Vectors]) -> Texture:
    kinds: list[Callable[[], Texture]] = [
        lambda: _paint(rng, light=False),
        lambda: _paint(rng, light=True),
        lambda: _tiles(rng),
        lambda: _photo(rng, photos),
    ]
    return kinds[int(rng.choice(4, p=[0.35, 0.2, 0.3, 0.15]))]()


def _paint(rng: np.random.Generator, *, light: bool) -> Texture:
    """One colour with a few broad stains."""
    value = rng.uniform(0.45, 0.95) if light else np.exp(rng.uniform(np.log(0.02), np.log(0.9)))
    colour = value * np.exp(rng.normal(0, 0.08 if light else 0.4, 3))
    waves = rng.normal(0, 3, (3, 2)).astype(np.float32)
    phase = rng.uniform(0, 6.28, 3).astype(np.float32)
    depth = np.float32(rng.uniform(0, 0.04))

    def texture(u: NDArray[np.float32], v: NDArray[np.float32]) -> Vectors:
        stain = sum(np.sin(a * u + b * v + p) for (a, b), p in zip(waves, phase, strict=True))
        return np.asarray(
            np.clip(np.float32(colour), 0, 0.95) * (1 + depth * np.asarray(stain)[:, None]),
            np.float32,
        )

    return texture


def _tiles(rng: np.random.Generator) -> Texture:
    """Planks, tiles, bricks or stripes: each with a shade of its own, with or without joints."""
    one, joint = _paint(rng, light=bool(rng.random() < 0.5)), np.float32(rng.uniform(0.3, 1.0))
    wide, long = np.exp(rng.uniform(np.log(0.06), np.log(0.6), 2))
    shift, vary = rng.choice([0.0, 0.5, 0.37]), rng.uniform(0, 0.35)
    gap = np.float32(rng.uniform(0.0, 0.008))
    shades = np.exp(rng.normal(0, vary, 251)).astype(np.float32)

    def texture(u: NDArray[np.float32], v: NDArray[np.float32]) -> Vectors:
        row = np.floor(v / wide)
        along = u / long + row * shift
        column = np.floor(along)
        shade = shades[((row * 57 + column * 101) % 251).astype(int)]
        edge = (np.abs(v / wide - row - 0.5) > 0.5 - gap / wide) | (
            np.abs(along - column - 0.5) > 0.5 - gap / long
        )
        return np.asarray(one(u, v) * (shade * np.where(edge, joint, 1))[:, None], np.float32)

    return texture


def _photo(rng: np.random.Generator, photos: list[Vectors]) -> Texture:
    """A photograph, repeated as a mirror would."""
    if not photos:
        return _tiles(rng)
    photo = photos[int(rng.integers(len(photos)))]
    height, width = photo.shape[:2]
    per_m = min(height, width) / np.exp(rng.uniform(np.log(0.5), np.log(3)))
    x0, y0 = rng.uniform(0, width), rng.uniform(0, height)

    def texture(u: NDArray[np.float32], v: NDArray[np.float32]) -> Vectors:
        x = np.abs((x0 + u * per_m) % (2 * width) - width).astype(int).clip(0, width - 1)
        y = np.abs((y0 - v * per_m) % (2 * height) - height).astype(int).clip(0, height - 1)
        return np.asarray(photo[y, x], np.float32)

    return texture


def _light_of(path: Path) -> Vectors:
    """The light in a photograph, shrunk to what a wall can show.

    Raises:
        FileNotFoundError: it is no picture.
    """
    pixels = cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_2)
    if pixels is None:
        raise FileNotFoundError(f"cannot read picture {path}")
    shrink = 256 / min(pixels.shape[:2])
    size = (round(pixels.shape[1] * shrink), round(pixels.shape[0] * shrink))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)[..., ::-1]
    return np.asarray((small.astype(np.float32) / 255) ** 2.2, np.float32)
