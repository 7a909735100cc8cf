"""The foreground's own colours: the plate's light is taken out of the border.

Every pixel mixes foreground and plate, C = aF + (1 - a)B. With alpha known, the equation gives the
F that is really there. Knows nothing about networks, nor how alpha was made.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from edgeds.estimate.border_surroundings import on_coarse
from edgeds.estimate.settings import MATTE, Matte
from edgeds.sources.scaling import read_at
from edgeds.types import DeepPixels, FloatMap, Maps, Pixels, ToLight

Colours = TypeVar("Colours", Pixels, DeepPixels)
_MOST_OF_BRIGHTEST = 1.5
"""Faint alpha divides noise and alpha's own error: no light above this much of what is near."""
_SIZES = 6
"""From which colours are carried outwards, each half of the one before, from half the picture's."""
_LACKED = np.float32(0.03)
"""Foreground, as a share of a pixel, at which one size and the next smaller one count alike."""


def foreground_colours(
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
    band = _band(alpha, settings)
    result: Colours = frame.copy()
    white = np.iinfo(frame.dtype).max
    if band.size:
        a = alpha.reshape(-1)[band][:, None]
        behind = _behind(band, alpha, plate, plate_offset)
        mixed = frame.reshape(-1, 3)[band] - (1 - a) * (behind * np.float32(white // 255))
        result.reshape(-1, 3)[band] = np.clip(mixed / a + 0.5, 0, white).astype(frame.dtype)
    return result


def foreground_light(
    frame: FloatMap,
    alpha: FloatMap,
    plate: Pixels,
    to_light: ToLight,
    plate_offset: FloatMap | None = None,
    *,
    settings: Matte = MATTE,
) -> FloatMap:
    """`foreground` in linear light, for HDR: code values compress highlights to 1, and what
    un-mixing gives there beyond 1 is no light of the scene.

    Args:
        frame: linear light (H, W, 3), which the result is, too.
        to_light: takes the plate's code values to it.
    """
    band = _band(alpha, settings)
    result: FloatMap = frame.copy()
    if band.size:
        behind = _behind(band, alpha, plate, plate_offset)
        codes = (behind * np.float32(257) + np.float32(0.5)).astype(np.uint16)
        a = alpha.reshape(-1)[band][:, None]
        mixed = frame.reshape(-1, 3)[band] - (1 - a) * to_light(codes[None])[0]
        own = np.maximum(mixed, 0) / a
        most = np.float32(_MOST_OF_BRIGHTEST) * _brightest_near(frame, alpha, settings)[band]
        dimmed = np.minimum(1, most / np.maximum(own.max(axis=1), 1e-6))
        result.reshape(-1, 3)[band] = own * dimmed[:, None]
    _clear(result, alpha, settings)
    return result


def _band(alpha: FloatMap, settings: Matte) -> npt.NDArray[np.intp]:
    """Flat indices of the pixels whose alpha is open."""
    import cv2

    is_open = cv2.compare(alpha, settings.band, cv2.CMP_GT)
    left, top, width, height = cv2.boundingRect(is_open)
    box = slice(top, top + height), slice(left, left + width)
    if not width:
        return np.zeros(0, np.intp)
    within = _places(
        cv2.bitwise_and(is_open[box], cv2.compare(alpha[box], 1 - settings.band, cv2.CMP_LT))
    )
    rows, columns = np.divmod(within, width)
    return np.asarray((rows + top) * alpha.shape[1] + columns + left, np.intp)


def _places(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    """`np.flatnonzero`, several times as quick."""
    import cv2

    found = cv2.findNonZero(mask)
    if found is None:
        return np.zeros(0, np.intp)
    columns, rows = found.reshape(-1, 2).T
    return np.asarray(rows.astype(np.intp) * mask.shape[1] + columns, np.intp)


def _behind(
    band: npt.NDArray[np.intp], alpha: FloatMap, plate: Pixels, plate_offset: FloatMap | None
) -> FloatMap:
    """B at flat indices, (n, 3), in levels of 255."""
    behind: FloatMap = plate.reshape(-1, 3)[band].astype(np.float32)
    if plate_offset is None:
        return behind
    where = np.divmod(band, alpha.shape[1])
    x, y = on_coarse(*where, plate_offset.shape, alpha.shape)
    shifted: FloatMap = np.clip(behind + read_at(plate_offset, x, y), 0, 255)
    return shifted


def _brightest_near(light: FloatMap, alpha: FloatMap, settings: Matte) -> FloatMap:
    """Flat: the largest channel of the pixel and of the sure foreground within `bleed_px`."""
    import cv2

    brightest = light.max(axis=2)
    sure = np.where(alpha >= 1 - settings.band, brightest, np.float32(0))
    side = 2 * settings.bleed_px + 1
    near = cv2.dilate(sure, np.ones((side, side), np.uint8))
    most: FloatMap = np.maximum(brightest, near).reshape(-1)
    return most


def behind_in(maps: Maps, plate: Pixels) -> Pixels:
    """The plate that maps were made with, corrected by then; else the one that is given."""
    return plate if maps.plate is None else maps.plate


def _clear(colours: npt.NDArray[Any], alpha: FloatMap, settings: Matte) -> None:
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
    # By whole squares of four pixels: OpenCV shrinks these several times faster.
    box = (
        slice(max(0, top - reach) & ~3, (top + height + reach + 3) & ~3),
        slice(max(0, left - reach) & ~3, (left + width + reach + 3) & ~3),
    )
    is_open, near = is_open[box], alpha[box]
    kept = cv2.copyTo(colours[box], is_open)
    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    faint = (near < settings.faint).view(np.uint8)
    rim = _places(cv2.bitwise_and(cv2.dilate(is_open, square), faint))
    if rim.size:
        carried = _from_inside(kept, is_open, near, rim)
        if kept.dtype != np.float32:
            carried = np.clip(carried + 0.5, 0, np.iinfo(kept.dtype).max)
        kept.reshape(-1, 3)[rim] = carried.astype(kept.dtype)
    colours.fill(0)
    colours[box] = kept


def _from_inside(
    kept: npt.NDArray[Any],
    is_open: npt.NDArray[np.uint8],
    alpha: FloatMap,
    rim: npt.NDArray[np.intp],
) -> FloatMap:
    """Colours (n, 3) of the foreground nearest to pixels at flat indices; sure pixels decide.

    Pull-push (Gortler et al. 1996): what one size lacks comes from the next smaller one.

    Args:
        kept: (H, W, 3), black where alpha is not open.
    """
    import cv2

    size = (alpha.shape[1] + 1) // 2, (alpha.shape[0] + 1) // 2
    weight = np.square(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA))
    colours = cv2.resize(kept, size, interpolation=cv2.INTER_AREA)
    total = cv2.multiply(colours, cv2.merge([weight] * 3), dtype=cv2.CV_32F)
    count = cv2.resize(is_open * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    sums: list[npt.NDArray[Any]] = [
        cv2.merge([*cv2.split(total), count * (weight / np.float32(255))])
    ]
    for _ in range(_SIZES - 1):
        size = (size[0] + 1) // 2, (size[1] + 1) // 2
        sums.append(cv2.resize(sums[-1], size, interpolation=cv2.INTER_AREA))
    mean: npt.NDArray[Any] = sums[-1][..., :3] / np.maximum(sums[-1][..., 3:], 1e-6)
    for one in sums[-2:0:-1]:
        lacking = cv2.resize(mean, one.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        mean = (one[..., :3] + _LACKED * lacking) / (one[..., 3:] + _LACKED)
    rows, columns = np.divmod(rim, alpha.shape[1])
    near = sums[0][rows // 2, columns // 2]
    wider = read_at(mean, *on_coarse(rows, columns, mean.shape, alpha.shape))
    carried: FloatMap = (near[:, :3] + _LACKED * wider) / (near[:, 3:] + _LACKED)
    return carried
