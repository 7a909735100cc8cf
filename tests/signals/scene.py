"""A drawn scene with known truth: figures walk at known depths, and everything is known of them.

Figures are drawn from far to near, so that near ones hide far ones, as in a camera's picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from edgeds.types import Frame, Maps, Pixels

SIZE = (108, 192)


@dataclass(frozen=True)
class Figure:
    """Walks in a straight line; x and y of its foot are in pixels of the scene."""

    start: tuple[float, float]
    speed: tuple[float, float] = (0.0, 0.0)
    """Pixels per second."""
    height: float = 40.0
    inverse_depth: float = 0.5
    colour: tuple[int, int, int] = (200, 60, 60)
    trousers: tuple[int, int, int] | None = None
    """Colour of the lower half, where it is another."""
    shape: str = "person"
    come_secs: float = 0.0
    go_secs: float = 1e9

    def foot(self, secs: float) -> tuple[float, float]:
        since = secs - self.come_secs
        return self.start[0] + self.speed[0] * since, self.start[1] + self.speed[1] * since

    def is_there(self, secs: float) -> bool:
        return self.come_secs <= secs < self.go_secs


class Scene:
    """Iterate it for (Frame, Maps), in order."""

    def __init__(
        self,
        figures: Sequence[Figure],
        *,
        secs: float,
        rate: int = 10,
        size: tuple[int, int] = SIZE,
        noise: float = 2.0,
        seed: int = 0,
    ) -> None:
        self.figures, self.rate, self.size = figures, rate, size
        self._count = round(secs * rate)
        self._random = np.random.default_rng(seed)
        self._noise = [
            self._random.normal(0, noise, (*size, 3)).astype(np.float32) for _ in range(3)
        ]
        height, width = size
        self.plate: Pixels = cv2.resize(
            self._random.integers(90, 150, (height // 6, width // 6, 3), np.uint8),
            (width, height),
            interpolation=cv2.INTER_LINEAR,
        )
        slope = np.linspace(0.1, 0.8, height, dtype=np.float32)[:, None]
        self.plate_depth = np.repeat(slope, width, axis=1)

    def __iter__(self) -> Iterator[tuple[Frame, Maps]]:
        for index in range(self._count):
            yield self.at(index)

    def at(self, index: int) -> tuple[Frame, Maps]:
        secs = index / self.rate
        pixels = self.plate.copy()
        alpha = np.zeros(self.size, np.float32)
        depth = self.plate_depth.copy()
        for figure in sorted(self.figures, key=lambda figure: figure.inverse_depth):
            if figure.is_there(secs):
                mask = mask_of(figure, secs, self.size)
                pixels[mask > 127] = figure.colour
                if figure.trousers is not None:
                    waist = max(0, round(figure.foot(secs)[1] - 0.48 * figure.height))
                    pixels[waist:][mask[waist:] > 127] = figure.trousers
                alpha = np.maximum(alpha, mask.astype(np.float32) / 255)
                depth[mask > 127] = figure.inverse_depth
        noise = self._noise[index % len(self._noise)]
        noisy = np.clip(pixels + noise, 0, 255).astype(np.uint8)
        frame = Frame(noisy, index, index, Fraction(1, self.rate))
        depth += noise[..., 0] / 500
        return frame, Maps(alpha, depth, plate=self.plate)


def mask_of(figure: Figure, secs: float, size: tuple[int, int]) -> np.ndarray:
    """uint8, soft at the border."""
    mask = np.zeros(size, np.uint8)
    x, y = figure.foot(secs)
    tall = figure.height

    def at(across: float, up: float) -> tuple[int, int]:
        return round(16 * (x + across * tall)), round(16 * (y - up * tall))

    if figure.shape == "box":
        cv2.rectangle(mask, at(-0.5, 1.0), at(0.5, 0.0), 255, -1, cv2.LINE_AA, 4)
        return mask
    swing = 0.1 * np.sin(2 * np.pi * 1.5 * secs)
    leg = max(1, round(0.1 * tall))
    for side in (-1, 1):
        cv2.line(mask, at(0, 0.5), at(side * swing, leg / tall / 2), 255, leg, cv2.LINE_AA, 4)
    axes = round(16 * 0.14 * tall), round(16 * 0.24 * tall)
    cv2.ellipse(mask, at(0, 0.62), axes, 0, 0, 360, 255, -1, cv2.LINE_AA, 4)
    cv2.circle(mask, at(0, 0.91), round(16 * 0.09 * tall), 255, -1, cv2.LINE_AA, 4)
    return mask
