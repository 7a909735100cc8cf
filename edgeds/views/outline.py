"""The line where alpha crosses one half, made of the mask's pixels.

To follow its contours and draw each step took seven times as long.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeds.sources.yuv_planes import Plane
from edgeds.types import FloatMap

THIN = (217, 56)
"""How far a line of one pixel covers that pixel, and the four beside it, of 255. It is OpenCV's."""
# Of lines of 2 and more px. The weight is that of OpenCV's line to 1 %, on 179 people.
_GAINS = (2.0, 1.25)


def outline(alpha: FloatMap, thickness: int) -> Plane:
    """How far the line covers each pixel, uint8 (H, W)."""
    import cv2

    mask = (alpha > 0.5).view(np.uint8) * np.uint8(255)
    inside = cv2.erode(mask, _wide_by(1), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    line = cv2.subtract(mask, inside)
    if thickness == 1:
        beside = cv2.dilate(line, _wide_by(1))
        return np.asarray(cv2.max(cv2.min(line, THIN[0]), cv2.min(beside, THIN[1])))
    reach, gain = line_shape(thickness)
    wide = cv2.dilate(line, _wide_by(reach))
    soft = cv2.GaussianBlur(wide, (3, 3), 0, borderType=cv2.BORDER_CONSTANT)
    covered: Plane = cv2.convertScaleAbs(soft, alpha=gain)
    return covered


def line_shape(thickness: int) -> tuple[int, float]:
    """(how far the line reaches to either side of the border's pixels, the factor on its soft
    coverage) for a thickness of 2 px or more.
    """
    return (thickness + thickness % 2) // 2, _GAINS[thickness > 2]


@lru_cache(maxsize=8)
def _wide_by(reach: int) -> npt.NDArray[Any]:
    """A kernel that is nearly round: crosses and squares in turn."""
    import cv2

    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
    kernel[reach, reach] = 1
    for shape, _ in zip((cv2.MORPH_CROSS, cv2.MORPH_RECT) * reach, range(reach), strict=False):
        kernel = cv2.dilate(kernel, cv2.getStructuringElement(shape, (3, 3)))
    return kernel
