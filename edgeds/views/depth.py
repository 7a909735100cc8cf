"""The view `depth`: inverse depth in colours that keep their meaning for a whole clip."""

from __future__ import annotations

from functools import cache

import numpy as np

from edgeds.types import FloatMap, Frame, Maps, Pixels
from edgeds.views.canvas import Ground
from edgeds.views.settings import STYLE


class DepthView:
    """Draws the depth of frames; the background's is drawn once, as long as it stays the same."""

    def __init__(self, depth_range: tuple[float, float]) -> None:
        self._range, self._ground = depth_range, Ground()
        self._behind: FloatMap | None = None
        self._drawn: Pixels | None = None

    def __call__(self, frame: Frame, maps: Maps) -> Frame:
        behind, parts = maps.depth_parts_at(maps.size)
        if behind is not self._behind or self._drawn is None:
            self._behind, self._drawn = behind, depth_picture(behind, self._range)
        canvas = self._ground.canvas(frame, self._drawn)
        for box, depth in parts:
            canvas.paste(box, depth_picture(depth, self._range))
        return frame.with_picture(canvas.picture)


def depth_picture(inverse_depth: FloatMap, depth_range: tuple[float, float]) -> Pixels:
    """Inverse depth in Inferno, a perceptually even colour map: dark is far, bright is near.

    With t = 0 at far and 1 at near, the brightness is t / (t + knee), so that things much nearer
    than anything in the plate still have different shades.
    """
    import cv2

    far, near = depth_range
    t = np.maximum((inverse_depth - far) * (1 / (near - far)), 0)
    levels = cv2.convertScaleAbs(t / (t + STYLE.depth_knee), alpha=255)
    picture: Pixels = cv2.applyColorMap(levels, _inferno())
    return picture


@cache
def _inferno() -> Pixels:
    """The colour map as RGB, (256, 1, 3): OpenCV would make it anew with each picture."""
    import cv2

    levels = np.arange(256, dtype=np.uint8)[:, None]
    return np.asarray(
        cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    )
