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
_LONGEST = 60  # signs of a value in a message


def is_rgb(pixels: object) -> bool:
    """Whether this is uint8 RGB (H, W, 3)."""
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
        return False
    return bool(pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size > 0)


def described(pixels: object) -> str:
    """What somebody gave for pixels, or for anything else, for messages."""
    if isinstance(pixels, np.ndarray):
        return f"{pixels.dtype} of shape {pixels.shape}"
    if pixels is None:
        return "None"
    is_plain = isinstance(pixels, tuple) and all(isinstance(n, (str, int, float)) for n in pixels)
    if is_plain or isinstance(pixels, (str, int, float)):
        said = repr(pixels)
        return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."
    kind = type(pixels).__name__
    return f"{'an' if kind[0] in 'AEIOUaeiou' else 'a'} {kind}"


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

    def moved(self, down: int, right: int) -> Box:
        return Box(self.top + down, self.left + right, self.bottom + down, self.right + right)

    def with_margin(self, height_px: int, width_px: int, size: Size) -> Box:
        """This box and a margin on each side, as far as it lies in a picture of a size."""
        return Box(
            max(0, self.top - height_px),
            max(0, self.left - width_px),
            min(size[0], self.bottom + height_px),
            min(size[1], self.right + width_px),
        )

    def holds(self, other: Box) -> bool:
        """Whether all of the other box is in this one."""
        return (
            self.top <= other.top
            and self.left <= other.left
            and self.bottom >= other.bottom
            and self.right >= other.right
        )

    def around(self, other: Box) -> Box:
        """The smallest box that holds both."""
        return Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
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
