"""Small maps of a part of the frame, and how they are read at the frame's pixels.

The maps lie in the corner of a square that has room for the network at any of its sizes, so that
all that reads them has fixed shapes, whichever part they are of. `crop` says what is where: float32
(6,), top, left, height and width of the part in pixels of the picture that reads it, then height
and width of the maps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.types import Box, Size


def crop_of(part: Box, maps: Size) -> npt.NDArray[np.float32]:
    """`crop` of maps (h, w) of a part of the frame, on the host."""
    return np.array([part.top, part.left, *part.size, *maps], np.float32)


def crop_at(crop: Tensor, size: Size, other: Size) -> Tensor:
    """`crop` for a picture of another size than the frame's."""
    down, across = other[0] / size[0], other[1] / size[1]
    top, left, height, width, *maps = crop
    return torch.stack((top * down, left * across, height * down, width * across, *maps))


def in_square(maps: Tensor, side: int) -> Tensor:
    """(c, h, w) to (c, side, side)."""
    return F.pad(maps, (0, side - maps.shape[2], 0, side - maps.shape[1]))


def read_at(field: Tensor, crop: Tensor, size: Size) -> Tensor:
    """(c, side, side) at the pixels of a picture, (c, H, W): bilinear with half-pixel centres. What
    lies outside the part is as its edge.
    """
    first, second, share = _between(crop[0], crop[2], crop[4], size[0])
    upper, lower = field.index_select(1, first), field.index_select(1, second)
    rows = upper + share[:, None] * (lower - upper)
    first, second, share = _between(crop[1], crop[3], crop[5], size[1])
    left, right = rows.index_select(2, first), rows.index_select(2, second)
    return left + share * (right - left)


def nearest_at(square: Tensor, crop: Tensor, size: Size) -> Tensor:
    """(side, side) at the pixels of a picture: the map's pixel that each lies in."""
    rows = _under(crop[0], crop[2], crop[4], size[0])
    columns = _under(crop[1], crop[3], crop[5], size[1])
    return square.index_select(0, rows).index_select(1, columns)


def inside(crop: Tensor, size: Size) -> Tensor:
    """Whether each pixel lies in the part, bool (H, W)."""
    rows, columns = (
        (at > crop[axis]) & (at < crop[axis] + crop[axis + 2])
        for axis, at in enumerate(_middles(full, crop) for full in size)
    )
    return rows[:, None] & columns


def _middles(count: int, like: Tensor) -> Tensor:
    return torch.arange(count, dtype=torch.float32, device=like.device) + 0.5


def _between(
    begin: Tensor, length: Tensor, count: Tensor, full: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The two pixels of the map that each of the picture lies between, and the second's share."""
    at = (_middles(full, begin) - begin) * (count / length) - 0.5
    at = torch.minimum(at.clamp(min=0), count - 1)
    first = at.floor()
    second = torch.minimum(first + 1, count - 1)
    return first.to(torch.int64), second.to(torch.int64), at - first


def _under(begin: Tensor, length: Tensor, count: Tensor, full: int) -> Tensor:
    # The product first: it is exact, and so is the quotient where pixels of both sizes meet.
    at = ((_middles(full, begin) - 0.5 - begin) * count / length).floor().clamp(min=0)
    return torch.minimum(at, count - 1).to(torch.int64)
