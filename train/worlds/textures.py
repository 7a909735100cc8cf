"""Textures of surfaces: paint, tiles and planks, photographs, seamless photographic tiles.

A texture maps places on a surface in metres, and the width that a pixel covers, to linear colours.
Knows no world.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from train.worlds.raycast import Numbers, Texture, Vectors

_TWO_METRES = ("road", "rock", "paving")  # kinds whose tiles look right at 2 m across
_FLOORS = (
    ("wood_floor", 5),
    ("planks", 2),
    ("carpet", 4),
    ("tiles", 4),
    ("terrazzo", 2),
    ("marble", 1),
    ("granite", 1),
    ("concrete", 2),
    ("tatami", 0.5),
    ("cork", 0.5),
    ("paving", 0.5),
    ("terracotta", 1),
)
_WALLS = (
    ("plaster", 3),
    ("wallpaper", 4),
    ("bricks", 1.5),
    ("concrete", 1.5),
    ("tiles", 1),
    ("planks", 0.7),
    ("wood_siding", 0.5),
    ("fabric", 0.7),
    ("travertine", 0.5),
)
_SHINY = ("tiles", "marble", "granite", "terrazzo", "wood_floor", "onyx", "travertine")


@dataclass(frozen=True, slots=True)
class Cloth:
    """Material to cover things with."""

    photos: list[Vectors] = field(default_factory=list)
    """Photographs, linear (H, W, 3)."""
    tiles: dict[str, list[Path]] = field(default_factory=dict)
    """Seamless tiles by kind."""

    def tile(self, rng: np.random.Generator, kind: str, *, calm: float = 0.0) -> Texture | None:
        """A random tile of a kind, with a random brightness; None if there is none of that kind.

        Args:
            calm: how far its mean colour moves towards grey, 0 to 1; above 0, vivid tiles are left
                out.
        """
        paths = self.tiles.get(kind)
        if not paths:
            return None
        for _ in range(8):
            levels = _levels_of(paths[int(rng.integers(len(paths)))])
            if not calm or not _is_garish(levels):
                break
        across = (2.0 if kind in _TWO_METRES else 1.0) * float(np.exp(rng.normal(0, 0.15)))
        gain = np.exp(rng.normal(0, 0.15) + rng.normal(0, 0.04, 3)).astype(np.float32)
        mean = levels[-1].mean((0, 1))
        gain = gain * (mean.mean() / np.maximum(mean, 1e-3)) ** np.float32(calm)
        return repeated(levels, 1 / across, gain, turn=bool(rng.random() < 0.5))

    def some_tile(
        self, rng: np.random.Generator, kinds: tuple[tuple[str, float], ...]
    ) -> tuple[str, Texture] | None:
        known = [(kind, weight) for kind, weight in kinds if self.tiles.get(kind)]
        if not known:
            return None
        weights = np.array([weight for _, weight in known])
        kind = known[int(rng.choice(len(known), p=weights / weights.sum()))][0]
        found = self.tile(rng, kind)
        assert found is not None
        return kind, found


def cloth_in(tiles: Path | None) -> dict[str, list[Path]]:
    """The tiles in a folder, KIND_NNN.webp, by kind."""
    kinds: dict[str, list[Path]] = {}
    for path in sorted(tiles.glob("*.webp")) if tiles else []:
        kinds.setdefault(path.stem.rsplit("_", 1)[0], []).append(path)
    return kinds


def floor(rng: np.random.Generator, cloth: Cloth) -> tuple[Texture, float]:
    """The texture of a floor indoors, and its gloss."""
    found = cloth.some_tile(rng, _FLOORS) if rng.random() < 0.75 else None
    if found is None:
        return surface(rng, cloth.photos), 0.0
    kind, texture = found
    shiny = kind in _SHINY and rng.random() < 0.6
    return texture, float(rng.uniform(0.01, 0.05)) if shiny else 0.0


def wall(rng: np.random.Generator, cloth: Cloth) -> Texture:
    """The texture of a wall indoors: mostly paint."""
    if rng.random() < 0.6:
        return paint(rng, light=True)
    found = cloth.some_tile(rng, _WALLS) if rng.random() < 0.75 else None
    return surface(rng, cloth.photos) if found is None else found[1]


def surface(rng: np.random.Generator, photos: list[Vectors]) -> Texture:
    kinds: list[Callable[[], Texture]] = [
        lambda: paint(rng, light=False),
        lambda: paint(rng, light=True),
        lambda: tiles(rng),
        lambda: photo_on(rng, photos),
    ]
    return kinds[int(rng.choice(4, p=[0.35, 0.2, 0.3, 0.15]))]()


def paint(rng: np.random.Generator, *, light: bool) -> Texture:
    """Paint: one colour with a few broad stains."""
    value = rng.uniform(0.45, 0.95) if light else np.exp(rng.uniform(np.log(0.02), np.log(0.9)))
    colour = value * np.exp(rng.normal(0, 0.08 if light else 0.4, 3))
    waves = rng.normal(0, 3, (3, 2)).astype(np.float32)
    phase = rng.uniform(0, 6.28, 3).astype(np.float32)
    depth = np.float32(rng.uniform(0, 0.04))

    def texture(u: Numbers, v: Numbers, _width: Numbers) -> Vectors:
        stain = sum(np.sin(a * u + b * v + p) for (a, b), p in zip(waves, phase, strict=True))
        return np.asarray(
            np.clip(np.float32(colour), 0, 0.95) * (1 + depth * np.asarray(stain)[:, None]),
            np.float32,
        )

    return texture


def tiles(rng: np.random.Generator) -> Texture:
    """Planks, tiles, bricks or stripes, each with its own shade, with or without joints."""
    one, joint = paint(rng, light=bool(rng.random() < 0.5)), np.float32(rng.uniform(0.3, 1.0))
    wide, long = np.exp(rng.uniform(np.log(0.06), np.log(0.6), 2))
    shift, vary = rng.choice([0.0, 0.5, 0.37]), rng.uniform(0, 0.35)
    gap = np.float32(rng.uniform(0.0, 0.008))
    shades = np.exp(rng.normal(0, vary, 251)).astype(np.float32)

    def texture(u: Numbers, v: Numbers, width: Numbers) -> Vectors:
        row = np.floor(v / wide)
        along = u / long + row * shift
        column = np.floor(along)
        shade = shades[((row * 57 + column * 101) % 251).astype(int)]
        edge = (np.abs(v / wide - row - 0.5) > 0.5 - gap / wide) | (
            np.abs(along - column - 0.5) > 0.5 - gap / long
        )
        blur = np.clip(width / min(wide, long) - 0.3, 0, 1)  # smaller than a pixel: their mean
        shade = (1 - blur) * (shade * np.where(edge, joint, 1)) + blur
        return np.asarray(one(u, v, width) * shade[:, None], np.float32)

    return texture


def photo_on(
    rng: np.random.Generator, photos: list[Vectors], *, brightness: float = 1.0
) -> Texture:
    """A photograph, repeated as mirror images."""
    if not photos:
        return tiles(rng)
    photo = photos[int(rng.integers(len(photos)))]
    height, width = photo.shape[:2]
    per_m = min(height, width) / np.exp(rng.uniform(np.log(0.5), np.log(3)))
    x0, y0 = rng.uniform(0, width), rng.uniform(0, height)

    def texture(u: Numbers, v: Numbers, _width: Numbers) -> Vectors:
        x = np.abs((x0 + u * per_m) % (2 * width) - width).astype(int).clip(0, width - 1)
        y = np.abs((y0 - v * per_m) % (2 * height) - height).astype(int).clip(0, height - 1)
        return np.asarray(photo[y, x] * np.float32(brightness), np.float32)

    return texture


def repeated(
    levels: list[Vectors], per_unit: float, gain: NDArray[np.float32], *, turn: bool = False
) -> Texture:
    """A repeated picture, bilinear, from the pyramid level whose pixels are as wide as the view's.

    Args:
        levels: from `pyramid`.
        per_unit: number of repetitions along one unit of u and v.
    """

    def texture(u: Numbers, v: Numbers, width: Numbers) -> Vectors:
        x, y = (v, u) if turn else (u, v)
        widest = max(levels[0].shape[:2])
        wanted = np.log2(np.maximum(width * np.float32(per_unit * widest), 1e-3))
        level = np.clip(np.rint(wanted), 0, len(levels) - 1).astype(int)
        colours = np.empty((len(u), 3), np.float32)
        for number in np.unique(level):
            here = np.flatnonzero(level == number)
            colours[here] = _bilinear(levels[number], x[here] * per_unit, y[here] * per_unit)
        return colours * gain

    return texture


def pyramid(picture: Vectors) -> list[Vectors]:
    """A picture (H, W, 3), and its halves down to 2 pixels."""
    levels = [picture]
    while min(levels[-1].shape[:2]) >= 4:
        height, width = levels[-1].shape[:2]
        half = (width // 2, height // 2)
        levels.append(cv2.resize(levels[-1], half, interpolation=cv2.INTER_AREA))
    return levels


def light_of(path: Path, shortest_px: int = 256) -> Vectors:
    """A photograph as linear light, shrunk to the size that a wall needs.

    Raises:
        FileNotFoundError: the file is not a picture.
    """
    pixels = cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_2)
    if pixels is None:
        raise FileNotFoundError(f"cannot read picture {path}")
    shrink = shortest_px / min(pixels.shape[:2])
    size = (round(pixels.shape[1] * shrink), round(pixels.shape[0] * shrink))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)[..., ::-1]
    return np.asarray((small.astype(np.float32) / 255) ** 2.2, np.float32)


def linear_from_pixels(pixels: NDArray[np.uint8]) -> Vectors:
    return np.asarray((pixels.astype(np.float32) / 255) ** np.float32(2.2), np.float32)


@lru_cache(maxsize=1500)
def _levels_of(path: Path) -> list[Vectors]:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise FileNotFoundError(f"cannot read picture {path}")
    return pyramid(linear_from_pixels(pixels[..., ::-1]))


def _is_garish(levels: list[Vectors]) -> bool:
    """Whether its colours are more vivid than those of any ground outdoors."""
    small = levels[min(2, len(levels) - 1)]
    vivid = np.ptp(small, axis=-1) / np.maximum(small.max(-1), np.float32(0.02))
    return float(vivid.mean()) > 0.5


def _bilinear(picture: Vectors, x: Numbers, y: Numbers) -> Vectors:
    """Colours at x and y, in widths and heights of the repeated picture; y is upwards."""
    height, width = picture.shape[:2]
    across = (x % 1) * width - np.float32(0.5)
    down = (1 - y % 1) * height - np.float32(0.5)
    left, top = np.floor(across).astype(int), np.floor(down).astype(int)
    a, b = (across - left)[:, None], (down - top)[:, None]
    left0, left1, top0, top1 = left % width, (left + 1) % width, top % height, (top + 1) % height
    upper = picture[top0, left0] * (1 - a) + picture[top0, left1] * a
    lower = picture[top1, left0] * (1 - a) + picture[top1, left1] * a
    return np.asarray(upper * (1 - b) + lower * b, np.float32)
