"""A computed scene with its truth: a textured wall, and a ball that crosses it.

This is the fake of the sources, for tests and for trying things without a camera. Knows no files.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from edgeds.errors import SourceFailed
from edgeds.sources.feed import Grab
from edgeds.types import Closing, FloatMap, Frame, Pixels, Size, StreamInfo


class SyntheticSource(Closing):
    """`frame_count` frames; the first `empty` of them show only the plate, with noise."""

    notes: tuple[str, ...] = ()
    damaged = 0

    def __init__(
        self,
        *,
        size: Size = (90, 160),
        frame_count: int = 20,
        rate: Fraction = Fraction(30),
        empty: int = 2,
        noise_levels: float = 1.0,
        seed: int = 0,
    ) -> None:
        self._empty, self._noise_levels, self._seed = empty, noise_levels, seed
        self._closed = False
        self.plate = _wall(size, seed)
        self.info = StreamInfo(
            name="synthetic",
            size=size,
            rate=rate,
            time_base=1 / rate,
            frame_count=frame_count,
            duration_secs=float(frame_count / rate),
            ends_secs=float(frame_count / rate),
        )

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self.info.frame_count or 0):
            if self._closed:
                return
            yield self.frame(index)

    def frame(self, index: int) -> Frame:
        """The frame at a position, the same as in the iteration."""
        return Frame(self._pixels(index), index, index, self.info.time_base)

    def alpha(self, index: int) -> FloatMap:
        """The true alpha of a frame: a ball with a two-pixel soft edge."""
        height, width = self.info.size
        if index < self._empty:
            return np.zeros((height, width), np.float32)
        share = (index - self._empty) / max(1, (self.info.frame_count or 1) - 1 - self._empty)
        centre_x, centre_y, radius = width * (0.1 + 0.8 * share), height * 0.55, height * 0.28
        y, x = np.mgrid[:height, :width].astype(np.float32)
        distance = np.hypot(x - centre_x, y - centre_y)
        alpha: FloatMap = np.clip((radius - distance) / 2 + 0.5, 0, 1).astype(np.float32)
        return alpha

    def close(self) -> None:
        self._closed = True

    def _pixels(self, index: int) -> Pixels:
        alpha = self.alpha(index)[..., None]
        ball = np.array([210, 60, 40], np.float32)
        clean = alpha * ball + (1 - alpha) * self.plate
        noise = np.random.default_rng((self._seed, index)).normal(0, 1, clean.shape)
        pixels: Pixels = np.clip(clean + self._noise_levels * noise + 0.5, 0, 255).astype(np.uint8)
        pixels.flags.writeable = False
        return pixels


class SyntheticFeed(Closing):
    """The same scene as an endless connection to a camera, at 30 frames a second.

    With `breaks_after`, it breaks off after so many pictures, like a pulled cable.
    """

    description = "synthetic camera"
    rate = Fraction(30)
    camera = None

    def __init__(self, *, size: Size = (90, 160), breaks_after: int | None = None) -> None:
        self._scene = SyntheticSource(size=size, frame_count=60)
        self._laps = itertools.cycle(self._scene)
        self._left = breaks_after

    def read(self) -> Grab:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise SourceFailed(
                    f"the {self.description} broke off", why="it was set to break off"
                )
        time.sleep(float(1 / self.rate))
        return Grab(next(self._laps).pixels.copy(), time.monotonic())

    def close(self) -> None:
        self._scene.close()


def _wall(size: Size, seed: int) -> Pixels:
    """Blue-grey stripes and speckle: texture enough for plates to be compared."""
    height, width = size
    y, x = np.mgrid[:height, :width]
    stripes = 24 * np.sin(x / 7) + 16 * np.cos(y / 5)
    speckle = np.random.default_rng(seed).normal(0, 6, (height, width))
    grey = 110 + stripes + speckle
    wall: Pixels = np.clip(np.stack([grey - 20, grey, grey + 35], axis=-1), 0, 255).astype(np.uint8)
    return wall
