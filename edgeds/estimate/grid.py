"""Where pixels of the network's map lie on the frame. Knows nothing about what maps mean."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edgeds.types import Box, FloatMap, Size
from edgeds.types.maps import resized_map


class Grid:
    """Where pixels of the network's map lie on the frame."""

    def __init__(self, coarse: Size, full: Size) -> None:
        self.coarse, self._full = coarse, full
        # Every so many pixels of the map, borders of both sizes' pixels meet.
        self._steps = tuple(c // math.gcd(c, f) for c, f in zip(coarse, full, strict=True))

    def outer(self, box: Box) -> Box:
        """The frame's pixels under a box of the map, from even to even ones."""
        top, left = (self._down(lo, axis) & ~1 for axis, lo in enumerate(box[:2]))
        bottom, right = (self._up(hi, axis) + 1 & ~1 for axis, hi in enumerate(box[2:]))
        return Box(top, left, min(bottom, self._full[0]), min(right, self._full[1]))

    def window(self, box: Box, margin: int) -> tuple[Box, Box]:
        """The map's pixels and the frame's of a window that holds a box and a margin around it."""
        low, high = [], []
        for axis, (lo, hi) in enumerate(zip(box[:2], box[2:], strict=True)):
            step, most = self._steps[axis], self.coarse[axis]
            # and for what even pixels of the frame take beyond the box: up to two of them
            more = margin + -(-2 * most // self._full[axis])
            low.append(max(0, (lo - more) // step * step))
            high.append(min(most, -(-(hi + more) // step) * step))
        coarse = Box(*low, *high)
        full = Box(*(self._down(at, number % 2) for number, at in enumerate(coarse)))
        return coarse, full

    def _down(self, at: int, axis: int) -> int:
        return at * self._full[axis] // self.coarse[axis]

    def _up(self, at: int, axis: int) -> int:
        return -(-at * self._full[axis] // self.coarse[axis])


def affine_between(
    size: tuple[int, ...], part: Box, other_size: tuple[int, ...], other: Box
) -> npt.NDArray[np.float64]:
    """2x3, takes (x, y, 1) of a part's map of a size to the map of another part.

    Half-pixel centres: pixel i lies at i + .5.
    """
    (down, y), (across, x) = (
        (
            length / n / (other_length / other_n),
            (length / n / 2 + start - other_start) / (other_length / other_n) - 0.5,
        )
        for length, n, other_length, other_n, start, other_start in zip(
            part.size, size, other.size, other_size, part[:2], other[:2], strict=True
        )
    )
    return np.array([[across, 0, x], [0, down, y]])


def enlarged_in(values: FloatMap, box: Box, size: Size) -> FloatMap:
    """A map (h, w) or (h, w, c) at a larger (height, width), in a box of that alone."""
    small = values.shape[0], values.shape[1]
    low = (at * few // many for at, few, many in zip(box[:2], small, size, strict=True))
    high = (-(-at * few // many) for at, few, many in zip(box[2:], small, size, strict=True))
    coarse, window = Grid(small, size).window(Box(*low, *high), 1)
    enlarged: FloatMap = resized_map(values[coarse.of], window.size)[box.inside(window).of]
    return enlarged
