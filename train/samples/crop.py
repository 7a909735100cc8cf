"""A random part of a photograph or of a rendered room, at the size of a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from train.samples.material import Room

Picture = NDArray[np.float32]
Map = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RoomPart:
    """A part of a room at the size of a sample."""

    frame: Picture
    plate: Picture
    alpha: Map
    """-1 where unknown."""
    inverse_depth: Map
    """Inverse depth of the frame, in 1/m; 0 where unknown or far away."""
    plate_depth: Map | None
    """Inverse depth of the plate; None if unknown."""


def cropped(
    background: NDArray[np.uint8], size: tuple[int, int], rng: np.random.Generator
) -> Picture:
    """A random part of a photograph, flipped or not, as float32 in 0..1 at `size`."""
    (part,) = cropped_alike((background,), size, rng)
    return np.asarray(part / np.float32(255), np.float32)


def cropped_alike(
    pictures: Sequence[NDArray[np.generic]], size: tuple[int, int], rng: np.random.Generator
) -> list[Picture]:
    """The same random part of pictures of one size, flipped or not, at `size`."""
    x0, y0, wide, tall = random_box(pictures[0].shape[:2], size, rng, smallest=0.4)
    flip = rng.random() < 0.5
    parts = []
    for picture in pictures:
        box = np.asarray(picture[y0 : y0 + tall, x0 : x0 + wide], np.float32)
        part = cv2.resize(box, size[::-1], interpolation=cv2.INTER_AREA)
        parts.append(np.ascontiguousarray(part[:, ::-1] if flip else part, dtype=np.float32))
    return parts


def cropped_room(room: Room, size: tuple[int, int], rng: np.random.Generator) -> RoomPart:
    """One random box of a room."""
    x0, y0, wide, tall = random_box(room.frame.shape[:2], size, rng, smallest=0.6)
    box = (slice(y0, y0 + tall), slice(x0, x0 + wide))
    flip = rng.random() < 0.5

    def cut(image: NDArray[np.generic], how: int) -> NDArray[np.float32]:
        part = cv2.resize(image[box].astype(np.float32), size[::-1], interpolation=how)
        return np.ascontiguousarray(part[:, ::-1] if flip else part, dtype=np.float32)

    frame = cut(room.frame, cv2.INTER_AREA) / np.float32(255)
    plate = cut(room.plate, cv2.INTER_AREA) / np.float32(255)
    alpha = np.full(size, -1, np.float32)
    if room.alpha is not None:
        alpha = cut(room.alpha, cv2.INTER_AREA) / np.float32(255)

    def inverse(depth_mm: NDArray[np.uint16]) -> Map:
        depth_m = cut(depth_mm, cv2.INTER_NEAREST) / np.float32(1000)
        return np.where(depth_m > 0, 1 / np.maximum(depth_m, 0.1), 0).astype(np.float32)

    inverse_depth = np.zeros(size, np.float32)
    if room.depth_mm is not None:
        inverse_depth = inverse(room.depth_mm)
    of_plate = None
    if room.plate_depth_mm is not None:
        of_plate = inverse_depth if room.is_empty else inverse(room.plate_depth_mm)
    return RoomPart(frame, plate, alpha, inverse_depth, of_plate)


def random_box(
    source: tuple[int, ...], size: tuple[int, int], rng: np.random.Generator, *, smallest: float
) -> tuple[int, int, int, int]:
    """x, y, width, height of a box with about the aspect of `size`."""
    height, width = source
    aspect = size[1] / size[0] * float(np.exp(rng.uniform(-0.08, 0.08)))
    largest = min(height, width / aspect)
    tall = max(8, int(largest * rng.uniform(smallest, 1.0)))
    wide = min(width, max(8, int(tall * aspect)))
    return int(rng.integers(width - wide + 1)), int(rng.integers(height - tall + 1)), wide, tall
