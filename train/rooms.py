"""Empty rooms drawn and lit here, without end: plates whose depth is exact.

Rendered rooms are few: with 84 of them to train on, depth was at home there (delta1 .92) and less
so in rooms never seen (.79). No two of these are alike: domain randomisation (Tobin et al. 2017)
for depth. Knows nothing about training.
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

from train.furnishing import furnishings
from train.furniture import Model
from train.raycast import FAR, Hits, Mesh, Scene, Texture, Vectors, box
from train.textures import light_of, paint, photo_on, surface

Pixels = NDArray[np.uint8]
SIZE = (256, 448)
"""(height, width); samples are crops of it, brought to less, which smooths its edges."""


def write_rooms(
    folder: Path,
    count: int,
    pictures: list[Path],
    *,
    models: list[Model] | None = None,
    seed: int = 1,
    processes: int = 2,
    on_room: Callable[[], None] = lambda: None,
) -> None:
    """Write a set of `count` empty rooms: manifest.jsonl, plate/, depth/. Goes on where it stopped.

    Args:
        pictures: photographs to hang on the walls and to cover things with.
        models: furniture (train.furniture); without it, boxes, balls and cylinders.
    """
    for name in ("plate", "depth"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    draw = partial(_write_room, folder, pictures, models or [], seed)
    with ProcessPoolExecutor(processes) as pool:
        for _ in pool.map(draw, range(count), chunksize=4):
            on_room()
    part = folder / "manifest.jsonl.part"
    part.write_text("".join(json.dumps(_item(number)) + "\n" for number in range(count)))
    part.replace(folder / "manifest.jsonl")


def _write_room(
    folder: Path, pictures: list[Path], models: list[Model], seed: int, number: int
) -> None:
    item = _item(number)
    if (folder / item["depth_mm"]).exists():  # written last
        return
    rng = np.random.default_rng((seed, number))
    chosen = [pictures[i] for i in rng.integers(len(pictures), size=4)] if pictures else []
    pixels, depth_m = drawn_room(rng, [light_of(path) for path in chosen], models=models)
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
    rng: np.random.Generator,
    photos: list[Vectors],
    size: tuple[int, int] = SIZE,
    *,
    models: list[Model] | None = None,
) -> tuple[Pixels, NDArray[np.float32]]:
    """A room's picture, uint8 RGB (H, W, 3), and its depth along the optical axis in metres."""
    long = rng.uniform(9, 13) if rng.random() < 0.15 else rng.uniform(3.5, 9)
    room = np.array((rng.uniform(3, 8), rng.uniform(2.3, 3.4), long), np.float32)
    origin, rays = _camera(rng, room, size)
    shell = _shell(rng, room, photos)
    scene = Scene([*shell, *furnishings(rng, room, origin, photos, models or [])])
    hits = scene.cast(origin, rays)
    points = origin + hits.t[:, None] * rays
    light = _light(rng, scene, points, hits, room, size)
    colour = np.where(hits.glows[:, None], hits.albedo, hits.albedo * light)
    bright = float(np.percentile(colour, rng.choice([80, 97])))
    exposure = np.exp(rng.normal(-0.3, 0.45)) / max(bright, 1e-4)
    tone = _shown(rng, colour * np.float32(exposure)) ** np.float32(1 / rng.uniform(1.8, 2.5))
    pixels = np.rint(tone * 255).astype(np.uint8).reshape(*size, 3)
    depth = np.where(hits.t < FAR, hits.t, 0).astype(np.float32).reshape(size)
    return pixels, depth


def _shown(rng: np.random.Generator, light: Vectors) -> Vectors:
    """Light of linear scale as a camera keeps it, 0 to 1: clipped, or with a film's soft shoulder
    (Reinhard et al. 2002), whose highlights lose colour.
    """
    if rng.random() < 0.4:
        return np.clip(light, 0, 1)
    light = light * np.float32(rng.uniform(0.8, 2))
    grey = light.mean(1, keepdims=True)
    light = light + (grey - light) * np.minimum(np.float32(rng.uniform(0, 0.5)) * grey, 1)
    white = np.float32(rng.uniform(1.5, 5))
    return np.asarray(np.clip(light * (1 + light / white**2) / (1 + light), 0, 1), np.float32)


def _camera(
    rng: np.random.Generator, room: Vectors, size: tuple[int, int]
) -> tuple[Vectors, Vectors]:
    """Origin and rays of unit depth: near one wall, looking across, a little down as a rule."""
    height, width = size
    focal = width * rng.uniform(0.6, 1.0)
    x = (np.arange(width) + 0.5 - width / 2) / focal
    y = (height / 2 - np.arange(height) - 0.5) / focal
    across, up = np.meshgrid(x, y)
    rays = np.stack((across, up, np.ones_like(across)), -1).reshape(-1, 3)
    pitch, yaw, roll = rng.normal(-0.14, 0.13), rng.normal(0, 0.3), rng.normal(0, 0.02)
    rays = rays @ _turn(2, roll).T @ _turn(0, -pitch).T @ _turn(1, yaw).T
    side = rng.uniform(-0.38, 0.38) * room[0]
    above = min(rng.uniform(0.8, 2.3), room[1] - 0.2)
    origin = np.array((side, above, rng.uniform(0.1, 0.6) - room[2] / 2), np.float32)
    return origin, rays.astype(np.float32)


