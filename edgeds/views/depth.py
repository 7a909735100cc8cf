"""The view `depth`: inverse depth in colours that keep their meaning for a whole clip."""

from __future__ import annotations

import numpy as np

from edgeds.types import FloatMap, Pixels
from edgeds.views.settings import STYLE


def depth_picture(inverse_depth: FloatMap, depth_range: tuple[float, float]) -> Pixels:
    """Inverse depth in Inferno, a perceptually even colour map: dark is far, bright is near.

    With t = 0 at far and 1 at near, the brightness is t / (t + knee), so that things much nearer
    than anything in the plate still have different shades.
    """
    import cv2

    far, near = depth_range
    t = np.maximum((inverse_depth - far) * (1 / (near - far)), 0)
    levels = cv2.convertScaleAbs(t / (t + STYLE.depth_knee), alpha=255)
    picture: Pixels = cv2.cvtColor(
        cv2.applyColorMap(levels, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB
    )
    return picture
