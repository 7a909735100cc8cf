"""A picture as it was decoded or captured: planes, layout, colour tags, device; RGB on demand.

Pictures of video on the CPU are in `edgeds.sources.yuv_planes`. Knows no codecs and no files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from edgeds.types.arrays import Box, DeepPixels, Indices, Pixels, Size

Layout: TypeAlias = Literal["rgb", "rgba", "yuv420p", "nv12"]
"""How the planes hold colour.

"rgb", "rgba": one plane, (H, W, 3) or (H, W, 4). "yuv420p": Y (H, W), U and V (H/2, W/2).
"nv12": Y (H, W), U and V in turn (H/2, W/2, 2). H and W are even for the last two.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourTags:
    """How the numbers of a video mean colour: FFmpeg's integer codes, 2 is "not said"."""

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    full_range: bool = False


class Picture(Protocol):
    """Planes that stages share and never write to. RGB is made on demand."""

    @property
    def layout(self) -> Layout: ...

    @property
    def device(self) -> str:
        """Where the planes are: "cpu", or "cuda:0" as torch writes it."""
        ...

    @property
    def planes(self) -> tuple[Any, ...]:
        """uint8 arrays as `layout` says: NumPy's on the CPU, torch's elsewhere."""
        ...

    @property
    def size(self) -> Size: ...

    def rgb(self, size: Size | None = None) -> Pixels:
        """uint8 RGB (H, W, 3) of the whole picture, area-averaged to a smaller size; RGBA has four
        channels. Made once for each size. Read-only.
        """
        ...

    def region(self, box: Box, size: Size | None = None) -> Pixels:
        """uint8 RGB of a part, at full size or at a smaller or larger one: as `rgb()`, a level or
        two off where that is quicker. Read-only.
        """
        ...

    def colours(self, rows: Indices, columns: Indices) -> Pixels:
        """uint8 RGB (n, 3) of single pixels, as `region` has them."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class RgbPicture:
    """A picture that is RGB or RGBA: of cameras, of images, of views."""

    pixels: Pixels
    deeper: Callable[[], DeepPixels] | None = None
    """Makes the same picture with all bits of a source that has more than 8."""
    _smaller: dict[Size, Pixels] = field(default_factory=dict)

    def __reduce__(self) -> tuple[type[RgbPicture], tuple[object, ...]]:
        """As a copy or for another process, without what was made of it."""
        deeper = None if self.deeper is None else partial(np.array, self.deeper())
        return RgbPicture, (self.pixels, deeper)

    @property
    def layout(self) -> Layout:
        return "rgba" if self.pixels.shape[2] == 4 else "rgb"

    @property
    def device(self) -> str:
        return "cpu"

    @property
    def planes(self) -> tuple[Pixels, ...]:
        return (self.pixels,)

    @property
    def size(self) -> Size:
        return self.pixels.shape[0], self.pixels.shape[1]

    def rgb(self, size: Size | None = None) -> Pixels:
        if size is None or size == self.size:
            return self.pixels
        if size not in self._smaller:
            self._smaller[size] = resized(self.pixels, size)
        return self._smaller[size]

    def region(self, box: Box, size: Size | None = None) -> Pixels:
        part = self.pixels[box.of]
        return part if size is None else resized(part, size)

    def colours(self, rows: Indices, columns: Indices) -> Pixels:
        found: Pixels = pixels_at(self.pixels, rows, columns)
        return found[:, :3]


def pixels_at(values: npt.NDArray[Any], rows: Indices, columns: Indices) -> npt.NDArray[Any]:
    """`values[rows, columns]` of a picture or a plane, in a tenth of NumPy's time."""
    import cv2

    if not len(rows):
        return values[rows, columns]
    x, y = folded(columns), folded(rows)
    read = cv2.remap(values, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    found: npt.NDArray[Any] = read.reshape(-1, *values.shape[2:])[: len(rows)]
    return found


def largest_channel(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(h, w, 3) to (h, w). Along an axis of 3 NumPy's own maximum takes 6 to 25 times as long."""
    largest: npt.NDArray[Any] = np.maximum(values[..., 0], values[..., 1])
    np.maximum(largest, values[..., 2], out=largest)
    return largest


def least_channel(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(h, w, 3) to (h, w)."""
    least: npt.NDArray[Any] = np.minimum(values[..., 0], values[..., 1])
    np.minimum(least, values[..., 2], out=least)
    return least


def folded(numbers: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """A list (n,) as a picture of float32, zeros behind it: OpenCV takes none longer than 32767."""
    count, fold = len(numbers), 16384
    if count <= fold:
        return numbers[None].astype(np.float32, copy=False)
    rows = np.zeros((-(-count // fold), fold), np.float32)
    rows.reshape(-1)[:count] = numbers
    return rows


def resized(pixels: npt.NDArray[Any], size: Size) -> npt.NDArray[Any]:
    """Pixels at another (height, width): area-averaged when smaller, so nothing aliases."""
    import cv2

    height, width = size
    if pixels.shape[:2] == size:
        return pixels
    shrinks = height < pixels.shape[0] or width < pixels.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    smaller: npt.NDArray[Any] = cv2.resize(pixels, (width, height), interpolation=how)
    return smaller
