"""Whether a frame shows another picture than the one before: a cut, a flash, a blow to the camera.

A thing that moves is none, nor are leaves. Knows no plate and no network.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edgeds.plate.masks import share
from edgeds.types import Maps, Pixels
from edgeds.types.picture import largest_channel

# Foreground that grows or shrinks by this share of the picture from one frame to the next, and
# covers this much of one of them, may be other light, another scene, or no picture.
_SHARE, _LARGE = 0.2, 0.4
_STRIDE = 8  # a 64th of the pixels says it
# This share of what is background in both frames differs by more than these levels. In a cut to a
# framing that is 7 % tighter it is .09; where people walk, at most .005 between two frames.
_BACKGROUND, _LEVELS = 0.04, 12
_LEAST_FREE = 0.1  # of the picture that must be background
_COVERED = 0.4  # of the picture was background, and is none: nobody comes so fast
_LEAST_OUTSIDE = 0.5  # of the picture that must be outside of boxes
_FAINT = 0.1  # alpha over it is foreground
_USUAL = 3  # times what usually differs in this clip, as of water and leaves...
_KEPT = 0.9  # ... a mean, of which a frame keeps this much


class SuddenChange:
    """Compares frames of one stream, in their order."""

    def __init__(self) -> None:
        self._foreground: float | None = None
        self._before: tuple[Pixels, npt.NDArray[np.bool_]] | None = None
        self._usual = 0.0

    def __call__(self, small: Pixels, maps: Maps) -> bool:
        """Whether it changed suddenly; `small` is the frame, of any one size. The first is none."""
        before, self._foreground = self._foreground, _large_share(maps)
        jumped = self._background_jumped(small, maps)
        return before is not None and (jumped or abs(self._foreground - before) > _SHARE)

    def _background_jumped(self, small: Pixels, maps: Maps) -> bool:
        import cv2

        shown = np.ascontiguousarray(small[::_STRIDE, ::_STRIDE])
        free = _outside(maps, shown.shape[:2])
        before, self._before = self._before, (shown, free)
        if before is None:
            return False
        free_before, free = share(before[1]), free & before[1]
        free_now = share(free)
        if free_before - free_now > _COVERED:
            return True
        if free_now < _LEAST_FREE:
            return False
        differs = largest_channel(cv2.absdiff(before[0], shown)) > _LEVELS
        changed = share(differs & free) / free_now
        usual, self._usual = self._usual, _KEPT * self._usual + (1 - _KEPT) * changed
        return changed > _BACKGROUND + _USUAL * usual


def _outside(maps: Maps, size: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Where no foreground is, nor near it: outside of its boxes. Where these hold most of the
    picture, as of crumbs after a blow to the camera, alpha says it, which costs more.
    """
    import cv2

    free = np.ones(size[:2], np.bool_)
    down, across = size[0] / maps.size[0], size[1] / maps.size[1]
    for box in maps.boxes:
        rows = slice(int(box.top * down), math.ceil(box.bottom * down))
        free[rows, int(box.left * across) : math.ceil(box.right * across)] = False
    if share(free) < _LEAST_OUTSIDE:
        alpha = maps.alpha_at((size[0], size[1]))
        near = cv2.dilate((alpha > _FAINT).view(np.uint8), np.ones((3, 3), np.uint8))
        free = np.asarray(near == 0)
    return free


def _large_share(maps: Maps) -> float:
    """The foreground's share of the picture; 0 where it is not large."""
    height, width = maps.size
    pixels = sum(box.size[0] * box.size[1] for box in maps.boxes)
    if pixels < _LARGE * height * width:
        return 0.0
    alpha = maps.alpha_at((max(1, height // _STRIDE), max(1, width // _STRIDE)))
    large = share(alpha > 0.5)
    return large if large > _LARGE else 0.0
