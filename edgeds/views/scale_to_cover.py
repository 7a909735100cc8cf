"""Crops and scales a picture to cover frames of another size. Knows nothing about its origin."""

from __future__ import annotations

import numpy as np

from edgeds.sources.scaling import resized
from edgeds.types import Pixels, Size


def covering(picture: Pixels, size: Size) -> Pixels:
    """A picture cropped in the middle and scaled to cover (height, width), without stretching.

    It is cropped first: scaled first, a picture of 1x8000 pixels would take gigabytes.
    """
    height, width = size
    scale = max(height / picture.shape[0], width / picture.shape[1])
    tall = min(picture.shape[0], max(1, round(height / scale)))
    wide = min(picture.shape[1], max(1, round(width / scale)))
    top, left = (picture.shape[0] - tall) // 2, (picture.shape[1] - wide) // 2
    middle = picture[top : top + tall, left : left + wide]
    return np.ascontiguousarray(resized(np.ascontiguousarray(middle), size))
