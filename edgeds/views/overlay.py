"""The view `overlay`: the foreground tinted and outlined, the depth as an inset.

`Overlay` also draws the right half of the view `side-by-side`.
"""

from __future__ import annotations

import numpy as np

from edgeds.types import FloatMap, Frame, Maps, Pixels
from edgeds.views.depth import depth_picture
from edgeds.views.over import over
from edgeds.views.settings import STYLE


class Overlay:
    """Draws overlays for frames of one size."""

    def __init__(self, like: Pixels, depth_range: tuple[float, float], opacity: float) -> None:
        self._tint = np.full_like(like, STYLE.tint)
        self._range, self._opacity = depth_range, opacity

    def __call__(self, frame: Frame, maps: Maps) -> Pixels:
        picture = over(self._tint, frame.pixels, self._opacity * maps.alpha)
        picture = outlined(picture, maps.alpha)
        return with_inset(picture, maps.inverse_depth, self._range)


def outlined(picture: Pixels, alpha: FloatMap) -> Pixels:
    """A crisp line where alpha crosses one half. Draws into `picture`."""
    import cv2

    mask = (alpha > 0.5).astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    thickness = max(1, round(min(picture.shape[:2]) / 360))
    cv2.drawContours(picture, outlines, -1, STYLE.outline, thickness, cv2.LINE_AA)
    return picture


def with_inset(
    picture: Pixels, inverse_depth: FloatMap, depth_range: tuple[float, float]
) -> Pixels:
    """The depth as a small, framed picture in the lower right corner. Draws into `picture`."""
    import cv2

    height, width = picture.shape[:2]
    small_width = round(STYLE.inset * width)
    small_height = round(small_width * height / width)
    margin = max(2, width // 80)
    top, left = height - small_height - margin, width - small_width - margin
    if top < margin or small_width < 16:  # a picture too small or too tall to hold one
        return picture
    small = cv2.resize(inverse_depth, (small_width, small_height), interpolation=cv2.INTER_AREA)
    picture[top - 1 : top + small_height + 1, left - 1 : left + small_width + 1] = STYLE.outline
    picture[top : top + small_height, left : left + small_width] = depth_picture(small, depth_range)
    return picture
