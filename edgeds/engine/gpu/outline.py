"""The overlay's outline as a function of alpha, per pixel: the line that OpenCV draws.

OpenCV follows the border from pixel to pixel and draws each step, one over the other: a pixel stays
bare by the product of what the steps leave bare. A step's line is measured once, as OpenCV draws
it; the logarithms of all steps are one convolution. On an ellipse and on blobs the two lines differ
by .003 to .05 levels in the mean. Single pixels, of which OpenCV draws a dot, have none here.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

_STEPS = ((1, 0), (0, 1), (1, 1), (1, -1))
"""(right, down), from a pixel to the next one. Who steps back draws the same."""
_LEAST = 1e-6
"""Share of a pixel that is bare at least, for its logarithm."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Draws the line where alpha crosses one half."""

    kernel: Tensor
    """float32 (1, 4, side, side): logarithm of how much of each pixel a step leaves bare."""

    def __call__(self, alpha: Tensor) -> Tensor:
        """The share of each pixel that the line covers, (H, W), in 255ths."""
        reach = self.kernel.shape[-1] // 2
        bare = F.conv2d(_steps(alpha > 0.5)[None], self.kernel, padding=reach)[0, 0].exp()
        return (255 * (1 - bare)).round() / 255


def line_of(thickness: int, device: torch.device) -> Line:
    """A line of a thickness in px."""
    kernel = np.stack([_left_bare(step, thickness) for step in _STEPS])
    flipped = np.ascontiguousarray(kernel[None, :, ::-1, ::-1])  # torch's convolution does not flip
    return Line(torch.tensor(flipped, dtype=torch.float32, device=device))


def _steps(mask: Tensor) -> Tensor:
    """How often the way along the border of a mask (H, W) goes from each pixel to its four next
    ones, float32 (4, H, W).

    Between pixels side by side it does where both have background on the same side; across a corner
    where one of the two pixels beside it is background. Outside the picture all is background.
    """
    height, width = mask.shape
    wide = F.pad(mask.float()[None, None], (2, 2, 2, 2))[0, 0]

    def at(right: int, down: int) -> Tensor:
        return wide[2 + down : 2 + down + height, 2 + right : 2 + right + width]

    def bare(right: int, down: int) -> Tensor:
        return 1 - at(right, down)

    ways = (
        bare(0, -1) * bare(1, -1) + bare(0, 1) * bare(1, 1),
        bare(-1, 0) * bare(-1, 1) + bare(1, 0) * bare(1, 1),
        bare(1, 0) + bare(0, 1),
        bare(0, -1) + bare(1, 0),
    )
    there = (at(*step) for step in _STEPS)
    return torch.stack([at(0, 0) * to * way for to, way in zip(there, ways, strict=True)])


def _left_bare(step: tuple[int, int], thickness: int) -> npt.NDArray[np.float32]:
    """The logarithm of what a step from the middle leaves bare of each pixel, (side, side)."""
    reach = thickness // 2 + 3

    def drawn(*ends: tuple[int, int]) -> npt.NDArray[np.float32]:
        covered = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
        points = np.array([[(reach + x, reach + y)] for x, y in ends], np.int32)
        cv2.polylines(covered, [points], False, 255, thickness, cv2.LINE_AA)
        return np.asarray(np.log(np.maximum(1 - covered / 255, _LEAST)), np.float32)

    both = drawn((0, 0), step)
    if thickness == 1:
        return both
    # A line alone has a round cap at both ends; of a way, each pixel has one, which belongs to the
    # two steps there by halves. A line without length is two caps.
    caps = drawn((0, 0), (0, 0)) + drawn(step, step)
    return np.asarray(both - caps / 4, np.float32)
