"""Alpha at full resolution, from what only a plate can show.

Every pixel mixes foreground and plate, C = aF + (1 - a)B, and B is known. Along the border of the
coarse alpha, F is close to the sure foreground beside it; that gives a. `unmixed_colours` has the F
that is really there. Knows nothing about networks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from edgeds.estimate.border_surroundings import (
    AROUND_PX,
    Around,
    Mask,
    around,
    channels,
    dot_of_channels,
    on_coarse,
    open_pixels,
)
from edgeds.estimate.settings import MATTE, Matte
from edgeds.estimate.side_by_side import SideBySide
from edgeds.sources.scaling import read_at, resized
from edgeds.types import Box, FloatMap, Indices, Pixels, whole
from edgeds.types.picture import pixels_at

_AT_ONCE = 16_384
"""Pixels whose border is drawn at one time: what is made of them stays in the cache."""


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
    everything = Window(whole(coarse.shape[:2]), whole(plate.shape[:2]))
    return refined_in(
        [everything], coarse, partial(pixels_at, frame), plate, small=small, doubt=doubt,
        settings=settings,
    )[0]  # fmt: skip


class Window(NamedTuple):
    """A part of the picture. Pixels of both sizes meet at its borders."""

    coarse: Box
    full: Box


def refined_in(
    windows: Sequence[Window],
    coarse: FloatMap,
    colours: Callable[[Indices, Indices], Pixels],
    plate: Pixels,
    *,
    small: tuple[Pixels, Pixels],
    doubt: FloatMap | None = None,
    settings: Matte = MATTE,
) -> list[Refined]:
    """`refined`, in windows alone, all at once; for callers who make the frame's colours where they
    are needed: in the band.

    Args:
        colours: (rows, columns) -> the frame's uint8 RGB (n, 3) there.
    """
    side_by_side = SideBySide([window.coarse for window in windows], coarse.shape[:2], AROUND_PX)
    lift = lifted(side_by_side.of(coarse), settings)
    frame_there, plate_there = (side_by_side.of(pixels) for pixels in small)
    doubt_there = None if doubt is None else side_by_side.of(doubt)
    near = around(lift, frame_there, plate_there, doubt_there, settings)
    begun = [
        _Begun(lift[place.of], near.is_open[place.of], window.full, place)
        for window, place in zip(windows, side_by_side.places, strict=True)
    ]
    rows, columns, x, y, before = (
        np.concatenate(each) for each in zip(*(one.open for one in begun), strict=True)
    )
    after = before.copy()
    for first in range(0, rows.size, _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        behind = pixels_at(plate, rows[some], columns[some])
        shown = colours(rows[some], columns[some])
        after[some] = _drawn(near, shown, behind, (x[some], y[some]), before[some], settings)
    ends = np.cumsum([one.at.size for one in begun])[:-1]
    for one, values in zip(begun, np.split(after, ends), strict=True):
        one.alpha.reshape(-1)[one.at] = values
    return [_refined(one, near) for one in begun]


class _Begun:
    """A window whose alpha is that of the coarse size, enlarged."""

    def __init__(self, coarse: FloatMap, is_open: Mask, full: Box, place: Box) -> None:
        """
        Args:
            place: of the coarse size, among the others.
        """
        size = full.size
        self.place, self.alpha = place, resized(coarse, size)
        if self.alpha.base is not None or self.alpha is coarse:
            self.alpha = self.alpha.copy()
        self.at = open_pixels(is_open, size)
        """Numbers of the pixels whose alpha is open."""
        at = self.at.astype(np.int32)
        rows = at // np.int32(size[1])  # NumPy's divmod takes twice as long as all three
        columns = at - rows * np.int32(size[1])
        x, y = on_coarse(rows, columns, coarse.shape, size)
        self.open = (
            rows + np.int32(full.top),
            columns + np.int32(full.left),
            _within(x, coarse.shape[1]) + np.float32(place.left),
            _within(y, coarse.shape[0]) + np.float32(place.top),
            self.alpha.reshape(-1)[self.at],
        )
        """Rows and columns of these on the frame, x and y among the coarse sizes, alpha."""


def _within(places: FloatMap, side: int) -> FloatMap:
    """Past the border the outermost pixels go on."""
    within: FloatMap = np.minimum(np.maximum(places, np.float32(0)), np.float32(side - 1))
    return within


def _refined(begun: _Begun, near: Around) -> Refined:
    if not begun.at.size:
        return Refined(begun.alpha, None, None)
    part = begun.place.of
    return Refined(begun.alpha, near.background[part][..., :3].copy(), near.bounds[part][..., :2])


def _drawn(
    near: Around,
    frame: Pixels,
    plate: Pixels,
    at: tuple[FloatMap, FloatMap],
    before: FloatMap,
    settings: Matte,
) -> FloatMap:
    """Alpha (n,) of pixels, from what it was before.

    Channel by channel: NumPy is several times slower along an axis of three.

    Args:
        frame, plate: their colours, uint8 (n, 3).
        at: x and y on the coarse size.
    """
    background, foreground = (
        channels(read_at(one, *at)) for one in (near.background, near.foreground)
    )
    low, high = channels(read_at(near.bounds, *at))[:2]
    b = background[:3]
    b += channels(plate)
    f_minus_b = foreground[:3]
    f_minus_b -= b
    mixed, confidence = _projected(channels(frame) - b, f_minus_b, foreground[3], settings)
    confidence *= np.minimum(np.maximum(background[3], 0), 1)
    after: FloatMap = np.minimum(np.maximum(mixed, low), high)
    after -= before
    after *= confidence
    after += before
    return after


def refined_alpha(
    coarse: FloatMap, frame: Pixels, plate: Pixels, *, settings: Matte = MATTE
) -> FloatMap:
    """`refined`, for callers who want nothing but alpha."""
    return refined(coarse, frame, plate, settings=settings).alpha


def _projected(
    c_minus_b: FloatMap, f_minus_b: FloatMap, variance: FloatMap, settings: Matte
) -> tuple[FloatMap, FloatMap]:
    """(alpha, confidence) of pixels (n,): where C lies on the line from B to F, colours (3, n)."""
    contrast = dot_of_channels(f_minus_b, f_minus_b)
    most = np.maximum(contrast, np.float32(1))
    product = dot_of_channels(c_minus_b, f_minus_b)
    along = product / most
    inside = np.minimum(np.maximum(along, 0), 1)
    # |C - B - a (F - B)|^2, term by term: a third of the time.
    residual = dot_of_channels(c_minus_b, c_minus_b) - inside * (2 * product - inside * contrast)
    # A pixel one deviation short of the mean colour is whole foreground: F is textured, and
    # clipping at 1 what scatters about 1 made the foreground smaller.
    short = np.sqrt(variance / (3 * most))
    mixed = np.minimum(np.maximum(along / np.maximum(1 - short, np.float32(0.4)), 0), 1)
    confidence = contrast / (contrast + 3 * settings.noise_levels**2 + settings.texture * variance)
    residual = np.maximum(residual, 0)  # rounding takes it below
    confidence *= np.exp(residual / np.float32(-3 * settings.residual_levels**2))
    return np.asarray(mixed, np.float32), np.asarray(confidence, np.float32)


def lifted(coarse: FloatMap, settings: Matte = MATTE) -> FloatMap:
    """Coarse alpha grown where it is open: enlarging and clipping shrink thin foregrounds, and
    this makes up for it.
    """
    return np.asarray(coarse + settings.lift * coarse * (1 - coarse), np.float32)
