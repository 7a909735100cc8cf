"""The few boxes that hold all of a mask. Knows nothing about frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgeds.types import Box

_A_BOX_COSTS = 0.015
"""Of the mask's area: what the work for one box takes beside its pixels."""


def boxes_of(mask: npt.NDArray[np.bool_], margin: int, *, apart_px: int) -> tuple[Box, ...]:
    """Disjoint boxes that hold what is set, each with a margin.

    Those that lie close together become one, where that is less work.

    Args:
        mask: (h, w).
        apart_px: boxes nearer to each other than this cost as if they overlapped.
    """
    import cv2

    height, width = mask.shape
    left, top, wide, high = cv2.boundingRect(mask.view(np.uint8))
    if not wide:
        return ()
    inside = np.ascontiguousarray(mask[top : top + high, left : left + wide]).view(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    grown = [
        Box(
            max(0, y + top - margin),
            max(0, x + left - margin),
            min(height, y + top + h + margin),
            min(width, x + left + w + margin),
        )
        for x, y, w, h, _ in stats[1:].tolist()
    ]
    return tuple(_joined(grown, _A_BOX_COSTS * height * width, apart_px))


def _joined(boxes: list[Box], cost: float, apart: int) -> list[Box]:
    """Join two at a time as long as the rest costs less, and always where they overlap."""
    left = sorted(boxes)
    while True:
        for i, one in enumerate(left):
            for other in left[i + 1 :]:
                both = _around(one, other)
                least = _area(one, apart) + _area(other, apart) + cost
                if _area(both, apart) <= least or _overlap(one, other):
                    left = [box for box in left if box is not one and box is not other]
                    left = sorted([*left, both])
                    break
            else:
                continue
            break
        else:
            return left


def _around(one: Box, other: Box) -> Box:
    return Box(
        min(one.top, other.top),
        min(one.left, other.left),
        max(one.bottom, other.bottom),
        max(one.right, other.right),
    )


def _area(box: Box, apart: int) -> int:
    height, width = box.size
    return (height + apart) * (width + apart)


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.top < other.bottom
        and other.top < one.bottom
        and one.left < other.right
        and other.left < one.right
    )
