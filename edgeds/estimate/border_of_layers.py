"""The border of layers and cutouts: alpha drawn once more by `border_regression`.

`matte_refinement.refined` solves each pixel alone, from colours that are a mean. The regression
looks at the pixels around, too. Knows no networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.border_on_other_backdrop import near_open
from edgeds.estimate.border_regression import regressed
from edgeds.estimate.settings import MATTE, Matte
from edgeds.estimate.unmixed_colours import behind_in
from edgeds.types import Box, FloatMap, Frame, Maps, Pixels

_Floats = npt.NDArray[np.float32]
Picture = TypeVar("Picture")

_COARSER = 4
"""Whether the plate fits is judged at a size so many times smaller..."""
_NEARBY = 15
"""... in windows of this many pixels."""


def with_regressed_border(
    compose: Callable[[Frame, Maps], Picture], plate: Pixels
) -> Callable[[Frame, Maps], Picture]:
    """A composer that is given `regressed_maps`."""
    return lambda frame, maps: compose(frame, regressed_maps(frame, maps, plate))


def regressed_maps(frame: Frame, maps: Maps, plate: Pixels, *, settings: Matte = MATTE) -> Maps:
    """Maps whose alpha has its border drawn once more.

    Args:
        plate: for maps that have none of their own.
    """
    behind = behind_in(maps, plate)
    alphas = {
        box: drawn_by_regression(
            maps.alpha_in(box), *colours_in(box, frame, maps, behind), settings=settings
        )
        for box in maps.boxes
    }
    return maps.with_alpha(alphas)


def colours_in(box: Box, frame: Frame, maps: Maps, plate: Pixels) -> tuple[_Floats, _Floats]:
    """Of the frame, and of the plate in the frame's light, in levels."""
    behind = plate[box.of].astype(np.float32)
    offset = maps.plate_offset_in(box)
    if offset is not None:
        behind += offset
    return frame.region(box).astype(np.float32), behind


def drawn_by_regression(
    alpha: FloatMap, colours: _Floats, behind: _Floats, *, settings: Matte = MATTE
) -> FloatMap:
    """Alpha with the pixels of its border `regressed`, from `colours_in`."""
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
