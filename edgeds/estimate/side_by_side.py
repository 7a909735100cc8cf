"""Parts of maps laid side by side on one map, so that one call works on all of them.

A call of NumPy or OpenCV takes 1 to 3 us beside its pixels, which is half of the time of a part.
Knows nothing about what the maps mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.types import Box, Size

_Values = npt.NDArray[Any]
Places = list[tuple[int, int]]


class SideBySide:
    """Parts of maps of one size, with what is around each up to a margin."""

    def __init__(self, parts: Sequence[Box], size: Size, margin: int) -> None:
        """
        Args:
            parts: on a map of this size. Past its borders its pixels go on mirrored.
        """
        self._parts, self._map, self._margin = parts, size, margin
        found, self._size = shelves([part.size for part in parts], margin)
        self.places = [
            Box(top, left, top + part.size[0], left + part.size[1])
            for (top, left), part in zip(found, parts, strict=True)
        ]
        """Where each part lies."""

    def of(self, values: _Values) -> _Values:
        """A map (h, w) or (h, w, c), its parts side by side. Between them is nothing."""
        together = np.zeros((*self._size, *values.shape[2:]), values.dtype)
        margin, (height, width) = self._margin, self._map
        for part, place in zip(self._parts, self.places, strict=True):
            sides = part.top - margin, part.left - margin, part.bottom + margin, part.right + margin
            inner = Box(
                max(sides[0], 0), max(sides[1], 0), min(sides[2], height), min(sides[3], width)
            )
            beyond = tuple(abs(one - other) for one, other in zip(sides, inner, strict=True))
            piece = values[inner.of]
            if any(beyond):
                top, left, bottom, right = beyond
                piece = cv2.copyMakeBorder(piece, top, bottom, left, right, cv2.BORDER_REFLECT_101)
            into = Box(
                place.top - margin, place.left - margin, place.bottom + margin, place.right + margin
            )
            together[into.of] = piece
        return together


def shelves(sizes: Sequence[tuple[int, ...]], margin: int) -> tuple[Places, Size]:
    """Places (top, left) for pictures on one that holds all with a margin around each, in rows from
    high to low; multiples of 4 where the margin is one, as are its sides.
    """
    sides = [tuple((side + 2 * margin + 3) & ~3 for side in size) for size in sizes]
    area = sum(height * width for height, width in sides)
    most = max(max(width for _, width in sides), int(area**0.5) & ~3)
    places = [(0, 0)] * len(sides)
    top = left = shelf = 0
    for number in sorted(range(len(sides)), key=lambda at: -sides[at][0]):
        height, width = sides[number]
        if left + width > most:
            top, left, shelf = top + shelf, 0, 0
        places[number] = top + margin, left + margin
        left, shelf = left + width, max(shelf, height)
    return places, (top + shelf, most)
