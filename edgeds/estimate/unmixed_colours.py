"""The foreground's own colours: the plate's light is taken out of the border.

Every pixel mixes foreground and plate, C = aF + (1 - a)B. With alpha known, the equation gives the
F that is really there. Alpha has errors, so what is kept is weighed with the colours nearby
(`weighed_colours`). Knows nothing about networks, nor how alpha was made.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from edgeds.errors import ShapeError
from edgeds.estimate.border_features import turned
from edgeds.estimate.border_surroundings import on_coarse
from edgeds.estimate.carried_colours import Carried
from edgeds.estimate.settings import MATTE, Matte
from edgeds.estimate.weighed_colours import Border, nearby, weighed
from edgeds.sources.scaling import read_at
from edgeds.types import Box, DeepPixels, FloatMap, Maps, Pixels, ToLight, described
from edgeds.types.picture import largest_channel

Colours = TypeVar("Colours", Pixels, DeepPixels)
_MOST_OF_BRIGHTEST = 1.5
"""Faint alpha divides noise and alpha's own error: no light above this much of what is near."""


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

    Raises:
        ShapeError: the three differ in size.
    """
    _check_sizes(frame, alpha, plate)
    part = _part(alpha, settings)
    if part is None:
        return np.zeros_like(frame)
    kept, carried, border = _prepared(frame, part, alpha, plate, plate_offset, settings)
    _carry(kept, carried, part.rim(settings.bleed_px))
    if border is not None:
        kept.reshape(-1, 3)[border.flat] = _as(kept.dtype, weighed(border))
    colours = np.zeros_like(frame)
    white = _white(frame)
    colours[part.box.of] = kept if white == 1 else kept * np.float32(white) + np.float32(0.5)
    return colours


def _check_sizes(frame: object, alpha: object, plate: object) -> None:
    given = {"frame": frame, "alpha": alpha, "plate": plate}
    sizes = {getattr(one, "shape", ())[:2] for one in given.values()}
    if len(sizes) > 1 or not all(sizes):
        raise ShapeError(
            ", ".join(f"the {name} is {described(one)}" for name, one in given.items()),
            why="these are arrays of one (height, width)",
            fix="give frame.pixels, maps.alpha and plate.pixels; plate_at_size scales a plate",
        )


def border_of(
    frame: Colours,
    alpha: FloatMap,
    plate: Pixels,
    plate_offset: FloatMap | None = None,
    *,
    settings: Matte = MATTE,
) -> tuple[Box, Border] | None:
    """What `foreground_colours` weighs: a box, and open pixels, counted from its corner."""
    part = _part(alpha, settings)
    if part is None:
        return None
    border = _prepared(frame, part, alpha, plate, plate_offset, settings)[2]
    return None if border is None else (part.box, border)


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
    if band.size:
        behind = _behind(band, alpha, plate, plate_offset) * np.float32(_white(frame))
        own = _without(behind, frame.reshape(-1, 3)[band], alpha.reshape(-1)[band][:, None])
        most = np.iinfo(frame.dtype).max
        result.reshape(-1, 3)[band] = np.clip(own + 0.5, 0, most).astype(frame.dtype)
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
    """`foreground_colours` in linear light, for HDR: code values compress highlights to 1, and what
    un-mixing gives there beyond 1 is no light of the scene.

    Args:
        frame: linear light (H, W, 3), which the result is, too.
        to_light: takes the plate's code values to it.
    """
    import cv2

    part = _part(alpha, settings)
    if part is None:
        return np.zeros_like(frame)
    band = part.band(settings, alpha.shape[1])
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
    kept = cv2.copyTo(np.ascontiguousarray(result[part.box.of]), part.is_open)
    # Where alpha is faint, un-mixing multiplies noise: there too the colour is carried.
    rim = part.rim(settings.bleed_px, settings.faint)
    _carry(kept, Carried(kept, part.is_open, part.alpha), rim)
    result.fill(0)
    result[part.box.of] = kept
    return result


def _prepared(
    frame: Colours, part: _Part, alpha: FloatMap, plate: Pixels, plate_offset: FloatMap | None,
    settings: Matte,
) -> tuple[npt.NDArray[Any], Carried, Border | None]:  # fmt: skip
    """The un-mixed colours of a part in levels, black where nothing is open, what is carried from
    them, and the pixels to be weighed.
    """
    import cv2

    flat, width = part.soft(settings), part.alpha.shape[1]
    kept = cv2.copyTo(_levels(frame[part.box.of], _white(frame)), part.is_open)
    if not flat.size:
        return kept, Carried(kept, part.is_open, part.alpha), None
    rows, columns = np.divmod(flat, width)
    band = (rows + part.box.top) * alpha.shape[1] + columns + part.box.left
    a = np.take(alpha.reshape(-1), band)
    seen = turned(np.take(kept.reshape(-1, 3), flat, axis=0))
    behind = turned(_behind(band, alpha, plate, plate_offset))
    own = np.clip(_without(behind, seen, a), 0, 255)
    kept.reshape(-1, 3)[flat] = _as(kept.dtype, cv2.transpose(own))
    carried = Carried(kept, part.is_open, part.alpha)
    near = nearby(carried, part.alpha.shape)
    return kept, carried, Border(near, flat, rows, columns, a, seen, behind)


def _without(behind: FloatMap, seen: npt.NDArray[Any], a: FloatMap) -> FloatMap:
    """F of C = aF + (1 - a)B."""
    own: FloatMap = (seen - (1 - a) * behind) / a
    return own


def _band(alpha: FloatMap, settings: Matte) -> npt.NDArray[np.intp]:
    """Flat indices of the pixels whose alpha is open."""
    part = _part(alpha, settings)
    return np.zeros(0, np.intp) if part is None else part.band(settings, alpha.shape[1])


def _places(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    return np.flatnonzero(mask.view(np.bool_))  # of bytes it takes three times as long


def _behind(
    band: npt.NDArray[np.intp], alpha: FloatMap, plate: Pixels, plate_offset: FloatMap | None
) -> FloatMap:
    """B at flat indices, (n, 3), in levels of 255."""
    behind: FloatMap = np.take(plate.reshape(-1, 3), band, axis=0).astype(np.float32)
    if plate_offset is None:
        return behind
    where = np.divmod(band, alpha.shape[1])
    x, y = on_coarse(*where, plate_offset.shape, alpha.shape)
    shifted: FloatMap = np.clip(behind + read_at(plate_offset, x, y), 0, 255)
    return shifted


def _brightest_near(light: FloatMap, alpha: FloatMap, settings: Matte) -> FloatMap:
    """Flat: the largest channel of the pixel and of the sure foreground within `bleed_px`."""
    import cv2

    brightest = largest_channel(light)
    sure = np.where(alpha >= 1 - settings.band, brightest, np.float32(0))
    side = 2 * settings.bleed_px + 1
    near = cv2.dilate(sure, np.ones((side, side), np.uint8))
    most: FloatMap = np.maximum(brightest, near).reshape(-1)
    return most


def behind_in(maps: Maps, plate: Pixels) -> Pixels:
    """The plate that maps were made with, corrected by then; else the one that is given."""
    return plate if maps.plate is None else maps.plate


class _Part(NamedTuple):
    """The part of a picture that holds foreground and what is carried beyond it."""

    box: Box
    alpha: FloatMap
    is_open: npt.NDArray[np.uint8]
    """1 where there is foreground."""

    def soft(self, settings: Matte) -> npt.NDArray[np.intp]:
        """Flat indices, in the part, of the pixels whose alpha is open."""
        is_soft = (self.alpha < 1 - settings.band).view(np.uint8)
        return _places(self.is_open & is_soft)

    def band(self, settings: Matte, width: int) -> npt.NDArray[np.intp]:
        """The same in a picture so wide."""
        rows, columns = np.divmod(self.soft(settings), self.alpha.shape[1])
        return np.asarray((rows + self.box.top) * width + columns + self.box.left, np.intp)

    def rim(self, reach_px: int, faint: float = 0) -> npt.NDArray[np.intp]:
        """Flat indices of pixels beside the foreground, and of its pixels fainter than so."""
        import cv2

        side = 2 * reach_px + 1
        near = cv2.dilate(self.is_open, np.ones((side, side), np.uint8))
        inner = self.is_open if not faint else (self.alpha >= faint).view(np.uint8)
        return _places(cv2.subtract(near, inner))


def _part(alpha: FloatMap, settings: Matte) -> _Part | None:
    import cv2

    is_open = (alpha > settings.band).view(np.uint8)
    left, top, width, height = cv2.boundingRect(is_open)
    if not width:
        return None
    reach = settings.bleed_px
    # By whole squares of four pixels: OpenCV shrinks these several times faster.
    box = Box(
        max(0, top - reach) & ~3,
        max(0, left - reach) & ~3,
        min(alpha.shape[0], (top + height + reach + 3) & ~3),
        min(alpha.shape[1], (left + width + reach + 3) & ~3),
    )
    return _Part(box, alpha[box.of], is_open[box.of])


def _carry(kept: npt.NDArray[Any], carried: Carried, where: npt.NDArray[np.intp]) -> None:
    """Write the carried colours at flat indices."""
    if where.size:
        made = carried.at(*np.divmod(where, kept.shape[1]))
        kept.reshape(-1, 3)[where] = _as(kept.dtype, made)


def _white(frame: Pixels | DeepPixels) -> int:
    """Code values that are a level of 255."""
    return int(np.iinfo(frame.dtype).max) // 255


def _levels(colours: npt.NDArray[Any], white: int) -> npt.NDArray[Any]:
    """Code values in levels of 255; bytes stay bytes."""
    return np.ascontiguousarray(colours) if white == 1 else colours * np.float32(1 / white)


def _as(kind: npt.DTypeLike, levels: FloatMap) -> npt.NDArray[Any]:
    """Levels, rounded where these are bytes."""
    return levels if kind == np.float32 else np.clip(levels + 0.5, 0, 255).astype(kind)
