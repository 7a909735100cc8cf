"""Alpha's border drawn once more, as functions of tensors: estimate/border_on_other_backdrop.py for
a GPU. The CPU computes the border's pixels alone; here every pixel is computed.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.estimate.settings import FINE_BORDER, FineBorder
from edgeds.estimate.symmetric_solve import solved_by_cofactors

_NEAR = 5


def redrawn(alpha: Tensor, difference: Tensor, settings: FineBorder = FINE_BORDER) -> Tensor:
    """Alpha (H, W), fitted in windows to what frame and plate differ by, float32 (3, H, W) in
    levels. Only pixels near open ones change.
    """
    side = 2 * settings.radius_px + 1
    is_open = (alpha > settings.band) & (alpha < 1 - settings.band)
    near = F.max_pool2d(is_open.float()[None], _NEAR, 1, _NEAR // 2)[0] > 0
    sure = (2 * alpha - 1).square()
    weight = torch.where(near, settings.open_weight + (1 - settings.open_weight) * sure, 1.0)
    slopes, constant, explained = _fitted(alpha, difference, weight, side, settings)
    line = _means(torch.stack((*slopes, constant, explained)), side)
    low, high = settings.explained
    trust = ((line[4] - low) / (high - low)).clamp(0, 1)
    drawn = ((line[:3] * difference).sum(0) + line[3]).clamp(0, 1)
    return torch.where(near, alpha + trust * (drawn - alpha), alpha)


def _fitted(
    alpha: Tensor, guide: Tensor, weight: Tensor, side: int, settings: FineBorder
) -> tuple[Tensor, Tensor, Tensor]:
    """Slopes (3, H, W) and constant of the line that fits alpha around each pixel, and the share of
    alpha's variance that it explains.
    """
    r, g, b = guide
    products = torch.stack((r * r, r * g, r * b, g * g, g * b, b * b))
    maps = torch.cat((guide, guide * alpha, products, torch.stack((alpha, alpha * alpha))))
    means = _means(torch.cat((weight[None], weight * maps)), side)
    means = means[1:] / means[0]
    mean, together, squares, (mean_alpha, power) = means[:3], means[3:6], means[6:12], means[12:]
    together = together - mean * mean_alpha
    r, g, b = mean
    rr, rg, rb, gg, gb, bb = squares - torch.stack((r * r, r * g, r * b, g * g, g * b, b * b))
    noise = settings.noise_power
    spread_of_guide = (rr + noise, rg, rb, gg + noise, gb, bb + noise)
    slopes = torch.stack(solved_by_cofactors(spread_of_guide, together))
    spread = (power - mean_alpha.square()).clamp(min=1e-4)
    return slopes, mean_alpha - (slopes * mean).sum(0), (slopes * together).sum(0) / spread


def _means(maps: Tensor, side: int) -> Tensor:
    """Means over side x side of (c, H, W), mirrored at the edge as OpenCV does: along columns, then
    along rows, which reads 2 side pixels and not side squared.
    """
    r = side // 2
    padded = F.pad(maps[None], (r, r, r, r), mode="reflect")
    return F.avg_pool2d(F.avg_pool2d(padded, (side, 1), 1), (1, side), 1)[0]
