"""Arrays, sizes and boxes, which all other modules use. Knows no picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""uint8 RGB (H, W, 3), or RGBA (H, W, 4) with straight alpha where a sink asks for it."""
DeepPixels: TypeAlias = npt.NDArray[np.uint16]
"""uint16 RGB (H, W, 3) of full range: 65535 is white."""
FloatMap: TypeAlias = npt.NDArray[np.float32]
"""float32 (H, W)."""
Indices: TypeAlias = npt.NDArray[np.int32]
"""int32 (n,): rows or columns of single pixels."""
ToLight: TypeAlias = Callable[[Pixels | DeepPixels], FloatMap]
"""Makes linear light, float32 (H, W, 3), of code values (H, W, 3)."""
Size: TypeAlias = tuple[int, int]
"""(height, width) in pixels, everywhere."""


class Box(NamedTuple):
    """Rows top to bottom, columns left to right, the last of each not included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> Size:
        return self.bottom - self.top, self.right - self.left

    @property
    def of(self) -> tuple[slice, slice]:
        """What to index an array by: `alpha[box.of]`."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def inside(self, outer: Box) -> Box:
        """This box as seen from the corner of one that holds it."""
        return Box(
            self.top - outer.top,
            self.left - outer.left,
            self.bottom - outer.top,
            self.right - outer.left,
        )

    def overlap(self, other: Box) -> Box | None:
        """What both boxes hold; None if that is nothing."""
        both = Box(
            max(self.top, other.top),
            max(self.left, other.left),
            min(self.bottom, other.bottom),
            min(self.right, other.right),
        )
        return both if both.top < both.bottom and both.left < both.right else None


def whole(size: Size) -> Box:
    """The box that covers all of a size."""
    return Box(0, 0, *size)
