"""Holes that flicker are closed: what was foreground a frame ago, and looks as it did, still is.

A shirt that looks like the wall in its own shadow comes and goes in the network's alpha. Where that
fell from one frame to the next, the colours are compared with those of the foreground nearby in the
frame before, and with the plate's. If they are still the foreground's, and not the plate's, alpha
stays, for a few frames. What moves away shows the plate, at once. Knows nothing about networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.grid import affine_between
from edgeds.types import Box, FloatMap, Pixels, Size

KNOWN = 0.6
"""Alpha over this was foreground."""
WITHIN_PX = 7
"""Side of the square of pixels, of half the network's size, that must all have been foreground.
What opens beside something that moves, as the gap of walking legs, was nearer to its border."""
FALLS = 0.1
"""What was foreground is compared with what it was if its alpha falls by this."""
FEWEST_PX = 12
"""Pixels of half the network's size that must have fallen: fewer are not looked at."""
PLATE_LEVELS = 3.0
"""What differs from the plate by less is the plate; by twice as much, it is not."""
ALIKE = 0.5
"""What differs from the foreground a frame ago by less than this share of what it differs from the
plate by is still the foreground; by twice as much, it is not."""
STEP_PX = 2
"""The foreground may have moved by so many of those pixels, or not, along both axes."""
FADES = 0.1
"""What is held loses this with each frame."""
_SQUARE = np.ones((WITHIN_PX, WITHIN_PX), np.uint8)
_NEVER = 255
"""Levels that nothing differs by."""


@dataclass(frozen=True, slots=True, eq=False)
class _Before:
    """A frame's alpha and colours, at half of the network's size, in a part of the frame."""

    alpha: FloatMap
    colours: Pixels
    part: Box


class HeldForeground:
    """Remembers the frame before. Frames of one stream, in their order."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start again, as with the first frame."""
        self._before: _Before | None = None
        self._now: _Before | None = None

    def begin_frame(self) -> None:
        """What was looked at last is the frame before."""
        self._before, self._now = self._now, None

    def __call__(self, alpha: FloatMap, frame: Pixels, plate: Pixels, part: Box) -> FloatMap:
        """The network's alpha (h, w) without holes that were not there a frame ago.

        Args:
            frame, plate: what the network saw, (h, w, 3).
            part: of the whole frame.
        """
        self._now = None
        if float(alpha.max()) <= KNOWN:
            return alpha
        small, colours = _half(alpha), _half(frame)
        held, kept = alpha, small
        if self._before is not None:
            lift = _lift(small, colours, plate, _seen_in(self._before, part, small.shape))
            if lift is not None:
                more = cv2.resize(lift, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)
                held = np.minimum(alpha + more, np.maximum(alpha, np.float32(1)))
                kept = small + lift - np.float32(FADES) * (lift > 0)
        self._now = _Before(kept, colours, part)
        return held


def _lift(alpha: FloatMap, colours: Pixels, plate: Pixels, before: _Before) -> FloatMap | None:
    """How much is added to alpha; None where nothing is."""
    known = cv2.erode(before.alpha, _SQUARE)
    is_known = cv2.compare(known, KNOWN, cv2.CMP_GT)
    fell = cv2.compare(cv2.subtract(known, alpha), FALLS, cv2.CMP_GT) & is_known
    if cv2.countNonZero(fell) < FEWEST_PX:
        return None
    box = _box_of(fell)
    of_plate = _unlike(colours[box.of], _half(plate)[box.of])
    fell[box.of] &= cv2.compare(
        of_plate, PLATE_LEVELS, cv2.CMP_GT
    )  # most that moves away ends here
    if cv2.countNonZero(fell) < FEWEST_PX:
        return None
    outer, box = box, _box_of(fell)
    at = np.flatnonzero(fell[box.of])
    off = of_plate[box.inside(outer).of].reshape(-1)[at].astype(np.float32)
    of_before = _unlike_before(colours[box.of], before.colours, is_known, box).reshape(-1)[at]
    weight = np.minimum(off / np.float32(PLATE_LEVELS) - 1, 1)
    weight *= np.clip(2 - of_before / (np.float32(ALIKE) * off), 0, 1)
    part = np.zeros(box.size, np.float32)
    part.reshape(-1)[at] = weight * (known[box.of] - alpha[box.of]).reshape(-1)[at]
    lift = np.zeros_like(alpha)
    lift[box.of] = part
    return lift


def _box_of(mask: npt.NDArray[np.uint8]) -> Box:
    """What holds a mask, and a pixel on each side for the mean of 3x3."""
    left, top, width, height = cv2.boundingRect(mask)
    bottom, right = min(mask.shape[0], top + height + 1), min(mask.shape[1], left + width + 1)
    return Box(max(0, top - 1), max(0, left - 1), bottom, right)


def _unlike_before(
    now: Pixels, before: Pixels, is_known: npt.NDArray[np.uint8], box: Box
) -> npt.NDArray[np.uint8]:
    """Levels between the colours in a box and the most similar foreground nearby, before."""
    sides = (STEP_PX, STEP_PX, STEP_PX, STEP_PX)
    around = cv2.copyMakeBorder(before, *sides, cv2.BORDER_REPLICATE)
    unknown = cv2.copyMakeBorder(
        cv2.bitwise_not(is_known), *sides, cv2.BORDER_CONSTANT, value=_NEVER
    )
    least = np.full(now.shape[:2], _NEVER, np.uint8)
    for down in (0, STEP_PX, 2 * STEP_PX):
        for across in (0, STEP_PX, 2 * STEP_PX):
            there = box.moved(down, across).of
            least = cv2.min(least, cv2.max(_unlike(now, around[there]), unknown[there]))
    return np.asarray(least, np.uint8)


def _half(picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
    height, width = picture.shape[:2]
    half: npt.NDArray[Any] = cv2.resize(
        picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA
    )
    return half


def _unlike(one: Pixels, other: Pixels) -> Pixels:
    """Levels between two pictures, in the mean of 3x3 pixels."""
    grey = cv2.cvtColor(cv2.absdiff(one, other), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.blur(grey, (3, 3)), np.uint8)


def _seen_in(before: _Before, part: Box, size: Size) -> _Before:
    """What is remembered, where it lies in another part of the frame, at a size there."""
    if before.part == part and before.alpha.shape == size:
        return before
    matrix = affine_between(size, part, before.alpha.shape, before.part)
    alpha, colours = (
        cv2.warpAffine(picture, matrix, size[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        for picture in (before.alpha, before.colours)
    )
    return _Before(alpha, colours, part)
