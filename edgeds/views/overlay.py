"""The view `overlay`: the foreground tinted and outlined, the depth as an inset.

It draws inside the boxes of the foreground and the inset. The rest stays as it was decoded.
"""

from __future__ import annotations

import numpy as np

from edgeds.sources.yuv_planes import YuvPicture, side_by_side
from edgeds.types import Box, FloatMap, Frame, Maps, Size
from edgeds.views.canvas import Canvas, Patch, canvas_of
from edgeds.views.depth import depth_picture
from edgeds.views.outline import outline
from edgeds.views.settings import STYLE


class Overlay:
    """Draws overlays for frames of one clip or camera."""

    def __init__(self, depth_range: tuple[float, float], opacity: float) -> None:
        self._range, self._opacity = depth_range, opacity
        self._behind: FloatMap | None = None
        self._framed: Patch | None = None

    def __call__(self, frame: Frame, maps: Maps) -> Frame:
        canvas = canvas_of(frame)
        tinted(canvas, maps, self._opacity)
        self._inset(canvas, maps)
        return frame.with_picture(canvas.picture)

    def _inset(self, canvas: Canvas, maps: Maps) -> None:
        """The depth as a small, framed picture in the lower right corner. The background's is drawn
        once, as long as it stays the same.
        """
        box = inset_box(maps.size)
        if box is None:
            return
        behind, parts = maps.depth_parts_at((box.size[0] - 2, box.size[1] - 2))
        if behind is not self._behind or self._framed is None:
            self._behind = behind
            framed = np.full((*box.size, 3), STYLE.outline, np.uint8)
            framed[1:-1, 1:-1] = depth_picture(behind, self._range)
            self._framed = Patch(framed)
        canvas.paste(box, self._framed)
        if not parts:
            return
        framed = self._framed.pixels.copy()
        inside = framed[1:-1, 1:-1]
        for part, depth in parts:
            inside[part.of] = depth_picture(depth, self._range)
        for part, _ in parts:
            # From even pixels to even ones; the frame takes one on each side.
            even = Box(
                part.top + 1 & ~1, part.left + 1 & ~1, part.bottom + 2 & ~1, part.right + 2 & ~1
            )
            there = Box(*(at + start for at, start in zip(even, box[:2] * 2, strict=True)))
            canvas.paste(there, framed[even.of])


def beside(left: Frame, right: Frame) -> Frame:
    """Two frames of one size as one picture, at the left one's time."""
    one, other = left.picture, right.picture
    if isinstance(one, YuvPicture) and isinstance(other, YuvPicture):
        return left.with_picture(side_by_side(one, other))
    return left.with_pixels(np.hstack([left.pixels, right.pixels]))


def tinted(canvas: Canvas, maps: Maps, opacity: float) -> None:
    """Tint the foreground, and draw a crisp line where alpha crosses one half."""
    import cv2

    thickness = max(1, round(min(maps.size) / 360))
    for box in maps.boxes:
        alpha = maps.alpha_in(box)
        canvas.tint(box, STYLE.tint, cv2.convertScaleAbs(alpha, alpha=255 * opacity))
        canvas.tint(box, STYLE.outline, outline(alpha, thickness))


def inset_box(size: Size) -> Box | None:
    """Where the inset with its frame lies, from even pixels to even ones; None on a picture too
    small or too tall to hold one.
    """
    height, width = size
    small_width = round(STYLE.inset * width)
    small_height = round(small_width * height / width)
    margin = max(2, width // 80)
    top, left = height - small_height - margin, width - small_width - margin
    if top < margin or small_width < 16:
        return None
    bottom, right = top + small_height + 1, left + small_width + 1
    return Box((top - 1) & ~1, (left - 1) & ~1, bottom & ~1, right & ~1)
