"""Whether the background of a frame is still as at an earlier one: its light, and its place.

It takes a fiftieth of a look at the plate, so that looks can be rarer. Knows no plate, no network.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edgeds.plate.settings import BACKGROUND_CHANGE, BackgroundChange
from edgeds.sources.scaling import resized, size_at_width
from edgeds.types import FloatMap, Maps, Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """What is compared of a frame."""

    colours: Pixels
    """Small, uint8 RGB (h, w, 3)."""
    free: FloatMap
    """1 where nothing is before it or beside it, (h, w), else 0."""


def background_of(
    shown: Pixels, maps: Maps, limits: BackgroundChange = BACKGROUND_CHANGE
) -> Background:
    """
    Args:
        shown: the frame, small, uint8 RGB; `maps` are its own.
    """
    size = size_at_width((shown.shape[0], shown.shape[1]), limits.width_px)
    free = (maps.alpha_at(size) < limits.foreground).view(np.uint8)
    beside = np.ones((2 * limits.grow_px + 1,) * 2, np.uint8)
    return Background(resized(shown, size), cv2.erode(free, beside).astype(np.float32))


def has_changed(
    before: Background, now: Background, limits: BackgroundChange = BACKGROUND_CHANGE
) -> bool:
    """Whether light or place differ by what a plate would be corrected for; True, too, where too
    little of the background is free to know.
    """
    free = before.free * now.free
    if free.mean() < limits.least_free:
        return True
    change: FloatMap = cv2.subtract(now.colours, before.colours, dtype=cv2.CV_32F)
    change *= cv2.merge([free] * 3)
    if np.abs(cv2.mean(change)[:3]).max() > limits.light_levels * free.mean():
        return True
    seen = resized(free, limits.parts)
    known = seen > limits.least_free
    nearby = np.abs(resized(change, limits.parts)).max(axis=2)
    if (nearby[known] > limits.local_levels * seen[known]).any():
        return True
    return _shift_px(before, change, free) > limits.shift_px


def _shift_px(before: Background, change: FloatMap, free: FloatMap) -> float:
    """How far a quarter of the picture has moved, the one that moved most.

    A step of Lucas and Kanade (1981): the move that explains the change by the picture's slopes.
    """
    grey = cv2.blur(cv2.cvtColor(before.colours, cv2.COLOR_RGB2GRAY), (3, 3))
    grown = cv2.blur(cv2.transform(change, _GREY), (3, 3))
    grown -= np.float32(cv2.mean(grown)[0] / free.mean())
    down, right = (cv2.Sobel(grey, cv2.CV_32F, x, 1 - x, scale=1 / 8) * free for x in (0, 1))
    a, b, c, p, q = (
        resized(one * other, (2, 2))
        for one, other in (
            (right, right), (right, down), (down, down), (right, grown), (down, grown),
        )
    )  # fmt: skip
    least = a * c - b * b + np.float32(1e-6)
    return float((np.hypot(c * p - b * q, a * q - b * p) / least).max())


_GREY = np.array([[0.299, 0.587, 0.114]], np.float32)
