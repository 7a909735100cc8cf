"""The border calmed where the picture is soft, as functions of tensors: estimate/border_calmed.py
for a GPU, which reads its settings there. Knows nothing about weights or networks.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.estimate.border_calmed import HALF, LEVELS, REACH_PX, SMOOTH_PX, SMOOTH_SIDE
from edgeds.estimate.settings import Matte


def smoothed(change: Tensor) -> Tensor:
    """(1, H, W), as cv2.GaussianBlur has it in float."""
    reach = SMOOTH_SIDE // 2
    at = torch.arange(-reach, reach + 1, dtype=torch.float32, device=change.device)
    weights = (at.square() / (-2 * SMOOTH_PX**2)).exp()
    weights = weights / weights.sum()
    padded = F.pad(change[None], (reach,) * 4, mode="reflect")
    return F.conv2d(padded, (weights[:, None] * weights)[None, None])[0]


def calmed(change: Tensor, once: Tensor, bounds: Tensor, detail: Tensor, matte: Matte) -> Tensor:
    """What is added to alpha in each square, (4, h, w).

    Args:
        change: the same before.
        once: alpha (2h, 2w).
        bounds: (2, h, w).
        detail: of the frame, in levels, (h, w); where nothing is drawn, infinite.
    """
    soft, softer = (
        _doubled((detail / levels).square().neg().exp()[None])[0]
        for levels in (matte.again_crumb_levels, matte.again_soft_levels)
    )
    full = F.pixel_shuffle(change[None], 2)[0]
    made = once + (full + softer * (smoothed(full) - full))[0]
    sure = _doubled(torch.stack((bounds[0] > HALF, bounds[1] < HALF)).float())
    masks = torch.cat([torch.stack((made > one, made < 1 - one)) for one in LEVELS]).float()
    found = sure.repeat(len(LEVELS), 1, 1) * masks
    for _ in range(REACH_PX):
        found = F.max_pool2d(found, 3, 1, 1) * masks
    kept = made
    for crumbs, holes in (masks > found).chunk(len(LEVELS)):
        kept = torch.where(crumbs, torch.minimum(kept, once), kept)
        kept = torch.where(holes, torch.maximum(kept, once), kept)
    made = (made + soft * (kept - made)).clamp(0, 1)
    return F.pixel_unshuffle((made - once)[None, None], 2)[0]


def _doubled(maps: Tensor) -> Tensor:
    """(c, h, w) at twice the size."""
    return maps.repeat_interleave(2, 1).repeat_interleave(2, 2)
