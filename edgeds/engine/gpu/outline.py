"""The overlay's outline as a function of alpha, per pixel: the line of `edgeds.views.outline`."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.views.outline import THIN, line_shape


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Draws the line where alpha crosses one half."""

    reach: int
    """How far it reaches to either side of the border's pixels; 0 for the thin line."""
    gain: float
    """The factor on its soft coverage."""
    kernel: Tensor
    """float32 (1, 1, 3, 3): what makes it soft."""

    def __call__(self, alpha: Tensor) -> Tensor:
        """The share of each pixel that the line covers, (H, W), in 255ths."""
        mask = (alpha > 0.5).float()[None, None]
        bare = F.pad(1 - mask, (1, 1, 1, 1), value=1.0)  # outside the picture all is background
        line = mask * _cross(bare)[..., 1:-1, 1:-1]
        if not self.reach:
            return torch.maximum(line * THIN[0], _cross(line) * THIN[1])[0, 0] / 255
        for number in range(self.reach):
            line = F.max_pool2d(line, 3, 1, 1) if number % 2 else _cross(line)
        soft = (255 * F.conv2d(line, self.kernel, padding=1) + 0.5).floor()
        return (self.gain * soft[0, 0]).round().clamp(max=255) / 255


def line_of(thickness: int, device: torch.device) -> Line:
    """A line of a thickness in px."""
    side = torch.tensor([0.25, 0.5, 0.25], device=device)
    shape = line_shape(thickness) if thickness > 1 else (0, 1.0)
    return Line(*shape, (side[:, None] * side)[None, None])


def _cross(values: Tensor) -> Tensor:
    """The largest of each pixel and the four beside it."""
    return torch.maximum(
        F.max_pool2d(values, (3, 1), 1, (1, 0)), F.max_pool2d(values, (1, 3), 1, (0, 1))
    )
