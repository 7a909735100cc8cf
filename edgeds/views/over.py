"""The `over` operator, and alpha in 8 bits. Knows nothing about views."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgeds.types import FloatMap, Pixels


def over(foreground: Pixels, backdrop: Pixels, alpha: FloatMap) -> Pixels:
    """Put a foreground over a backdrop: C = aF + (1 - a)B.

    Straight alpha, float32 (H, W); `over` of Porter & Duff 1984. Alpha 0 gives the backdrop and
    alpha 1 the foreground, to the last bit; between them it is at most one level off.
    """
    import cv2

    mixed: Pixels = cv2.blendLinear(foreground, backdrop, alpha, 1 - alpha)
    return mixed


def to_uint8(alpha: FloatMap) -> npt.NDArray[np.uint8]:
    """0..1 as 0..255, rounded."""
    import cv2

    levels: npt.NDArray[np.uint8] = cv2.convertScaleAbs(alpha, alpha=255)
    return levels
