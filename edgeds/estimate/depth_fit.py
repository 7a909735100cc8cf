"""Inverse depth that does not flicker: anchored to the depth of the plate. Knows no network.

The plate is fixed, so its depth is computed once. A network's depth of a frame is relative: each
frame has its own scale and shift. They are fitted on the background, where the plate's depth counts
as the truth. Then the background gets the plate's depth, the same in every frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeds.plate.robust_fit import biweight_fit, median, percentiles
from edgeds.types import FloatMap

MIN_BACKGROUND = 0.03
# On a clip the foreground's depth is .3 % off what a sixteenth of the pixels says; from frame to
# frame it changes by 3 %.
FIT_STRIDE = 6
FIT_ROUNDS = 4
SQUEEZED, PLAUSIBLE = 0.25, 0.5
"""Scale relative to that of the fit before: up to the first a fit is not trusted, from the second
on wholly. Where the background is all about as near, a frame's depth there is mostly noise. That
makes the scale of any fit small, and squeezes people who stand before it onto the wall.
"""


@dataclass(frozen=True, slots=True)
class Fit:
    """`scale * frame_depth + shift` is in the plate's units."""

    scale: float = 1.0
    shift: float = 0.0
    trust: float = 1.0
    """0 if the frame did not fit, or its background is too flat to fit by; up to 1."""


def fit_to_plate(
    frame_depth: FloatMap, plate_depth: FloatMap, alpha: FloatMap, *, before: Fit | None = None
) -> Fit:
    """Robust least squares of the frame's inverse depth to the plate's, on the background.

    As in MiDaS (Ranftl et al. 2020, eq. 3-4), with Tukey's weights instead of trimming: the
    background may hold moved things and shadows. All three are (h, w). With too little
    background, or a flat one, `before` stands (the fit of the frame before), else the identity.
    """
    last = replace(before or Fit(), trust=0.0)
    part = (slice(None, None, FIT_STRIDE),) * 2
    background = alpha[part] < 0.05
    if background.mean() < MIN_BACKGROUND:
        return last
    x, y = frame_depth[part][background], plate_depth[part][background]
    if x.std() < 1e-3 * max(abs(float(x.mean())), 1e-9):
        return last
    scale, shift = robust_line(x, y)
    # A network may misread one frame; a background with near and far exchanged is never the truth.
    if not 0.2 < scale < 5:
        return last
    trust = (scale / last.scale - SQUEEZED) / (PLAUSIBLE - SQUEEZED)
    return Fit(scale, shift, min(max(trust, 0.0), 1.0))


def depth_range(plate_depth: FloatMap) -> tuple[float, float]:
    """(far, near) of the plate, for showing the inverse depth of a whole clip in one scale."""
    far, near = percentiles(plate_depth, 1, 99)
    return far, max(near, far + 1e-6)


def anchored(alpha: FloatMap, plate_depth: FloatMap, foreground_depth: FloatMap) -> FloatMap:
    """The plate's depth where alpha is 0, the foreground's where it is 1; any one (H, W)."""
    mixed: FloatMap = plate_depth + alpha * (foreground_depth - plate_depth)
    return mixed


def middle_of(plate_depth: FloatMap) -> float:
    """The median of a plate's inverse depth, above 0."""
    return max(median(plate_depth), 1e-6)


def spread_foreground(depth: FloatMap, alpha: FloatMap, *, side: int | None = None) -> FloatMap:
    """Extend the depth of sure foreground over its soft border, (h, w).

    Without this the border would be a ramp from the person to the wall behind. Normalised
    convolution (Knutsson & Westin 1993), weighted by alpha^4 so that sure pixels decide.

    Args:
        side: of the windows, for a part of a map; else `spread_side` of these maps.
    """
    import cv2

    weight = alpha * alpha
    weight *= weight
    side = side or spread_side(depth.shape)
    total = cv2.boxFilter(weight, -1, (side, side), normalize=False)
    carried = cv2.boxFilter(depth * weight, -1, (side, side), normalize=False)
    spread = carried / np.maximum(total, np.float32(1e-6))
    cv2.copyTo(depth, (total <= 1e-2).view(np.uint8), spread)
    sure = np.clip((alpha - 0.8) / 0.15, 0, 1)
    result: FloatMap = (spread + sure * (depth - spread)).astype(np.float32)
    return result


def spread_side(shape: tuple[int, ...]) -> int:
    """Side of the windows over which `spread_foreground` extends a map (h, w)."""
    return max(9, (min(shape) // 20) | 1)


def robust_line(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> tuple[float, float]:
    """(a, b) of y = a x + b, a robust fit.

    It starts from medians and median deviations, which up to half of the pixels cannot spoil.
    """
    median_x, median_y = median(x), median(y)
    spread_x = median(np.abs(x - median_x))
    a = median(np.abs(y - median_y)) / spread_x if spread_x > 0 else 1.0
    # Relative to the medians: far from 0 the line's two weights would be almost dependent.
    centred = np.stack([x - median_x, np.ones_like(x)]).astype(np.float32)
    a, b = biweight_fit(centred, (y - median_y).astype(np.float32), (a, 0.0), rounds=FIT_ROUNDS)
    return float(a), float(b + median_y - a * median_x)
