"""What the network may get of the plate beside its pixels, as addends to its fusion: sigma, how
much each pixel varies, and inverse depth.

What is unknown is all zeros and adds exactly 0, so a network with hints gives without them what the
same network without these layers gives. All layers start by adding 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_CHANNELS = 4
_HIDDEN = 12


class PlateHints(nn.Module):
    """What sigma and depth of the plate add at each scale."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.scales = nn.ModuleList(_addend(_CHANNELS, width) for width in widths)

    def forward(self, hints: Tensor) -> list[Tensor]:
        """(B, 2, H, W) to five addends, at 1/2 to 1/32 of the size: sigma in levels of 255, and
        inverse depth, 1 in the mean; below 0 where unknown. Sigma may be alone, (B, 1, H, W).
        """
        there = channels(hints)
        added = []
        for scale in self.scales:
            there = F.avg_pool2d(there, 2)
            added.append(scale(there))
        return added


def channels(hints: Tensor) -> Tensor:
    """(B, 4, H, W): sigma, whether it is known, inverse depth, whether it is known."""
    known, values = (hints >= 0).to(hints.dtype), hints.clamp(min=0)
    varies = torch.log(values[:, :1] + 1.0) * 0.5 * known[:, :1]
    if hints.shape[1] == 1:
        nothing = known * 0  # of the size that the picture has then, in an exported graph, too
        return torch.cat((varies, known, nothing, nothing), 1)
    near = torch.log(values[:, 1:] + 0.05) + 1.0
    return torch.cat((varies, known[:, :1], near * known[:, 1:], known[:, 1:]), 1)


def _addend(channels: int, width: int) -> nn.Sequential:
    first = nn.Conv2d(channels, _HIDDEN, 3, padding=1, bias=False)
    last = nn.Conv2d(_HIDDEN, width, 1, bias=False)
    nn.init.zeros_(last.weight)
    return nn.Sequential(first, nn.ReLU(), last)
