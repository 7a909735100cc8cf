"""The view `mask`: alpha as a grey picture."""

from __future__ import annotations

import numpy as np

from edgeds.types import FloatMap, Frame, Maps, Pixels
from edgeds.views.canvas import filled
from edgeds.views.over import to_uint8


def mask_frame(frame: Frame, maps: Maps) -> Frame:
    """Alpha as grey, black is background, in the frame's own kind of picture."""
    canvas = filled(frame, (0, 0, 0))
    for box in maps.boxes:
        canvas.lighten(box, maps.alpha_in(box))
    return frame.with_picture(canvas.picture)


def mask_picture(alpha: FloatMap) -> Pixels:
    """Alpha as grey, black is background."""
    grey = to_uint8(alpha)
    return np.dstack([grey, grey, grey])
