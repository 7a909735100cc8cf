"""The view `blur` as a function of tensors: views/blur.py for a GPU. Values are rounded where the
CPU's pictures are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.engine.gpu.colour import (
    Colour,
    Scale,
    full_rgb,
    half_chroma_of_swscale,
    rounded,
    scale_to,
    yuv_of,
)
from edgeds.engine.gpu.eight_bit import Enlarge, enlarge, gaussian_kernel, to_level
from edgeds.engine.gpu.maps import offset_of
from edgeds.engine.gpu.matte_refinement import unmixed
from edgeds.engine.gpu.views import Planes
from edgeds.estimate.settings import Matte
from edgeds.types import FloatMap, Size
from edgeds.views.blur import blur_steps


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One strength of blur, computed at a fraction of the size."""

    smaller: Scale | None
    larger: Enlarge | None
    """Back again; None where it was not made smaller."""
    kernel: Tensor
    """float32 (3, 1, 1, k): along rows; its transpose along columns."""

    def __call__(self, picture: Tensor) -> Tensor:
        """(3, H, W) to the same, in whole levels."""
        small = picture if self.smaller is None else to_level(self.smaller(picture))
        r = self.kernel.shape[-1] // 2
        padded = F.pad(small[None], (r, r, r, r), mode="reflect")
        along = F.conv2d(padded, self.kernel, groups=3)
        blurred = to_level(F.conv2d(along, self.kernel.transpose(2, 3), groups=3))[0]
        return blurred if self.larger is None else self.larger(blurred)


@dataclass(frozen=True, slots=True, eq=False)
class BlurLevels:
    levels: tuple[Level, ...]
    shares: Tensor
    """float32 (levels - 1, H, W)."""
    reach: int


def blur_levels(plate_depth: FloatMap, blur: float, device: torch.device) -> BlurLevels:
    """`blur` is the strongest sigma over the frame's height."""
    steps = blur_steps(plate_depth, blur)
    size = (plate_depth.shape[0], plate_depth.shape[1])
    levels = tuple(_level(size, sigma, device) for sigma in steps.sigmas)
    return BlurLevels(levels, torch.from_numpy(np.array(steps.shares)).to(device), steps.reach)


def blurred(
    luma: Tensor,
    chroma: Tensor,
    alpha: Tensor,
    field: Tensor,
    crop: Tensor,
    plate: Tensor,
    blurs: BlurLevels,
    colour: Colour,
    matte: Matte,
) -> Planes:
    """The foreground sharp over the blurred background; `plate` is uint8 (3, H, W)."""
    size = (int(alpha.shape[0]), int(alpha.shape[1]))
    frame, behind = full_rgb(luma, chroma, colour).float(), plate.float()
    covered = F.max_pool2d(alpha[None], blurs.reach, 1, blurs.reach // 2)[0]
    empty = _over(behind, frame, covered)
    first, *rest = blurs.levels
    background = first(empty)
    for level, share in zip(rest, blurs.shares, strict=True):
        background = _over(level(empty), background, share)
    sharp = unmixed(alpha, offset_of(field, crop, size), frame, behind, matte).round()
    yuv = yuv_of(_over(sharp, background, alpha), colour)
    return rounded(yuv[0]), half_chroma_of_swscale(yuv[1:])


def _over(front: Tensor, back: Tensor, alpha: Tensor) -> Tensor:
    return (back + alpha * (front - back)).round()


def _level(size: Size, sigma: float, device: torch.device) -> Level:
    shrink = max(1, int(sigma / 2))
    small = max(1, size[0] // shrink), max(1, size[1] // shrink)
    sigma /= shrink
    reach = round(6 * sigma + 1) // 2  # OpenCV's choice of a kernel for 8 bits
    reach = min(reach, min(small) - 1)
    kernel = gaussian_kernel(sigma, reach, device).expand(3, 1, 1, -1).contiguous()
    if small == size:
        return Level(None, None, kernel)
    return Level(scale_to(size, small, device), enlarge(small, size, device), kernel)
