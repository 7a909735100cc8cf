"""Holes that flicker are closed: estimate/held_foreground.py with tensors in place of maps."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.engine.gpu.eight_bit import to_level
from edgeds.engine.gpu.field import in_square, inside, read_at
from edgeds.estimate.held_foreground import (
    ALIKE,
    FADES,
    FALLS,
    FEWEST_PX,
    KNOWN,
    PLATE_LEVELS,
    STEP_PX,
    WITHIN_PX,
)
from edgeds.estimate.look_settings import LookSettings

_GREY = (0.299, 0.587, 0.114)
_NEVER = 255.0
CHANNELS = 4
"""Maps that are remembered: alpha, then the colours in levels."""


class FrameBefore:
    """Remembers the frame before, for one stream."""

    def __init__(self, side: int, crop: Tensor, settings: LookSettings) -> None:
        """
        Args:
            side: the square's that has room for the network's maps.
            crop: of the whole frame, see `field`.
        """
        is_in_order = settings.reuse_most > 0  # others have no frame before them
        nothing = torch.zeros((CHANNELS, side // 2, side // 2), device=crop.device)
        self._nothing = (nothing, crop) if is_in_order else None
        self.forget()

    def forget(self) -> None:
        self.maps = self._nothing
        """What is remembered, and the `crop` of its part; None where frames are in no order."""

    def keep(self, maps: Tensor | None, crop: Tensor) -> None:
        """This look is the frame's, and is before the next one."""
        self.maps = None if maps is None else (maps, crop)


def held(
    alpha: Tensor, small: Tensor, before: Tensor, crop_before: Tensor, plate: Tensor, crop: Tensor
) -> tuple[Tensor, Tensor]:
    """Alpha (h, w) without holes that were not there a frame ago, and what to remember.

    Args:
        small: what the network saw, uint8 (1, h, w, 3).
        before: what was remembered a frame ago, (CHANNELS, side, side); all 0 where nothing was.
        crop_before, crop: the parts of the frame, see `field`; of the maps at the network's size.
        plate: (3, h, w) in levels.
    """
    now = to_level(_half(small[0].permute(2, 0, 1).float()))
    size = now.shape[1], now.shape[2]
    there = _crop_within(crop_before, crop, size)
    seen = torch.where(inside(there, size), read_at(before, there, size), 0.0)
    coarse = _half(alpha[None])[0]
    known = -F.max_pool2d(-seen[None, :1], WITHIN_PX, 1, WITHIN_PX // 2)[0, 0]
    is_known = known > KNOWN
    of_plate = _unlike(now, to_level(_half(plate)))
    fell = is_known & (known - coarse > FALLS) & (of_plate > PLATE_LEVELS)
    fell = fell & (fell.sum() >= FEWEST_PX)
    weight = (of_plate / PLATE_LEVELS - 1).clamp(max=1)
    of_before = _unlike_before(now, to_level(seen[1:]), is_known)
    weight = weight * (2 - of_before / (ALIKE * of_plate.clamp(min=1))).clamp(0, 1)
    lift = torch.where(fell, weight * (known - coarse), 0.0)
    more = F.interpolate(lift[None, None], alpha.shape, mode="bilinear", align_corners=False)[0, 0]
    closed = torch.minimum(alpha + more, alpha.clamp(min=1))
    kept = coarse + lift - FADES * (lift > 0)
    return closed, in_square(torch.cat((kept[None], now)), before.shape[1])


def _unlike_before(now: Tensor, before: Tensor, is_known: Tensor) -> Tensor:
    """Levels between the colours and the most similar foreground nearby, before."""
    height, width = is_known.shape
    sides = (STEP_PX,) * 4
    around = F.pad(before[None], sides, mode="replicate")[0]
    unknown = F.pad(torch.where(is_known, 0.0, _NEVER)[None], sides, value=_NEVER)[0]
    least = torch.full_like(unknown[:height, :width], _NEVER)
    for down in (0, STEP_PX, 2 * STEP_PX):
        for right in (0, STEP_PX, 2 * STEP_PX):
            rows, columns = slice(down, down + height), slice(right, right + width)
            unlike = _unlike(now, around[:, rows, columns])
            least = torch.minimum(least, torch.maximum(unlike, unknown[rows, columns]))
    return least


def _unlike(one: Tensor, other: Tensor) -> Tensor:
    """Levels between two pictures (3, h, w), in the mean of 3x3 pixels."""
    red, green, blue = (one - other).abs()
    grey = to_level(_GREY[0] * red + _GREY[1] * green + _GREY[2] * blue)
    padded = F.pad(grey[None, None], (1, 1, 1, 1), mode="reflect")
    return to_level(F.avg_pool2d(padded, 3, 1)[0, 0])


def _half(maps: Tensor) -> Tensor:
    return F.avg_pool2d(maps[None], 2)[0]


def _crop_within(other: Tensor, crop: Tensor, size: tuple[int, ...]) -> Tensor:
    """Where another part lies, in pixels of the map of a part that has a size; see `field`."""
    down, right = size[0] / crop[2], size[1] / crop[3]
    top, left, height, width, rows, columns = other
    return torch.stack(
        (
            (top - crop[0]) * down, (left - crop[1]) * right, height * down, width * right,
            (rows / 2).floor(), (columns / 2).floor(),
        )
    )  # fmt: skip
