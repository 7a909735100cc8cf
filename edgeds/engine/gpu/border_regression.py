"""The border's regression as functions of tensors: estimate/border_regression.py for a GPU.

All shapes are fixed: the squares whose alpha is open get the first places of a list that has room
for most that there may be. Knows nothing about frames or parts.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.estimate.border_regression import weights_of

MOST_SQUARES = 65_536
"""Squares that are drawn again in a frame: half of what it has at a smaller size (all at 1280x720),
an eighth at full size of 1920x1080, 3 % of 4K. Those beyond, the lowest, keep alpha as it was drawn
first.
"""


class Layers(NamedTuple):
    """As `estimate.border_regression.Weights`, on a device."""

    first: Tensor
    first_bias: Tensor
    second: Tensor
    second_bias: Tensor
    last: Tensor
    last_bias: Tensor


def layers_on(device: torch.device, *, finer: bool) -> Layers:
    """The weights that a CPU uses, on a device."""
    return Layers(*(torch.tensor(one, device=device) for one in weights_of(finer)))


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


def evaluated(around: Tensor, rest: Tensor, weights: Layers) -> Tensor:
    """Alpha (4, k) or (16, k) of what `features_of` gives, pixels row by row."""
    split = around.shape[1]
    values = torch.addmm(weights.first_bias, around, weights.first[:split])
    values = torch.addmm(values, rest.T, weights.first[split:]).relu_()
    values = torch.addmm(weights.second_bias, values, weights.second).relu_()
    return torch.addmm(weights.last_bias, values, weights.last).sigmoid_().T
