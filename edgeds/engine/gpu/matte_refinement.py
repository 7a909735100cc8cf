"""Alpha at full resolution as functions of tensors: estimate/matte_refinement.py for a GPU.

The CPU computes the border's band alone; here every pixel is computed and the band is chosen, which
torch.compile turns into one kernel. All pictures are float RGB in 0..255, (3, H, W).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.engine.gpu.depth_fit import box_sums
from edgeds.estimate.settings import Matte

OFFSET = slice(8, 11)
"""The plate offset among the maps of `around`."""


def around(coarse: Tensor, frame: Tensor, plate: Tensor, doubt: Tensor, settings: Matte) -> Tensor:
    """What is near each pixel of the coarse size, float32 (11, h, w): lifted alpha, its lowest and
    highest nearby, the foreground's colour (3) and variance, trust, plate offset (3).

    Args:
        coarse, doubt: (h, w).
        frame, plate: (3, h, w).
    """
    lifted = coarse + settings.lift * coarse * (1 - coarse)
    sure = (lifted > settings.sure).float()
    empty = (lifted < 1 - settings.sure).float()
    power = frame.square().sum(0) * sure
    off = (frame - plate) * empty
    spread = off.square().sum(0)
    sums = box_sums(
        torch.cat((torch.stack((sure, empty, power, spread)), frame * sure, off)),
        9,
    )
    count = sums[0].clamp(min=1e-3)
    colour = sums[4:7] / count
    variance = (sums[2] / count - colour.square().sum(0)).clamp(min=0)
    enough = sums[1].clamp(min=1)
    scatter = (sums[3] / enough - (sums[7:10] / enough).square().sum(0)).clamp(min=0)
    trust = sums[0] / 6 * torch.exp(scatter / (-3 * settings.scatter_levels**2)) * (1 - doubt)
    offset = sums[7:10] / (sums[1] + 4)
    high = F.max_pool2d(lifted[None, None], 3, 1, 1)[0, 0]
    low = -F.max_pool2d(-lifted[None, None], 3, 1, 1)[0, 0]
    return torch.cat(
        (torch.stack((lifted, low, high)), colour, torch.stack((variance, trust)), offset)
    )


def bounds_of(field: Tensor) -> Tensor:
    """Lowest and highest coarse alpha nearby, (2, side, side); the highest counts for more where it
    is open, since what is thin is coarsely too faint (estimate/border_surroundings.py).
    """
    low, high = field[1], field[2]
    return torch.stack((low, high * (2 - high)))


def refined(near: Tensor, band: Tensor, frame: Tensor, plate: Tensor, settings: Matte) -> Tensor:
    """Alpha (H, W) of what is around each pixel (11, H, W), whether alpha is open there (H, W),
    frame and plate (3, H, W).
    """
    alpha, low, high, *colour, variance, trust, d0, d1, d2 = near
    behind = plate + torch.stack((d0, d1, d2))
    c_minus_b, f_minus_b = frame - behind, torch.stack(colour) - behind
    contrast = f_minus_b.square().sum(0)
    along = (c_minus_b * f_minus_b).sum(0) / contrast.clamp(min=1)
    residual = c_minus_b - along.clamp(0, 1) * f_minus_b
    short = (variance / (3 * contrast.clamp(min=1))).sqrt()
    mixed = (along / (1 - short).clamp(min=0.4)).clamp(0, 1)
    confidence = contrast / (contrast + 3 * settings.noise_levels**2 + settings.texture * variance)
    confidence = confidence * torch.exp(
        -residual.square().sum(0) / (3 * settings.residual_levels**2)
    )
    confidence = confidence * trust.clamp(0, 1)
    mixed = torch.minimum(torch.maximum(mixed, low), high)
    return torch.where(band, alpha + confidence * (mixed - alpha), alpha)


def unmixed(alpha: Tensor, offset: Tensor, frame: Tensor, plate: Tensor, settings: Matte) -> Tensor:
    """The frame (3, H, W) with the plate's light taken out of the border: F = (C - (1 - a)B) / a.

    Args:
        alpha: (H, W).
        offset: how much brighter the background is than the plate, (3, H, W).
    """
    behind = (plate + offset).clamp(0, 255)
    band = (alpha > settings.band) & (alpha < 1 - settings.band)
    own = (frame - (1 - alpha) * behind) / alpha.clamp(min=settings.band)
    return torch.where(band, own.clamp(0, 255), frame)
