"""Parts of maps laid side by side on one map, so that one call works on all of them.

A call of NumPy or OpenCV takes 1 to 3 us beside its pixels, which is half of the time of a part.
Knows nothing about what the maps mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

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
        found, self._size = shelves([part.size for part in parts], margin)
        self.places = [
            Box(top, left, top + part.size[0], left + part.size[1])
            for (top, left), part in zip(found, parts, strict=True)
        ]
        """Where each part lies."""
        self._copies = [
            _Copy.of(part, place, size, margin)
            for part, place in zip(parts, self.places, strict=True)
        ]

    def of(self, values: _Values) -> _Values:
        """A map (h, w) or (h, w, c), its parts side by side. Between them is nothing."""
        together = np.zeros((*self._size, *values.shape[2:]), values.dtype)
        for source, beyond, into in self._copies:
            piece = values[source]
            if any(beyond):
                piece = cv2.copyMakeBorder(piece, *beyond, cv2.BORDER_REFLECT_101)
            together[into] = piece
        return together


class _Copy(NamedTuple):
    """How a part and what is around it are copied."""

    source: tuple[slice, slice]
    """What of that lies on the map."""
    beyond: tuple[int, int, int, int]
    """Pixels past the map's top, bottom, left and right."""
    into: tuple[slice, slice]

    @classmethod
    def of(cls, part: Box, place: Box, size: Size, margin: int) -> _Copy:
        top, left, bottom, right = part
        around = Box(top - margin, left - margin, bottom + margin, right + margin)
        inner = part.with_margin(margin, margin, size)
        above, before, below, after = (
            abs(one - other) for one, other in zip(around, inner, strict=True)
        )
        into = around.moved(place.top - top, place.left - left)
        return cls(inner.of, (above, below, before, after), into.of)


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
