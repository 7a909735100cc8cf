"""A plate with a part of a frame in it: something that stays is background from now on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from edgeds.plate.plate import Plate
from edgeds.types import Pixels

_GROWN_PX = 0.012
"""The outline is enlarged by this share of the picture's width: its border is soft."""


def patched(plate: Plate, frame: Pixels, outline: Sequence[tuple[float, float]]) -> Plate:
    """The plate with the frame's pixels inside an outline, brought to the plate's light.

    What was known of depth is dropped, because it is of the scene before: the caller keeps the
    ground, if it was measured. What stays varies like a typical pixel of the plate.

    Args:
        frame: uint8 RGB, of the plate's size.
        outline: polygon of (x, y) in pixels of the frame.
    """
    inside = np.zeros(plate.size, np.uint8)
    cv2.fillPoly(inside, [np.round(np.asarray(outline)).astype(np.int32)], 255)
    grow = max(3, round(_GROWN_PX * plate.size[1]))
    square = np.ones((2 * grow + 1, 2 * grow + 1), np.uint8)
    inside = cv2.dilate(inside, square)
    around = cv2.dilate(inside, square) > inside
    # What lies around it is the same in both, but for the light.
    light = np.zeros(3)
    if around.any():
        light = np.median(plate.pixels[around].astype(np.int16) - frame[around], axis=0)
    soft = cv2.GaussianBlur(inside, (0, 0), grow / 3).astype(np.float32)[..., None] / 255
    lit = np.clip(frame + light, 0, 255)
    pixels = np.rint(plate.pixels + soft * (lit - plate.pixels)).astype(np.uint8)
    noise = plate.noise
    if noise is not None:
        noise = noise + soft[..., 0] * (np.float32(plate.noise_levels or 0) - noise)
    return replace(
        plate, pixels=pixels, noise=noise, depth=None, scale=None, ground=None, network_depth=None,
        doubt=None,
    )  # fmt: skip
