"""A few boxes that together contain a mask. Knows nothing about frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgeds.types import Box

A_BOX_COSTS_PX = 25_000
"""Pixels of a frame whose border is drawn and composed in the time that one box takes by itself."""


def boxes_of(
    mask: npt.NDArray[np.bool_], margin: int, *, apart_px: int, box_cost: float = 0.015
) -> tuple[Box, ...]:
    """Disjoint boxes that contain all true pixels, each with a margin.

    Boxes that are close together become one if that is less work.

    Args:
        mask: (h, w).
        apart_px: boxes nearer to each other than this cost as if they overlapped.
        box_cost: of the mask's area, what the work for one box takes beside its pixels.
    """
    import cv2

    height, width = mask.shape
    left, top, wide, high = cv2.boundingRect(mask.view(np.uint8))
    if not wide:
        return ()
    reach = apart_px // 2
    rows = slice(max(0, top - reach), top + high + reach)
    columns = slice(max(0, left - reach), left + wide + reach)
    # What lies close together is one: grown, counted, and drawn back to what it was.
    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    near = cv2.dilate(np.ascontiguousarray(mask[rows, columns]).view(np.uint8), square)
    # Its outlines are found in a seventh of the time of its components; what lies in a hole lies in
    # the box around it, too.
    outlines, _ = cv2.findContours(near, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = []
    for x, y, w, h in map(cv2.boundingRect, outlines):
        y, x = y + rows.start, x + columns.start
        found = cv2.boundingRect(np.ascontiguousarray(mask[y : y + h, x : x + w]).view(np.uint8))
        first = max(0, y + found[1] - margin), max(0, x + found[0] - margin)
        last = y + found[1] + found[3] + margin, x + found[0] + found[2] + margin
        boxes.append(Box(*first, min(height, last[0]), min(width, last[1])))
    return tuple(_joined(boxes, box_cost * height * width, apart_px))


def _joined(boxes: list[Box], cost: float, apart: int) -> list[Box]:
    """Join two at a time as long as the rest costs less, and always where they overlap."""
    left = sorted(boxes)
    while True:
        for i, one in enumerate(left):
            for other in left[i + 1 :]:
                both = one.around(other)
                least = _area(one, apart) + _area(other, apart) + cost
                if _area(both, apart) <= least or one.overlap(other):
                    left = [box for box in left if box is not one and box is not other]
                    left = sorted([*left, both])
                    break
            else:
                continue
            break
        else:
            return left


def _area(box: Box, apart: int) -> int:
    height, width = box.size
    return (height + apart) * (width + apart)
