"""The view `blur`: the farther the background, the more it is blurred; the foreground is sharp."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from edgeds.estimate.settings import Matte
from edgeds.estimate.unmixed_colours import behind_in, unmixed
from edgeds.sources.scaling import resized
from edgeds.types import FloatMap, Frame, Maps, Pixels
from edgeds.views.over import over

_LEVELS = 4


def blurred(
    plate: Pixels, plate_depth: FloatMap, blur: float, matte: Matte
) -> Callable[[Frame, Maps], Pixels]:
    """The function that draws it; `blur` is the strongest sigma over the frame's height.

    Only the background is blurred. Behind the foreground it comes from the plate, so no colour of a
    person leaks into it, and there is no halo.
    """
    import cv2

    steps = blur_steps(plate_depth, blur)

    def draw(frame: Frame, maps: Maps) -> Pixels:
        now = behind_in(maps, plate)
        covered = cv2.dilate(maps.alpha, np.ones((steps.reach, steps.reach), np.uint8))
        empty = over(now, frame.pixels, covered)
        background = _gaussian(empty, steps.sigmas[0])
        for sigma, share in zip(steps.sigmas[1:], steps.shares, strict=True):
            background = over(_gaussian(empty, sigma), background, share)
        sharp = unmixed(frame.pixels, maps.alpha, now, maps.plate_offset, settings=matte)
        return over(sharp, background, maps.alpha)

    return draw


class BlurSteps(NamedTuple):
    """How the background of one plate is blurred, in a few levels."""

    sigmas: list[float]
    """Sigmas of the levels, from near to far, in px."""
    shares: list[FloatMap]
    """Each level but the first is put over the nearer ones with this weight (H, W), which grows
    with the pixel's distance."""
    reach: int
    """Side of the square by which the foreground is widened: the plate is behind it."""


def blur_steps(plate_depth: FloatMap, blur: float) -> BlurSteps:
    """`blur` is the strongest sigma over the frame's height."""
    far, near = np.percentile(plate_depth, (1, 99))
    farness = np.clip((near - plate_depth) / max(near - far, 1e-6), 0, 1)
    level, height = farness * (_LEVELS - 1), plate_depth.shape[0]
    return BlurSteps(
        [blur * height * (0.25 + 0.75 * i / (_LEVELS - 1)) for i in range(_LEVELS)],
        [np.clip(level - i + 1, 0, 1).astype(np.float32) for i in range(1, _LEVELS)],
        max(3, round(height / 120)) | 1,
    )


def _gaussian(pixels: Pixels, sigma: float) -> Pixels:
    """A wide blur, computed at a fraction of the size: as smooth, and cheap."""
    import cv2

    shrink = max(1, int(sigma / 2))
    height, width = pixels.shape[:2]
    small = resized(pixels, (max(1, height // shrink), max(1, width // shrink)))
    small = cv2.GaussianBlur(small, (0, 0), sigma / shrink)
    large: Pixels = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return large
