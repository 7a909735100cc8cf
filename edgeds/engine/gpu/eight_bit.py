"""OpenCV's arithmetic for pictures of 8 bits as functions of tensors: the same levels on a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from edgeds.types import Size

_UNIT = 2048  # of the weights in cv2.resize
_KERNEL_UNIT = 256  # of those in cv2.GaussianBlur


def to_level(values: Tensor) -> Tensor:
    """Half a level is rounded up, as OpenCV does; torch's `round` rounds it to the even one."""
    return (values + 0.5).floor()


def gaussian_kernel(sigma: float, reach: int, device: torch.device) -> Tensor:
    """float32 (2 reach + 1,), in steps of 1/256: what rounding takes from a weight, the next one
    gets, and the middle one gets the rest.
    """
    at = np.arange(-reach, reach + 1)
    weights = np.exp(-np.square(at) / (2 * sigma * sigma))
    weights *= _KERNEL_UNIT / weights.sum()
    steps, left = np.zeros(2 * reach + 1), 0.0
    for index in range(reach):
        step = np.round(weights[index] + left)
        left += weights[index] - step
        steps[index] = steps[-1 - index] = step
    steps[reach] = _KERNEL_UNIT - steps.sum()
    return torch.from_numpy((steps / _KERNEL_UNIT).astype(np.float32)).to(device)


class _Axis(NamedTuple):
    """For each pixel of the larger side, the two pixels it lies between and their weights."""

    before: Tensor
    after: Tensor
    of_before: Tensor
    of_after: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Enlarge:
    """cv2.resize with INTER_LINEAR."""

    rows: _Axis
    columns: _Axis

    def __call__(self, picture: Tensor) -> Tensor:
        """Whole levels (C, h, w) to float32 (C, H, W)."""
        x, y = self.columns, self.rows
        levels = picture.to(torch.int32)
        along = (levels[..., x.before] * x.of_before + levels[..., x.after] * x.of_after) >> 4
        upper = (along[:, y.before] * y.of_before[:, None]) >> 16
        lower = (along[:, y.after] * y.of_after[:, None]) >> 16
        return ((upper + lower + 2) >> 2).float()


def enlarge(size: Size, larger: Size, device: torch.device) -> Enlarge:
    """From one (height, width) to a larger one."""
    return Enlarge(*(_axis(*sides, device) for sides in zip(size, larger, strict=True)))


def _axis(small: int, large: int, device: torch.device) -> _Axis:
    at = ((np.arange(large) + 0.5) * (small / large) - 0.5).clip(0, small - 1)
    before = np.floor(at).astype(np.int64)
    share = (at - before).astype(np.float32)
    of_after = np.round(share * _UNIT).astype(np.int32)
    of_before = np.round((1 - share) * _UNIT).astype(np.int32)
    after = np.minimum(before + 1, small - 1)
    return _Axis(*(torch.from_numpy(x).to(device) for x in (before, after, of_before, of_after)))
