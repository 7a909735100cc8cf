"""The view `mask`: alpha as a grey picture."""

from __future__ import annotations

import numpy as np

from edgeds.types import FloatMap, Pixels
from edgeds.views.over import to_uint8


def mask_picture(alpha: FloatMap) -> Pixels:
    """Alpha as grey, black is background."""
    grey = to_uint8(alpha)
    return np.dstack([grey, grey, grey])
