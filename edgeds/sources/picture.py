"""A decoded picture as upright RGB. Knows nothing about files or streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from edgeds.types import Pixels

if TYPE_CHECKING:
    import av


def upright_rgb(frame: av.VideoFrame) -> Pixels:
    pixels = cast(Pixels, frame.to_ndarray(format="rgb24"))
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels
