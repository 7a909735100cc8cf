"""The border of layers and cutouts: alpha drawn once more by `border_regression`.

`matte_refinement.refined` solves each pixel alone, from colours that are a mean. The regression
looks at the pixels around, too. Knows no networks.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

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
    border = border_of(alpha, settings)
    if not border.size:
        return alpha
    result: FloatMap = alpha.copy()
    before, drawn = alpha.reshape(-1)[border], regressed(alpha, colours, behind, border)
    rows, columns = np.divmod(border, alpha.shape[1])
    fits = _plate_fits(alpha, colours, behind, settings)[rows // _COARSER, columns // _COARSER]
    result.reshape(-1)[border] = before + fits * (drawn - before)
    return result


def border_of(alpha: FloatMap, settings: Matte = MATTE) -> npt.NDArray[np.intp]:
    """Flat indices of pixels whose alpha is open, and of those beside them."""
    return np.flatnonzero(near_open(alpha, settings.band))


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
