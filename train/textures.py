"""What surfaces of drawn rooms look like: paint, tiles and planks, photographs.

A texture takes places along a surface in metres to linear colours. Knows nothing about rooms.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from train.raycast import Texture, Vectors


def surface(rng: np.random.Generator, photos: list[Vectors]) -> Texture:
    kinds: list[Callable[[], Texture]] = [
        lambda: paint(rng, light=False),
        lambda: paint(rng, light=True),
        lambda: tiles(rng),
        lambda: photo_on(rng, photos),
    ]
    return kinds[int(rng.choice(4, p=[0.35, 0.2, 0.3, 0.15]))]()


def paint(rng: np.random.Generator, *, light: bool) -> Texture:
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


def tiles(rng: np.random.Generator) -> Texture:
    """Planks, tiles, bricks or stripes: each with a shade of its own, with or without joints."""
    one, joint = paint(rng, light=bool(rng.random() < 0.5)), np.float32(rng.uniform(0.3, 1.0))
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


def photo_on(
    rng: np.random.Generator, photos: list[Vectors], *, brightness: float = 1.0
) -> Texture:
    """A photograph, repeated as a mirror would."""
    if not photos:
        return tiles(rng)
    photo = photos[int(rng.integers(len(photos)))]
    height, width = photo.shape[:2]
    per_m = min(height, width) / np.exp(rng.uniform(np.log(0.5), np.log(3)))
    x0, y0 = rng.uniform(0, width), rng.uniform(0, height)

    def texture(u: NDArray[np.float32], v: NDArray[np.float32]) -> Vectors:
        x = np.abs((x0 + u * per_m) % (2 * width) - width).astype(int).clip(0, width - 1)
        y = np.abs((y0 - v * per_m) % (2 * height) - height).astype(int).clip(0, height - 1)
        return np.asarray(photo[y, x] * np.float32(brightness), np.float32)

    return texture


def light_of(path: Path) -> Vectors:
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
