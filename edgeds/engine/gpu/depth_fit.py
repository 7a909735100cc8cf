"""Fits a frame's depth to the plate's, as functions of tensors: estimate/depth_fit.py and
estimate/foreground_depth.py for a GPU.

Nothing here waits for the device: `where` takes the place of each `if` there.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.estimate.depth_fit import (
    FIT_ROUNDS,
    FIT_STRIDE,
    MIN_BACKGROUND,
    PLAUSIBLE,
    SQUEEZED,
)
from edgeds.estimate.foreground_depth import (
    BORDER_PX,
    COVERS,
    LEAST_RATIO,
    LEAST_WEIGHT,
    SHRINK,
)
from edgeds.estimate.settings import FOREGROUND_DEPTH
from edgeds.plate.robust_fit import SINGULAR, TUKEY

_LEAST = 1e-6


def fit_to_plate(frame_depth: Tensor, plate_depth: Tensor, alpha: Tensor, before: Tensor) -> Tensor:
    """(scale, shift, trust) of the frame's inverse depth to the plate's, on the background.

    All maps are float32 (h, w); `before` is the fit that stands where there is nothing to fit by.
    """
    part = (slice(None, None, FIT_STRIDE),) * 2
    x, y, keep = frame_depth[part], plate_depth[part], alpha[part] < 0.05
    x, y, keep = x.flatten(), y.flatten(), keep.flatten()
    count = keep.sum().clamp(min=1)
    mean = (x * keep).sum() / count
    deviation = (((x - mean).square() * keep).sum() / count).sqrt()
    new = _line(torch.stack((x, y)), keep)
    known = (
        (keep.float().mean() >= MIN_BACKGROUND)
        & (deviation >= 1e-3 * mean.abs().clamp(min=1e-9))
        & (new[0] > 0.2)
        & (new[0] < 5)
    )
    trust = ((new[0] / before[0] - SQUEEZED) / (PLAUSIBLE - SQUEEZED)).clamp(0, 1)
    fit = torch.where(known, new, before[:2])
    return torch.cat((fit, torch.where(known, trust, 0.0)[None]))


def _line(points: Tensor, keep: Tensor) -> Tensor:
    """(a, b) of y = a x + b, robust: the points are (2, n), those of `keep` count."""
    middle = _medians(points, keep)
    x, y = centred = points - middle
    spread = _medians(centred.abs(), keep)[:, 0]
    a = torch.where(spread[0] > 0, spread[1] / spread[0].clamp(min=1e-30), 1.0)
    b = torch.zeros_like(a)
    for _ in range(FIT_ROUNDS):
        residual = (y - a * x - b).abs()
        limit = (TUKEY * _medians(residual[None], keep)[0, 0]).clamp(min=_LEAST)
        weight = (1 - (residual / limit).clamp(max=1).square()).square() * keep
        xx, x1, n = (weight * x * x).sum(), (weight * x).sum(), weight.sum()
        xy, y1 = (weight * x * y).sum(), (weight * y).sum()
        determinant = xx * n - x1 * x1
        known = (determinant > SINGULAR * xx * n) & (n > 0)
        below = torch.where(known, determinant, 1.0)
        a = torch.where(known, (xy * n - x1 * y1) / below, a)
        b = torch.where(known, (xx * y1 - x1 * xy) / below, b)
    return torch.stack((a, b + middle[1, 0] - a * middle[0, 0]))


def _medians(rows: Tensor, keep: Tensor) -> Tensor:
    """(k, 1) medians of (k, n) where `keep`, the lower of two."""
    return torch.where(keep, rows, torch.nan).nanmedian(dim=1, keepdim=True).values


def foreground_depth(depth: Tensor, alpha: Tensor, plate_depth: Tensor, middle: Tensor) -> Tensor:
    """The foreground's inverse depth (h, w): estimate/foreground_depth.py with all its slices."""
    settings = FOREGROUND_DEPTH
    weight = alpha.square().square()
    covers = torch.maximum(depth, plate_depth)
    maps = torch.stack((weight, weight * covers, covers, plate_depth))[None]
    sure, carried, plain, behind = F.avg_pool2d(maps, SHRINK)[0]
    coarse = torch.where(sure > LEAST_WEIGHT, carried / sure.clamp(min=LEAST_WEIGHT), plain)
    log, behind = (torch.stack((coarse, behind)) / middle).clamp(min=LEAST_RATIO).log()
    log, floor, is_cut = _with_alike(log, sure, behind)
    log = log + (settings.power - 1) * log.clamp(min=0)
    gain, cut_gain = math.log(settings.gain), math.log(settings.cut_gain)
    log = log + gain + (cut_gain - gain) * is_cut
    beyond = floor - log
    stands = (1 + beyond / settings.stands_reach).clamp(0, 1) * (1 - is_cut)
    log = log + settings.stands * beyond * torch.where(beyond > 0, 1.0, stands)
    sure = sure + LEAST_WEIGHT
    both = torch.stack((middle * log.exp() * sure, sure))[None]
    near, total = F.interpolate(both, size=depth.shape, mode="bilinear", align_corners=False)[0]
    return torch.where(
        (alpha > LEAST_WEIGHT).any(), torch.maximum(near / total, plate_depth), depth
    )


def _with_alike(log: Tensor, weight: Tensor, behind: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What each pixel shares with those around it that are about as near; all maps are (h, w)."""
    settings = FOREGROUND_DEPTH
    place = ((log - settings.lowest) / settings.alike).clamp(0, settings.slices - 1)
    numbers = torch.arange(-1, settings.slices + 1, device=log.device)
    inside = (1 - (place - numbers[:, None, None]).abs()).clamp(min=0)
    alike = 0.25 * (inside[:-2] + 2 * inside[1:-1] + inside[2:])
    inside, wide = inside[1:-1], weight * alike
    side = int(settings.window * min(log.shape)) | 1
    slices = torch.cat((wide, wide * log))[None]
    summed = F.avg_pool2d(slices, side, 1, padding=side // 2, divisor_override=1)[0]
    totals, sums = ((one * inside).sum(0) for one in summed.chunk(2))
    even = torch.where(totals > LEAST_WEIGHT, sums / totals.clamp(min=LEAST_WEIGHT), log)
    member = (4 * alike).clamp(max=1) * (4 * weight - COVERS).clamp(0, 1)
    covered = (member * (behind - settings.lowest).clamp(min=0)).amax(1)
    is_border = member[:, -BORDER_PX:].amax(1)
    floor, is_cut = (
        (F.max_pool1d(columns, wide, 1, padding=wide // 2)[:, None] * inside).sum(0)
        for wide, columns in ((side, covered), (2 * side - 1, is_border))
    )
    return even, floor + settings.lowest, is_cut


def spread_foreground(near: Tensor, alpha: Tensor) -> Tensor:
    """The depth of sure foreground carried over its soft border, (h, w)."""
    weight = alpha.square().square()
    side = max(9, (min(near.shape) // 20) | 1)
    total, carried = box_sums(torch.stack((weight, near * weight)), side)
    spread = torch.where(total > 1e-2, carried / total.clamp(min=1e-6), near)
    sure = ((alpha - 0.8) / 0.15).clamp(0, 1)
    return spread + sure * (near - spread)


def box_sums(maps: Tensor, side: int) -> Tensor:
    """Sums over side x side of (c, h, w), mirrored at the edge as OpenCV does."""
    r = side // 2
    padded = F.pad(maps[None], (r, r, r, r), mode="reflect")
    return F.avg_pool2d(padded, side, 1, divisor_override=1)[0]
