"""The border of alpha, drawn once more by `border_regression`.

`matte_refinement` solves each pixel alone, from colours that are a mean. The regression looks at
the pixels around, too. Knows no networks.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.border_calmed import calmed, smoothed
from edgeds.estimate.border_features import squares_of
from edgeds.estimate.border_regression import regressed
from edgeds.estimate.settings import MATTE, Matte
from edgeds.sources.scaling import resized
from edgeds.types import Box, FloatMap, Frame, Pixels, Size

_Floats = npt.NDArray[np.float32]

COARSER = 4
"""Whether the plate fits is judged at a size so many times smaller."""
NEARBY = 15
"""Side of the windows in which that is judged, in pixels of that size."""
_SUM = np.ones((1, 3), np.float32)
"""Sums three channels: NumPy takes ten times as long over an axis of three."""


def drawn_again(
    alpha: FloatMap,
    colours: _Floats,
    behind: _Floats,
    bounds: FloatMap | None = None,
    finer: FloatMap | None = None,
    *,
    settings: Matte = MATTE,
) -> FloatMap:
    """Alpha (H, W) with its open pixels `regressed`, and those beside them in squares of 2x2; at
    twice the size if alpha is given `finer`, too.

    Args:
        colours, behind: the frame, and the plate in the frame's light, (H, W, 3) in levels.
        bounds: between what the squares stay, (H / 2, W / 2, 2): see `Refined`.
    """
    if any(side % 2 for side in alpha.shape):
        even, colours, behind = (_with_even_sides(values) for values in (alpha, colours, behind))
        height, width = alpha.shape
        return drawn_again(even, colours, behind, bounds, settings=settings)[:height, :width]
    is_open = cv2.inRange(alpha, settings.again_band, 1 - settings.again_band)
    squares = squares_of(np.asarray(is_open, np.uint8))
    side, drawn_on = (2, alpha) if finer is None else (4, finer)
    if not squares.rows.size:
        return drawn_on
    drawn, contrast, detail = regressed(alpha, colours, behind, squares, finer)
    before = squares.of(drawn_on, side)
    if bounds is not None:
        low, high = bounds[squares.rows, squares.columns].T
        alike = np.float32(settings.again_alike_levels**2)
        beyond = np.float32(settings.again_beyond) * contrast / (contrast + alike)
        drawn = np.minimum(np.maximum(drawn, low - beyond), high + beyond)
    coarser = COARSER // 2
    fits = _plate_fits(alpha, colours, behind, settings)[
        squares.rows // coarser, squares.columns // coarser
    ]
    share = np.float32(settings.again_share) * fits
    change = share * (drawn - before)
    if finer is None and bounds is not None and settings.again_crumb_levels:
        return calmed(change, before, alpha, bounds, squares, detail, settings)
    result: FloatMap = drawn_on.copy()
    if finer is None:
        squares.put(result, before + change, side)
        return result
    changes = np.zeros_like(result)
    squares.put(changes, change, side)
    result += smoothed(changes)
    return np.clip(result, 0, 1, out=result)


def colours_in(
    box: Box, frame: Frame, plate: Pixels, offset: FloatMap | None, size: Size | None = None
) -> tuple[_Floats, _Floats]:
    """Colours of the frame, and of the plate in the frame's light, in levels; at a size.

    Args:
        offset: `Maps.plate_offset_in`, at that size.
    """
    size = size or box.size
    behind = resized(plate[box.of], size)
    behind = behind.astype(np.float32)
    if offset is not None:
        behind += offset
    seen = frame.picture.region(box, None if size == box.size else size)
    return seen.astype(np.float32), behind


def _with_even_sides(values: _Floats) -> _Floats:
    height, width = values.shape[:2]
    even: _Floats = cv2.copyMakeBorder(values, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return even


def _plate_fits(alpha: FloatMap, colours: _Floats, behind: _Floats, settings: Matte) -> FloatMap:
    """0..1 (h, w) at a smaller size: whether the background nearby looks like the plate, but for
    light. Where it does not, the plate lies wrong or something moves.
    """
    size = -(-alpha.shape[1] // COARSER), -(-alpha.shape[0] // COARSER)
    small, back, open_alpha = (
        cv2.resize(values, size, interpolation=cv2.INTER_LINEAR)
        for values in (colours, behind, alpha)
    )
    empty = (open_alpha < settings.band).astype(np.float32)
    off = cv2.multiply(small - back, cv2.merge([empty] * 3))
    side = (NEARBY, NEARBY)
    share = np.maximum(cv2.blur(empty, side), np.float32(1e-3))
    mean = cv2.blur(off, side)
    power = cv2.blur(cv2.transform(off * off, _SUM), side) / share
    power -= cv2.transform(mean * mean, _SUM) / (share * share)
    scatter = np.maximum(power, 0)
    return np.asarray(np.exp(scatter / np.float32(-3 * settings.again_scatter_levels**2)))
