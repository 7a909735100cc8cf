"""Alpha that keeps still where the picture does: a causal filter over the frames of a stream.

Where a part of the foreground looks as it did a frame before, its alpha is mostly the earlier one.
Where anything moved, it is the present one at once, so that a fast hand has no lag. Each frame is
compared with what the filter remembers, not with the frame before, so that a slow change adds up
until it is followed. Knows nothing about files or views.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np

from edgeds.types import Box, FloatMap, Frame, Maps, Pixels, Size
from edgeds.types.picture import largest_channel
from edgeds.views.settings import STEADINESS, Steadiness

Picture = TypeVar("Picture")


@dataclass(frozen=True, slots=True, eq=False)
class _Remembered:
    """A part of the stream so far: its mean colours and alpha where it stood still."""

    box: Box
    colours: Pixels
    alpha: FloatMap


class Steady:
    """Makes the maps of each frame steady. Frames of one stream, in their order."""

    def __init__(self, settings: Steadiness = STEADINESS) -> None:
        self._set = settings
        self._before: list[_Remembered] = []
        self._last: tuple[Maps, Maps] | None = None
        self._patches: Pixels | None = None
        self._noise = 0.0

    def __call__(self, frame: Frame, maps: Maps) -> Maps:
        """Maps whose alpha is steady; their depth is as it was."""
        if self._last is not None and self._last[0] is maps:
            return self._last[1]  # nothing changed, as the estimator found
        self._learn(frame)
        now = [self._joined(box, frame.region(box), maps.alpha_in(box)) for box in maps.boxes]
        self._before = now
        steady = maps.with_alpha({part.box: part.alpha for part in now})
        self._last = maps, steady
        return steady

    def _joined(self, box: Box, colours: Pixels, alpha: FloatMap) -> _Remembered:
        """A part of the frame with what is remembered of it."""
        steady, mean = alpha.copy(), np.array(colours)
        for earlier in self._before:
            both = box.overlap(earlier.box)
            if both is None:
                continue
            here, there = both.inside(box).of, both.inside(earlier.box).of
            off = earlier.alpha[there] - alpha[here]
            keep = self._kept(mean[here], earlier.colours[there], off)
            steady[here] += keep * off
            now, then = (np.ascontiguousarray(x) for x in (mean[here], earlier.colours[there]))
            mean[here] = cv2.blendLinear(then, now, keep, 1 - keep)
        return _Remembered(box, mean, steady)

    def _kept(self, now: Pixels, then: Pixels, off: FloatMap) -> FloatMap:
        """The weight of what is remembered, 0 where anything moved: where colours changed, or where
        alpha changed in the mean of a neighbourhood. In the dark, colours alone do not show it.
        """
        limit = max(self._set.noises * self._noise, self._set.floor_levels)
        side = (self._set.window_px, self._set.window_px)
        mean = cv2.blur(_difference(now, then), side).astype(np.float32)
        keep = np.exp(-np.square(mean / np.float32(limit)))
        side = (self._set.alpha_window_px, self._set.alpha_window_px)
        keep *= np.exp(-np.square(cv2.blur(off, side) / np.float32(self._set.alpha_limit)))
        keep[keep < self._set.least] = 0
        return np.asarray(np.float32(self._set.keep) * keep, np.float32)

    def _learn(self, frame: Frame) -> None:
        """The noise between two frames: that of the median of patches, half of which are still."""
        patches = np.stack([frame.region(box) for box in _grid(frame.size, self._set.patch_px)])
        before, self._patches = self._patches, patches
        if before is not None and before.shape == patches.shape:
            noise = float(np.median(_difference(patches, before).mean(axis=(1, 2))))
            self._noise = 0.8 * self._noise + 0.2 * noise if self._noise else noise


def _difference(now: Pixels, then: Pixels) -> Pixels:
    """Levels by which two pictures differ, in the channel that differs most."""
    largest: Pixels = largest_channel(cv2.absdiff(now, then))
    return largest


def _grid(size: Size, side: int) -> list[Box]:
    """Some small boxes all over a frame."""
    rows, columns = (
        [int(share * max(0, length - side)) & ~1 for share in (0.02, 0.3, 0.5, 0.7, 0.98)]
        for length in size
    )
    return [
        Box(top, left, min(size[0], top + side), min(size[1], left + side))
        for top in rows
        for left in columns
    ]


def steadied(compose: Callable[[Frame, Maps], Picture]) -> Callable[[Frame, Maps], Picture]:
    """A composer that is given steady maps."""
    steady = Steady()
    return lambda frame, maps: compose(frame, steady(frame, maps))
