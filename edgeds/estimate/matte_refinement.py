"""Alpha at full resolution and clean foreground colours, from what only a plate can tell.

Every pixel mixes foreground and plate, C = aF + (1 - a)B, and B is known. Along the border of the
coarse alpha, F is close to the sure foreground beside it; that gives a. With a, the equation
gives the F that is really there. Knows nothing about networks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from edgeds.estimate.border_surroundings import around, dot, on_coarse, open_pixels
from edgeds.estimate.settings import MATTE, Matte
from edgeds.sources.scaling import read_at, resized
from edgeds.types import FloatMap, Indices, Maps, Pixels


class Refined(NamedTuple):
    """What frame and plate say at full size."""

    alpha: FloatMap
    """float32 (H, W)."""
    plate_offset: FloatMap | None
    """How much brighter the background nearby is than the plate, float32 (h, w, 3) in levels at
    the coarse size; None where nothing has a border.
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
        coarse, lambda rows, columns: frame[rows, columns], plate, small=small, doubt=doubt,
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
        return Refined(alpha, None)
    rows, columns = band
    x, y = on_coarse(rows, columns, coarse.shape, (height, width))
    # As few and as wide readings as the maps allow: each costs as much as its arithmetic.
    offset = read_at(cv2.merge([near.offset, near.trust]), x, y)
    colour = read_at(cv2.merge([near.colour, near.variance]), x, y)
    bounds = read_at(cv2.merge([near.low, near.high]), x, y)
    b = np.asarray(plate[rows, columns] + offset[:, :3], np.float32)
    c_minus_b = np.asarray(colours(rows, columns) - b, np.float32)
    mixed, confidence = _projected(c_minus_b, colour[:, :3] - b, colour[:, 3], settings)
    confidence *= np.clip(offset[:, 3], 0, 1)
    before = alpha[rows, columns]
    low, high = bounds.T
    mixed = np.clip(mixed, low, high * (2 - high))  # what is thin is coarsely too faint
    alpha[rows, columns] = before + confidence * (mixed - before)
    return Refined(alpha, near.offset)


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
    along = dot(c_minus_b, f_minus_b) / np.maximum(contrast, 1.0)
    residual = np.asarray(c_minus_b - np.clip(along, 0, 1)[:, None] * f_minus_b, np.float32)
    # A pixel one deviation short of the mean colour is whole foreground: F is textured, and
    # clipping at 1 what scatters about 1 made the foreground smaller.
    short = np.sqrt(variance / (3 * np.maximum(contrast, 1.0)))
    mixed = np.clip(along / np.maximum(1 - short, 0.4), 0, 1)
    confidence = contrast / (contrast + 3 * settings.noise_levels**2 + settings.texture * variance)
    confidence *= np.exp(-dot(residual, residual) / np.float32(3 * settings.residual_levels**2))
    return mixed, np.asarray(confidence, np.float32)


def lifted(coarse: FloatMap, settings: Matte = MATTE) -> FloatMap:
    """Coarse alpha grown where it is open: enlarging and clipping shrink thin foregrounds, and
    this makes up for it.
    """
    return np.asarray(coarse + settings.lift * coarse * (1 - coarse), np.float32)


def foreground(
    frame: Pixels,
    alpha: FloatMap,
    plate: Pixels,
    plate_offset: FloatMap | None = None,
    *,
    settings: Matte = MATTE,
) -> Pixels:
    """The foreground's own colour F, to keep: uint8 RGB (H, W, 3), straight (unassociated).

    Where there is no foreground its colours are carried `bleed_px` outwards, and past that it is
    black: nothing of the room is left under alpha 0. See `unmixed` for the arguments.
    """
    colours = unmixed(frame, alpha, plate, plate_offset, settings=settings)
    _clear(colours, alpha, settings)
    return colours


def unmixed(
    frame: Pixels,
    alpha: FloatMap,
    plate: Pixels,
    plate_offset: FloatMap | None = None,
    *,
    settings: Matte = MATTE,
) -> Pixels:
    """The frame with the plate's light taken out of the border: F = (C - (1 - a)B) / a.

    To be put over something else with `over`. Elsewhere it is the frame, also where alpha is 0.

    Args:
        frame, plate: uint8 RGB (H, W, 3); `alpha` float32 (H, W).
        plate_offset: `Maps.plate_offset`; B is the plate and this.
    """
    band = np.flatnonzero((alpha > settings.band) & (alpha < 1 - settings.band))
    result: Pixels = frame.copy()
    if band.size:
        a = alpha.reshape(-1)[band][:, None]
        behind = plate.reshape(-1, 3)[band].astype(np.float32)
        if plate_offset is not None:
            where = np.divmod(band, alpha.shape[1])
            x, y = on_coarse(*where, plate_offset.shape, alpha.shape)
            behind = np.clip(behind + read_at(plate_offset, x, y), 0, 255)
        mixed = frame.reshape(-1, 3)[band] - (1 - a) * behind
        result.reshape(-1, 3)[band] = np.clip(mixed / a + 0.5, 0, 255).astype(np.uint8)
    return result


def behind_in(maps: Maps, plate: Pixels) -> Pixels:
    """The plate that maps were made with, corrected by then; else the one that is given."""
    return plate if maps.plate is None else maps.plate


def _clear(colours: Pixels, alpha: FloatMap, settings: Matte) -> None:
    """Keep colours where alpha is open, carry them a few pixels outwards, blacken the rest.

    Where alpha is faint, un-mixing multiplies noise: there too the colour is carried.
    """
    import cv2

    is_open = (alpha > settings.band).view(np.uint8)
    left, top, width, height = cv2.boundingRect(is_open)
    if not width:
        colours.fill(0)
        return
    reach = settings.bleed_px
    box = (
        slice(max(0, top - reach), top + height + reach),
        slice(max(0, left - reach), left + width + reach),
    )
    is_open, near = is_open[box], alpha[box]
    kept = cv2.copyTo(colours[box], is_open)
    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    faint = (near < settings.faint).view(np.uint8)
    rim = np.flatnonzero(cv2.bitwise_and(cv2.dilate(is_open, square), faint))
    # Normalised convolution (Knutsson & Westin 1993) at a quarter of the size; sure pixels
    # decide.
    size = (near.shape[1] + 3) // 4, (near.shape[0] + 3) // 4
    weight = np.square(cv2.resize(near, size, interpolation=cv2.INTER_AREA))
    total = cv2.resize(kept, size, interpolation=cv2.INTER_AREA) * weight[..., None]
    count = cv2.resize(is_open.astype(np.float32), size, interpolation=cv2.INTER_AREA) * weight
    total, count = (cv2.blur(values, (reach // 2 + 1, reach // 2 + 1)) for values in (total, count))
    rows, columns = np.divmod(rim, near.shape[1])
    there = rows // 4, columns // 4
    carried = total[there] / np.maximum(count[there], 1e-6)[:, None]
    kept.reshape(-1, 3)[rim] = np.clip(carried + 0.5, 0, 255).astype(np.uint8)
    colours.fill(0)
    colours[box] = kept
