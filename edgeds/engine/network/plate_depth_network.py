"""The plate's own network: a picture of the empty scene in, its inverse depth out.

    plate ──encoder── f1 f2 f3 f4 f5 ── coarse to fine ─┬─ at a quarter of the size ─┐
                                  ├─ far (1/64) ─┤      └─ and what half the size adds ─┴─ depth
                                  └─ attention ──┘

It runs once per plate, so it may cost many times as much as a frame. Knows nothing about frames,
files or cameras.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from edgeds.engine.network.attention import Attention
from edgeds.engine.network.encoder import CHANNELS, Encoder
from edgeds.engine.network.frame_network import conv3x3, doubled, enlarged, normalised

STRIDE = 64
"""Both sides of a picture are multiples of it: the far branch halves the coarsest scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a checkpoint needs to rebuild the network."""

    widths: tuple[int, int, int, int, int] = (16, 48, 96, 160, 256)
    """Decoder channels at 1/2, 1/4, 1/8, 1/16, 1/32."""
    attention: int = 0
    """Blocks of attention at 1/32; older weights have none."""


class PlateDepth(nn.Module):
    """Encoder and a decoder of plain 3x3 convolutions. H and W are multiples of 64."""

    kind: ClassVar[str] = "plate-depth"

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config or Config()
        w1, w2, w3, w4, w5 = self.config.widths
        self.encoder = Encoder()
        self.skips = nn.ModuleList(
            nn.Conv2d(c, w, 1) for c, w in zip(CHANNELS, self.config.widths, strict=True)
        )
        self.detail = nn.Conv2d(3, w1, 3, stride=2, padding=1)
        self.context = nn.Conv2d(w5, w5, 1)
        # the average keeps the far branch's field of view in proportion where plates are large
        self.far = nn.Sequential(nn.AvgPool2d(2), conv3x3(w5, w5), conv3x3(w5, w5))
        self.attention = Attention(w5, self.config.attention) if self.config.attention else None

        self.up5 = nn.Sequential(conv3x3(w5, w5), conv3x3(w5, w4))
        self.up4 = nn.Sequential(conv3x3(w4, w4), conv3x3(w4, w3))
        self.up3 = nn.Sequential(conv3x3(w3, w3), conv3x3(w3, w2))
        self.up2 = nn.Sequential(conv3x3(w2, w2), conv3x3(w2, w1))
        self.coarse = nn.Sequential(conv3x3(w2, w1), nn.Conv2d(w1, 1, 3, padding=1))
        self.fine = nn.Sequential(conv3x3(w1, w1), nn.Conv2d(w1, 1, 3, padding=1))
        for silent in (*last_norm(self.far).parameters(), *self.fine[1].parameters()):
            nn.init.zeros_(silent)  # these two branches start by adding 0 to the others

    def forward(self, plate: Tensor) -> Tensor:
        """(B, 3, H, W) pixels 0..255 to inverse depth > 0, (B, 1, H, W)."""
        return F.softplus(self.logits(plate))

    def logits(self, plate: Tensor) -> Tensor:
        """`forward` before its last non-linearity."""
        pixels = normalised(plate)  # (B, 3, H, W)
        f = self.encoder(pixels)  # f1..f5
        s1, s2, s3, s4, s5 = (skip(f_i) for skip, f_i in zip(self.skips, f, strict=True))

        x5 = F.relu(s5)  # (B, w5, H/32, W/32)
        near = x5 + self.context(x5.mean((2, 3), keepdim=True)) + doubled(self.far(x5))
        x5 = near if self.attention is None else near + self.attention(x5)
        x4 = F.relu(s4 + doubled(self.up5(x5)))  # (B, w4, H/16, W/16)
        x3 = F.relu(s3 + doubled(self.up4(x4)))  # (B, w3, H/8,  W/8)
        x2 = F.relu(s2 + doubled(self.up3(x3)))  # (B, w2, H/4,  W/4)
        x1 = F.relu(s1 + self.detail(pixels) + doubled(self.up2(x2)))  # (B, w1, H/2, W/2)
        return enlarged(self.coarse(x2), 4) + doubled(self.fine(x1))  # (B, 1, H, W)


def last_norm(block: nn.Sequential) -> nn.BatchNorm2d:
    return [module for module in block.modules() if isinstance(module, nn.BatchNorm2d)][-1]
