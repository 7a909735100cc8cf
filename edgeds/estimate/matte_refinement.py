"""Alpha at full resolution, from what only a plate can show.

Every pixel mixes foreground and plate, C = aF + (1 - a)B, and B is known. Along the border of the
coarse alpha, F is close to the sure foreground beside it; that gives a. `unmixed_colours` has the F
that is really there. Knows nothing about networks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edgeds.estimate.border_surroundings import around, dot, on_coarse, open_pixels
from edgeds.estimate.settings import MATTE, Matte
from edgeds.sources.scaling import read_at, resized
from edgeds.types import FloatMap, Indices, Pixels
from edgeds.types.picture import pixels_at


class Refined(NamedTuple):
    """What frame and plate say at full size."""

    alpha: FloatMap
    """float32 (H, W)."""
    plate_offset: FloatMap | None
    """How much brighter the background nearby is than the plate, float32 (h, w, 3) in levels at
    the coarse size; None where nothing has a border.
    """
    bounds: FloatMap | None
    """Lowest and highest coarse alpha nearby, (h, w, 2), between which the border is drawn; None
    where there is none.
    """


def refined(
    coarse: FloatMap,
    frame: Pixels,
    plate: Pixels,
    *,
    small: tuple[Pixels, Pixels] | None = None,
    doubt: FloatMap | None = None,
    settings: Matte = MATTE,
) -> Refined:
    """Coarse alpha (h, w) to the frame's (H, W), its border drawn by frame and plate.

    In the border band, alpha is the projection of C - B on F - B, F being the sure foreground's
    mean colour nearby. It counts for as much as F and B differ, F is of one colour, the mix
    explains C and the plate fits the background nearby. It stays within what the coarse alpha says
    nearby; elsewhere the coarse alpha is interpolated.

    Args:
        small: frame and plate at the coarse size, from a caller who has them.
        doubt: (h, w), 0..1, where the plate may be wrong: there the coarse alpha counts.
    """
    if small is None:
        small = resized(frame, coarse.shape[:2]), resized(plate, coarse.shape[:2])
    return refined_by(
        coarse, partial(pixels_at, frame), plate, small=small, doubt=doubt,
        settings=settings,
    )  # fmt: skip


def refined_by(
    coarse: FloatMap,
    colours: Callable[[Indices, Indices], Pixels],
    plate: Pixels,
    *,
    small: tuple[Pixels, Pixels],
    doubt: FloatMap | None = None,
    settings: Matte = MATTE,
) -> Refined:
    """`refined`, for callers who make the frame's colours where they are needed: in the band.

    Args:
        colours: (rows, columns) -> the frame's uint8 RGB (n, 3) there.
    """
    import cv2

    height, width = plate.shape[:2]
    coarse = lifted(coarse, settings)
    alpha: FloatMap = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    if coarse.shape == (height, width):
        alpha = alpha.copy()
    near = around(coarse, *small, settings)
    if doubt is not None:
        near.trust[...] *= 1 - doubt
    band = open_pixels(near.low, near.high, (height, width), settings)
    if band is None:
        return Refined(alpha, None, None)
    rows, columns = band
    x, y = on_coarse(rows, columns, coarse.shape, (height, width))
    # As few and as wide readings as the maps allow: each costs as much as its arithmetic.
    offset = read_at(cv2.merge([near.offset, near.trust]), x, y)
    colour = read_at(cv2.merge([near.colour, near.variance]), x, y)
    # What is thin is coarsely too faint.
    bounds = cv2.merge([near.low, near.high * (2 - near.high)])
    low, high = read_at(bounds, x, y).T
    b = np.asarray(pixels_at(plate, rows, columns) + offset[:, :3], np.float32)
    c_minus_b = np.asarray(colours(rows, columns) - b, np.float32)
    mixed, confidence = _projected(c_minus_b, colour[:, :3] - b, colour[:, 3], settings)
    confidence *= np.minimum(np.maximum(offset[:, 3], 0), 1)
    flat, at = alpha.reshape(-1), rows * np.intp(width) + columns  # NumPy: one index is quicker
    before = flat[at]
    mixed = np.minimum(np.maximum(mixed, low), high)
    flat[at] = before + confidence * (mixed - before)
    return Refined(alpha, near.offset, bounds)


def refined_alpha(
    coarse: FloatMap, frame: Pixels, plate: Pixels, *, settings: Matte = MATTE
) -> FloatMap:
    """`refined`, for callers who want nothing but alpha."""
    return refined(coarse, frame, plate, settings=settings).alpha


def _projected(
    c_minus_b: npt.NDArray[np.float32],
    f_minus_b: npt.NDArray[np.float32],
    variance: npt.NDArray[np.float32],
    settings: Matte,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """(alpha, confidence) of pixels: where C lies on the line from B to F; all (n, 3) or (n,)."""
    contrast = dot(f_minus_b, f_minus_b)
    most = np.maximum(contrast, np.float32(1))
    product = dot(c_minus_b, f_minus_b)
    along = product / most
    inside = np.minimum(np.maximum(along, 0), 1)
    # |C - B - a (F - B)|^2, term by term: a third of the time.
    residual = dot(c_minus_b, c_minus_b) - inside * (2 * product - inside * contrast)
    # A pixel one deviation short of the mean colour is whole foreground: F is textured, and
    # clipping at 1 what scatters about 1 made the foreground smaller.
    short = np.sqrt(variance / (3 * most))
    mixed = np.minimum(np.maximum(along / np.maximum(1 - short, np.float32(0.4)), 0), 1)
    confidence = contrast / (contrast + 3 * settings.noise_levels**2 + settings.texture * variance)
    residual = np.maximum(residual, 0)  # rounding takes it below
    confidence *= np.exp(residual / np.float32(-3 * settings.residual_levels**2))
    return mixed, np.asarray(confidence, np.float32)


def lifted(coarse: FloatMap, settings: Matte = MATTE) -> FloatMap:
    """Coarse alpha grown where it is open: enlarging and clipping shrink thin foregrounds, and
    this makes up for it.
    """
    return np.asarray(coarse + settings.lift * coarse * (1 - coarse), np.float32)
