"""The foreground's own colours: the plate's light is taken out of the border.

Every pixel mixes foreground and plate, C = aF + (1 - a)B. With alpha known, the equation gives the
F that is really there. Knows nothing about networks, nor how alpha was made.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from edgeds.estimate.border_surroundings import on_coarse
from edgeds.estimate.settings import MATTE, Matte
from edgeds.sources.scaling import read_at
from edgeds.types import DeepPixels, FloatMap, Maps, Pixels

Colours = TypeVar("Colours", Pixels, DeepPixels)


def foreground(
    frame: Colours,
    alpha: FloatMap,
    plate: Pixels,
    plate_offset: FloatMap | None = None,
    *,
    settings: Matte = MATTE,
) -> Colours:
    """The foreground's own colour F, to keep: RGB (H, W, 3), straight (unassociated).

    Where there is no foreground its colours are carried `bleed_px` outwards, and past that it is
    black: nothing of the room is left under alpha 0. See `unmixed` for the arguments.
    """
    colours = unmixed(frame, alpha, plate, plate_offset, settings=settings)
    _clear(colours, alpha, settings)
    return colours


def unmixed(
    frame: Colours,
    alpha: FloatMap,
    plate: Pixels,
    plate_offset: FloatMap | None = None,
    *,
    settings: Matte = MATTE,
) -> Colours:
    """The frame with the plate's light taken out of the border: F = (C - (1 - a)B) / a.

    To be put over something else with `over`. Elsewhere it is the frame, also where alpha is 0.

    Args:
        frame: RGB (H, W, 3) of 8 or 16 bits, which the result has, too.
        plate: uint8 RGB (H, W, 3); `alpha` float32 (H, W).
        plate_offset: `Maps.plate_offset`; B is the plate and this.
    """
    band = np.flatnonzero((alpha > settings.band) & (alpha < 1 - settings.band))
    result: Colours = frame.copy()
    white = np.iinfo(frame.dtype).max
    if band.size:
        a = alpha.reshape(-1)[band][:, None]
        behind = plate.reshape(-1, 3)[band].astype(np.float32)
        if plate_offset is not None:
            where = np.divmod(band, alpha.shape[1])
            x, y = on_coarse(*where, plate_offset.shape, alpha.shape)
            behind = np.clip(behind + read_at(plate_offset, x, y), 0, 255)
        mixed = frame.reshape(-1, 3)[band] - (1 - a) * (behind * np.float32(white // 255))
        result.reshape(-1, 3)[band] = np.clip(mixed / a + 0.5, 0, white).astype(frame.dtype)
    return result


def behind_in(maps: Maps, plate: Pixels) -> Pixels:
    """The plate that maps were made with, corrected by then; else the one that is given."""
    return plate if maps.plate is None else maps.plate


def _clear(colours: Colours, alpha: FloatMap, settings: Matte) -> None:
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
    white = np.iinfo(kept.dtype).max
    carried = total[there] / np.maximum(count[there], 1e-6)[:, None]
    kept.reshape(-1, 3)[rim] = np.clip(carried + 0.5, 0, white).astype(kept.dtype)
    colours.fill(0)
    colours[box] = kept
