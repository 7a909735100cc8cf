"""The border of layers and cutouts: alpha drawn once more by `border_regression`.

`matte_refinement.refined` solves each pixel alone, from colours that are a mean. The regression
looks at the pixels around, too. Knows no networks.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.border_features import squares_of
from edgeds.estimate.border_on_other_backdrop import near_open
from edgeds.estimate.border_regression import regressed
from edgeds.estimate.settings import MATTE, Matte
from edgeds.types import FloatMap

_Floats = npt.NDArray[np.float32]

_COARSER = 4
"""Whether the plate fits is judged at a size so many times smaller..."""
_NEARBY = 15
"""... in windows of this many pixels."""


def drawn_by_regression(
    alpha: FloatMap, colours: _Floats, behind: _Floats, *, settings: Matte = MATTE
) -> FloatMap:
    """Alpha with the pixels of its border `regressed`: a way to draw `with_drawn_border`."""
    if any(side % 2 for side in alpha.shape):
        pictures = (_with_even_sides(values) for values in (alpha, colours, behind))
        height, width = alpha.shape
        return drawn_by_regression(*pictures, settings=settings)[:height, :width]
    border = near_open(alpha, settings.band)
    squares = squares_of(border)
    if not squares.rows.size:
        return alpha
    result: FloatMap = alpha.copy()
    drawn, before = regressed(alpha, colours, behind, squares), squares.of(alpha)
    coarser = _COARSER // 2
    fits = _plate_fits(alpha, colours, behind, settings)[
        squares.rows // coarser, squares.columns // coarser
    ]
    squares.put(result, before + (squares.of(border) * fits) * (drawn - before))
    return result


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
    return np.asarray(np.exp(-scatter / (3 * settings.scatter_levels**2)), np.float32)
