"""A random part of a photograph or of a rendered room, at the size of a sample."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from train.material import Room

Picture = NDArray[np.float32]


def cropped(
    background: NDArray[np.uint8], size: tuple[int, int], rng: np.random.Generator
) -> Picture:
    """A random part of a photograph, flipped or not, as float32 in 0..1 at `size`."""
    x0, y0, wide, tall = random_box(background.shape[:2], size, rng, smallest=0.4)
    part = cv2.resize(
        background[y0 : y0 + tall, x0 : x0 + wide], size[::-1], interpolation=cv2.INTER_AREA
    )
    if rng.random() < 0.5:
        part = part[:, ::-1]
    return np.ascontiguousarray(part / np.float32(255), dtype=np.float32)


def cropped_room(
    room: Room, size: tuple[int, int], rng: np.random.Generator
) -> tuple[Picture, Picture, NDArray[np.float32], NDArray[np.float32]]:
    """Frame, plate, alpha and inverse depth of one random box of a room."""
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
    inverse_depth = np.zeros(size, np.float32)
    if room.depth_mm is not None:
        depth_m = cut(room.depth_mm, cv2.INTER_NEAREST) / np.float32(1000)
        inverse_depth = np.where(depth_m > 0, 1 / np.maximum(depth_m, 0.1), 0).astype(np.float32)
    return frame, plate, alpha, inverse_depth


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
