"""Attention over a coarse map: every place sees every other, and knows where it lies.

Convolutions see a part of the picture. An empty floor that fills half of it looks the same in all
its parts; what is near shows only by where the part lies, and by what stands around.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEADS = 8
WAVES = 4
"""Waves per axis that encode a place: 1/4, 1/2, 1 and 2 over the picture."""


class Attention(nn.Module):
    """Blocks of self-attention (Vaswani et al. 2017; normalised first). Starts by returning 0."""

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        self.place = nn.Linear(2 + 4 * WAVES, channels)
        self.blocks = nn.ModuleList(Block(channels) for _ in range(blocks))
        self.norm = nn.LayerNorm(channels)
        self.out = nn.Linear(channels, channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to what is added to it, of the same shape."""
        height, width = features.shape[2:]
        x = features.flatten(2).transpose(1, 2)  # (B, H W, C)
        x = x + self.place(places(height, width).to(x))
        for block in self.blocks:
            x = block(x)
        added: Tensor = self.out(self.norm(x))
        return added.transpose(1, 2).reshape(-1, features.shape[1], height, width)


class Block(nn.Module):
    """Attention, then two linear layers, each added to what came."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.queries_keys_values = nn.Linear(channels, 3 * channels)
        self.mixed = nn.Linear(channels, channels)
        self.wider = nn.Linear(channels, 2 * channels)
        self.narrower = nn.Linear(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, places, C) to the same shape."""
        split = self.queries_keys_values(self.norm1(x)).unflatten(2, (3, HEADS, -1))
        q, k, v = split.permute(2, 0, 3, 1, 4)  # (B, heads, places, C / heads) each
        seen = F.scaled_dot_product_attention(q, k, v)
        x = x + self.mixed(seen.transpose(1, 2).flatten(2))
        wide: Tensor = self.narrower(F.gelu(self.wider(self.norm2(x))))
        return x + wide


def places(height: int, width: int) -> Tensor:
    """Features of each place of a map, (height width, 2 + 4 WAVES), the same at every size."""
    down, across = ((torch.arange(n) + 0.5) / n * 2 - 1 for n in (height, width))
    at = torch.stack(torch.meshgrid(down, across, indexing="ij"), -1).reshape(-1, 2)
    angles = at[:, :, None] * (math.pi / 2 * 2.0 ** torch.arange(WAVES) / 2)
    waves = torch.cat((angles.sin(), angles.cos()), -1).flatten(1)
    return torch.cat((at, waves), 1)
