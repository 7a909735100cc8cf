"""How much each pixel of a plate varies, as the plate graph takes it. Knows no backends."""

from __future__ import annotations

import numpy as np

from edgeds.errors import ShapeError
from edgeds.types import FloatMap, Size

NOISE = "plate_noise"
"""Input of a plate graph that takes it, float32 (1, 1, H, W), in levels of 255; below 0 where
nothing is known.
"""
PLATE_INPUTS = ("plate", NOISE)


def noise_inputs(noise: FloatMap | None, size: Size, *, takes: bool) -> dict[str, FloatMap]:
    """The inputs of a plate graph beside the plate: `NOISE` where it takes it."""
    return {NOISE: noise_input(noise, size)} if takes else {}


def noise_input(noise: FloatMap | None, size: Size) -> FloatMap:
    """As `NOISE`, of a map (h, w); None: it is not known.

    Raises:
        ShapeError: it has another size.
    """
    if noise is None:
        return np.full((1, 1, *size), -1, np.float32)
    if noise.shape != size:
        raise ShapeError(
            f"the plate's noise is {noise.shape} and the engine's size {size} (height, width)",
            why="an engine takes the noise of the picture that it is given",
            fix="resize the map to the engine's size",
        )
    return np.asarray(np.maximum(noise, 0), np.float32)[None, None]
