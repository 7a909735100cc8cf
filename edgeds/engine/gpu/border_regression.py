"""The border's regression as functions of tensors: estimate/border_regression.py for a GPU.

All shapes are fixed: the squares whose alpha is open get the first places of a list that has room
for most that there may be. Knows nothing about frames or parts.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.engine.gpu.border_features import Surroundings, features_of
from edgeds.estimate.border_regression import weights_of

MOST_SQUARES = 131_072
"""Squares that are drawn again in a frame. At a smaller size it has no more than 130,560; at full
size these are a quarter of 1920x1080 and 6 % of 4K. Those beyond, the lowest, keep alpha as it was
drawn first.
"""
AT_ONCE = 32_768
"""Squares whose features are in memory at once: 22 MB."""


class Layers(NamedTuple):
    """`Weights` on a device, turned: squares are columns here."""

    first: Tensor
    first_bias: Tensor
    second: Tensor
    second_bias: Tensor
    last: Tensor
    last_bias: Tensor


def layers_on(device: torch.device, *, finer: bool) -> Layers:
    """The weights that a CPU uses, on a device."""
    turned = (torch.from_numpy(one.T.copy()).to(device) for one in weights_of(finer))
    return Layers(*(one if one.ndim == 2 else one[:, None] for one in turned))


def open_squares(alpha: Tensor, band: float, most: int) -> tuple[Tensor, Tensor]:
    """The numbers of the first squares of alpha (2h, 2w) with a pixel that is `band` off 0 and 1,
    (most,), others behind them; and the place there of each square, (n,), `most` where it has none.
    """
    is_open = ((alpha >= band) & (alpha <= 1 - band)).float()
    holds = F.max_pool2d(is_open[None], 2).flatten() > 0
    place = holds.cumsum(0) - 1
    place = torch.where(holds & (place < most), place, most)
    numbers = torch.arange(place.shape[0], device=alpha.device)
    squares = torch.zeros(most + 1, dtype=torch.int64, device=alpha.device)
    return squares.scatter(0, place, numbers)[:most], place


def regressed(
    maps: Surroundings, squares: Tensor, layers: Layers, finer: Tensor | None = None
) -> Tensor:
    """Alpha of the squares' pixels, row by row, (4, k); (16, k) of twice the size if alpha is known
    `finer`, (16, n).
    """
    parts = torch.split(squares, AT_ONCE)
    return torch.cat([evaluated(features_of(maps, part, finer), layers) for part in parts], 1)


def evaluated(features: Tensor, layers: Layers) -> Tensor:
    """Alpha (4, k) or (16, k) of what `features_of` gives."""
    values = torch.relu(layers.first @ features + layers.first_bias)
    values = torch.relu(layers.second @ values + layers.second_bias)
    return torch.sigmoid(layers.last @ values + layers.last_bias)