def _turn(axis: int, angle: float) -> NDArray[np.float64]:
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.eye(3)
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    matrix[i, i] = matrix[j, j] = cos
    matrix[i, j], matrix[j, i] = -sin, sin
    return matrix


def _shell(rng: np.random.Generator, room: Vectors, photos: list[Vectors]) -> Iterator[Mesh]:
    """Walls, ceiling and floor, what hangs flat on the walls, and windows."""
    wide, high, long = (float(side) for side in room)
    wall = paint(rng, light=True) if rng.random() < 0.8 else surface(rng, photos)
    other = surface(rng, photos) if rng.random() < 0.25 else wall
    thin = 0.01
    ends = (wide / 2, high / 2, thin), (thin, high / 2, long / 2)
    for sign in (-1, 1):
        yield box(
            (0, high / 2, sign * long / 2), ends[0], yaw=0, texture=other if sign > 0 else wall
        )
        yield box((sign * wide / 2, high / 2, 0), ends[1], yaw=0, texture=wall)
    flat = (wide / 2, thin, long / 2)
    yield box((0, -thin, 0), flat, yaw=0, texture=surface(rng, photos))
    yield box((0, high, 0), flat, yaw=0, texture=paint(rng, light=True))
    for _ in range(int(rng.integers(0, 5))):
        w, h = rng.uniform(0.15, 0.7), rng.uniform(0.15, 0.5)
        hung = photo_on(rng, photos) if rng.random() < 0.75 else paint(rng, light=False)
        at = rng.uniform(1.1, max(1.2, high - h - 0.1))
        yield _on_wall(rng, room, int(rng.integers(3)), (w, h, at), hung, glows=False)
    if rng.random() < 0.4:
        sides = [0] if rng.random() < 0.3 else [1] if rng.random() < 0.6 else [1, 2]
        view = photo_on(rng, photos, brightness=float(rng.uniform(0.8, 4)))
        for side in sides:
            w, h = rng.uniform(0.5, 1.3), rng.uniform(0.5, 0.9)
            yield _on_wall(rng, room, side, (w, h, max(h + 0.1, 1.4)), view, glows=True)


def _on_wall(
    rng: np.random.Generator,
    room: Vectors,
    side: int,
    shape: tuple[float, float, float],
    texture: Texture,
    *,
    glows: bool,
) -> Mesh:
    """Something flat, `shape` being its half width, half height and the height it hangs at."""
    w, h, at = shape
    wide, long = float(room[0]), float(room[2])
    x, z = (rng.uniform(-1, 1) * max(0.0, span / 2 - w) for span in (wide, long))
    spots = [(x, at, long / 2), (-wide / 2, at, z), (wide / 2, at, z)]
    halves = [(w, h, 0.03), (0.03, h, w), (0.03, h, w)]
    return box(spots[side], halves[side], yaw=0, texture=texture, glows=glows)


def _light(
    rng: np.random.Generator,
    scene: Scene,
    points: Vectors,
    hits: Hits,
    room: Vectors,
    size: tuple[int, int],
) -> Vectors:
    """Lamps with soft shadows, and a glow from all sides that corners get less of; (N, 3)."""
    tile = np.tile(rng.permutation(16).reshape(4, 4), (size[0] // 4, size[1] // 4))
    turn = (tile.reshape(-1) * np.float32(2 * np.pi / 16)).astype(np.float32)
    share = scene.open_share(points, hits.normal, turn).reshape(size)
    share = cv2.blur(share, (4, 4)).reshape(-1)
    glow = (0.6 + 0.25 * hits.normal[:, 1]) * share
    glow_strength = np.exp(rng.uniform(np.log(0.06), np.log(3)))
    light = (glow_strength * glow)[:, None] * np.float32(_tint(rng))
    for _ in range(int(rng.integers(1, 4))):
        x, y, z = rng.uniform(-0.45, 0.45), rng.uniform(0.65, 0.95), rng.uniform(-0.45, 0.45)
        place = np.array((x, y, z), np.float32) * room
        strength = rng.uniform(0.3, 1.5) * float(room[0] * room[2]) / 8
        wide = rng.uniform(0.02, 0.35)
        for corner in ((-1, 0, -1), (1, 0, -1), (1, 0, 1), (-1, 0, 1)):
            spot = place + np.float32(wide) * np.array(corner, np.float32)
            shine = scene.lit(points, hits.normal, spot)
            shine = np.minimum(shine, 1.5)  # what is next to a lamp does not outshine the rest
            light = light + strength / 4 * shine[:, None] * np.float32(_tint(rng))
    return np.asarray(light, np.float32)


def _tint(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.exp(rng.normal(0, 0.06, 3))
