"""The border of alpha, drawn once more by `border_regression`.

`matte_refinement` solves each pixel alone, from colours that are a mean. The regression looks at
the pixels around, too. Knows no networks.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.border_features import Squares, squares_of
from edgeds.estimate.border_regression import regressed
from edgeds.estimate.border_surroundings import on_coarse
from edgeds.estimate.settings import MATTE, Matte
from edgeds.sources.scaling import read_at
from edgeds.types import Box, FloatMap, Frame, Pixels, Size

_Floats = npt.NDArray[np.float32]

_COARSER = 4
"""Whether the plate fits is judged at a size so many times smaller..."""
_NEARBY = 15
"""... in windows of this many pixels."""


class Bounds(NamedTuple):
    """Between what alpha stays."""

    values: FloatMap
    """Lowest and highest, (h, w, 2): see `Refined`."""
    size: Size
    """(height, width) of the window that they are of, at full size."""
    box: Box
    """Where in that window the alpha in question lies."""

    def of(self, squares: Squares) -> tuple[FloatMap, FloatMap]:
        rows, columns = (
            2 * places + np.float32(start + 0.5)
            for places, start in ((squares.rows, self.box.top), (squares.columns, self.box.left))
        )
        x, y = on_coarse(rows, columns, self.values.shape[:2], self.size)
        low, high = read_at(self.values, x, y).T
        return low, high


def drawn_again(
    alpha: FloatMap,
    colours: _Floats,
    behind: _Floats,
    bounds: Bounds | None = None,
    *,
    settings: Matte = MATTE,
) -> FloatMap:
    """Alpha (H, W) with its open pixels `regressed`, and those beside them in squares of 2x2.

    Args:
        colours, behind: the frame, and the plate in the frame's light, (H, W, 3) in levels.
    """
    if any(side % 2 for side in alpha.shape):
        even, colours, behind = (_with_even_sides(values) for values in (alpha, colours, behind))
        height, width = alpha.shape
        return drawn_again(even, colours, behind, bounds, settings=settings)[:height, :width]
    is_open = cv2.inRange(alpha, settings.again_band, 1 - settings.again_band)
    squares = squares_of(np.asarray(is_open, np.uint8))
    if not squares.rows.size:
        return alpha
    result: FloatMap = alpha.copy()
    drawn, before = regressed(alpha, colours, behind, squares), squares.of(alpha)
    if bounds is not None:
        low, high = bounds.of(squares)
        beyond = np.float32(settings.again_beyond)
        drawn = np.minimum(np.maximum(drawn, low - beyond), high + beyond)
    coarser = _COARSER // 2
    fits = _plate_fits(alpha, colours, behind, settings)[
        squares.rows // coarser, squares.columns // coarser
    ]
    share = np.float32(settings.again_share) * fits
    squares.put(result, before + share * (drawn - before))
    return result


def colours_in(
    box: Box, frame: Frame, plate: Pixels, offset: FloatMap | None
) -> tuple[_Floats, _Floats]:
    """Of the frame, and of the plate in the frame's light, in levels.

    Args:
        offset: `Maps.plate_offset_in`.
    """
    if offset is None:
        behind = plate[box.of].astype(np.float32)
    else:
        behind = cv2.add(plate[box.of], offset, dtype=cv2.CV_32F)
    return frame.region(box).astype(np.float32), behind


def _with_even_sides(values: _Floats) -> _Floats:
    height, width = values.shape[:2]
    even: _Floats = cv2.copyMakeBorder(values, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return even


def _plate_fits(alpha: FloatMap, colours: _Floats, behind: _Floats, settings: Matte) -> FloatMap:
    """0..1 (h, w) at a smaller size: whether the background nearby looks like the plate, but for
    light. Where it does not, the plate lies wrong or something moves.
    """
    size = -(-alpha.shape[1] // _COARSER), -(-alpha.shape[0] // _COARSER)
    small, back, open_alpha = (
        cv2.resize(values, size, interpolation=cv2.INTER_LINEAR)
        for values in (colours, behind, alpha)
    )
    empty = (open_alpha < settings.band).astype(np.float32)
    off = (small - back) * empty[..., None]
    side = (_NEARBY, _NEARBY)
    share = np.maximum(cv2.blur(empty, side), 1e-3)
    mean = cv2.blur(off, side) / share[..., None]
    power = cv2.blur(np.einsum("ijk,ijk->ij", off, off), side) / share
    scatter = np.maximum(power - np.einsum("ijk,ijk->ij", mean, mean), 0)
    return np.asarray(np.exp(-scatter / (3 * settings.again_scatter_levels**2)), np.float32)
