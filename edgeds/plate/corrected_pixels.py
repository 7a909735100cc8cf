"""Pixels and noise of a captured plate, corrected for light, place and what else changed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgeds.plate.light_change import Light
from edgeds.plate.registration import Matrix, at_size, warped
from edgeds.types import FloatMap, Pixels, Size

Floats = npt.NDArray[np.float32]


def corrected_pixels(captured: Pixels, light: Light, move: Matrix, extra: Floats) -> Pixels:
    """The captured plate relit, moved (3x3, px of `extra`), and corrected by `extra`, a coarse map
    of levels (h, w, 3).
    """
    import cv2

    levels = np.arange(256, dtype=np.float32)[None, :, None]
    table = np.round(light(np.repeat(levels, 3, axis=2))).astype(np.uint8)
    pixels = cv2.LUT(captured, table)
    if not (move == np.eye(3)).all():
        of, full = ((picture.shape[0], picture.shape[1]) for picture in (extra, captured))
        pixels = warped(pixels, at_size(move, of, full))
    rounded = np.round(extra).astype(np.int16)
    if rounded.any():
        size = captured.shape[1::-1]
        larger = cv2.resize(rounded, size, interpolation=cv2.INTER_LINEAR)
        pixels = cv2.add(pixels, larger, dtype=cv2.CV_8U)
    pixels.flags.writeable = False
    return pixels  # type: ignore[no-any-return]  # OpenCV's


def moved_noise(noise: FloatMap | None, move: Matrix, of: Size) -> FloatMap | None:
    """The captured plate's noise in its new place (3x3, px of the size `of`)."""
    if noise is None or (move == np.eye(3)).all():
        return noise
    moved: FloatMap = warped(noise, at_size(move, of, (noise.shape[0], noise.shape[1])))
    return moved
