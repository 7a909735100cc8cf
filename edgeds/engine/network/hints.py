"""What the network may be told of the plate beside its pixels, as addends to its fusion: sigma, how
much each pixel varies, and inverse depth.

What is unknown is all zeros and adds exactly 0, so a network with hints gives without them what the
same network without these layers gives. All layers start by adding 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PLATE_CHANNELS = 4
"""sigma, whether it is known, inverse depth, whether it is known."""
_HIDDEN = 12


def plate_channels(sigma: Tensor, inverse_depth: Tensor) -> Tensor:
    """Both (B, 1, H, W), sigma in levels of 255, inverse depth in 1/m; below 0 where unknown."""
    known, near_known = (sigma >= 0).float(), (inverse_depth >= 0).float()
    varies = torch.log1p(sigma.clamp(min=0)) * 0.5
    near = torch.log(inverse_depth.clamp(min=0) + 0.05) + 1.0
    return torch.cat((varies * known, known, near * near_known, near_known), 1)


class PlateHints(nn.Module):
    """What sigma and depth of the plate add at each scale."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.scales = nn.ModuleList(_addend(PLATE_CHANNELS, width) for width in widths)

    def forward(self, hints: Tensor) -> list[Tensor]:
        """(B, 4, H, W) to five addends, at 1/2 to 1/32 of the size."""
        added = []
        for scale in self.scales:
            hints = F.avg_pool2d(hints, 2)
            added.append(scale(hints))
        return added


def _addend(channels: int, width: int) -> nn.Sequential:
    first = nn.Conv2d(channels, _HIDDEN, 3, padding=1, bias=False)
    last = nn.Conv2d(_HIDDEN, width, 1, bias=False)
    nn.init.zeros_(last.weight)
    return nn.Sequential(first, nn.ReLU(), last)
