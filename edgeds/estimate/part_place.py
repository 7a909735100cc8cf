"""The part of a frame that contains its foreground: its place, and its size for the network.

The network sees about as many pixels of a part as of the whole, so it sees the part larger. Parts
have the network's proportions, and their sides are multiples of a quarter of its size, so that
pixels of both meet often (see `maps_on_demand`). Does not decide when to look: `whole_or_part`
does.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import cv2
import numpy as np

from edgeds.estimate.look_settings import LOOKS, LookSettings
from edgeds.types import Box, FloatMap, Size

_QUARTERS = 4
_STRIDE = 32
"""Sides of the network are multiples of it."""
_EVEN_PX = 8
"""Parts begin at multiples of this: a shaking bound moves no part."""
_TRACKED_FRAMES = 3
"""Motion is that of so many frames: bounds are known to a pixel of the network's map."""


def bounds_of(alpha: FloatMap, frame: Box) -> Box | None:
    """What holds all of the foreground, in pixels of the frame. `frame` is where alpha lies."""
    left, top, width, height = cv2.boundingRect((alpha > LOOKS.foreground).view(np.uint8))
    if not width:
        return None
    return on_frame(Box(top, left, top + height, left + width), alpha.shape, frame)


def on_frame(box: Box, small: Size, frame: Box) -> Box:
    """The pixels under a box of a map (h, w) that lies on the part `frame`."""
    down, across = (full / short for full, short in zip(frame.size, small, strict=True))
    return Box(
        frame.top + math.floor(box.top * down),
        frame.left + math.floor(box.left * across),
        frame.top + math.ceil(box.bottom * down),
        frame.left + math.ceil(box.right * across),
    )


class Place(NamedTuple):
    """A part of the frame, and the size at which the network sees it."""

    box: Box
    network: Size


class Motion(NamedTuple):
    """How far the bounds of the foreground move from one frame to the next, in pixels."""

    top: float = 0.0
    left: float = 0.0
    bottom: float = 0.0
    right: float = 0.0


STILL = Motion()


class Track:
    """The bounds of the foreground in the last frames."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, Box]] = deque()

    def forget(self) -> None:
        """There is no foreground any more."""
        self._seen.clear()

    def take(self, bounds: Box, frame: int) -> Motion:
        """Remember the bounds of a frame, counted from any one on; of one frame the last count."""
        while self._seen and self._seen[-1][0] >= frame:
            self._seen.pop()
        while self._seen and self._seen[0][0] < frame - _TRACKED_FRAMES:
            self._seen.popleft()
        motion = STILL
        if self._seen:
            then, earlier = self._seen[0]
            moved = (now - was for now, was in zip(bounds, earlier, strict=True))
            motion = Motion(*(pixels / (frame - then) for pixels in moved))
        self._seen.append((frame, bounds))
        return motion


def networks_like(size: Size) -> tuple[Size, ...]:
    """The network's own size, a square and an upright one: alike in pixels, so in time."""
    height, width = size
    side = round(math.sqrt(height * width) / _STRIDE) * _STRIDE
    square = side, height * width // side // _STRIDE * _STRIDE
    return size, square, (width, height)


def place_for(
    bounds: Box,
    size: Size,
    networks: tuple[Size, ...],
    before: Place | None = None,
    settings: LookSettings = LOOKS,
    motion: Motion = STILL,
) -> Place | None:
    """The part to look at in the next frames; None if it would be hardly larger than in the whole
    frame.

    Args:
        bounds: of the foreground.
        size: of the frame, (height, width).
        networks: the sizes that the network can have; the whole is seen at the first.
        before: the part in use. It stays where it still fits, since another one costs a look at
            the plate.
        motion: of the bounds. The part reaches to where they will be.
    """
    if before is not None and _still_fits(before, bounds, size, settings, motion):
        return before
    least = settings.least_zoom if before is None else settings.least_zoom_kept
    for frames in (settings.ahead_frames, 0):  # what is ahead may need too large a part
        reaching = _ahead(bounds, motion, frames, size)
        if place := _largest(reaching, size, networks, settings, least):
            return place
    return None


def _largest(
    bounds: Box, size: Size, networks: tuple[Size, ...], settings: LookSettings, least: float
) -> Place | None:
    """The part that shows the bounds the largest; None if no part enlarges by more than `least`."""
    best, most = None, least
    for network in networks:
        high, wide = side = _side(bounds, size, network, settings)
        down, across = network[0] / high, network[1] / wide
        zoom = math.sqrt(down * across * size[0] * size[1] / (networks[0][0] * networks[0][1]))
        if zoom > most and max(down / across, across / down) < settings.most_stretch:
            best, most = Place(_box_around(bounds, side, size), network), zoom
    return best


def _still_fits(
    place: Place, bounds: Box, size: Size, settings: LookSettings, motion: Motion
) -> bool:
    next_bounds = _ahead(bounds, motion, 1, size)
    tight = _with_margin(next_bounds, settings.kept_margin, size, settings.kept_margin_px)
    needed = _side(bounds, size, place.network, settings)
    return place.box.size[0] <= settings.kept_zoom * needed[0] and place.box.holds(tight)


def _ahead(bounds: Box, motion: Motion, frames: int, size: Size) -> Box:
    """The bounds, and where they will be if they move on outwards: at most their own length."""
    most = max(bounds.size)
    top, left, bottom, right = (min(most, round(frames * abs(one))) for one in motion)
    return Box(
        max(0, bounds.top - top * (motion.top < 0)),
        max(0, bounds.left - left * (motion.left < 0)),
        min(size[0], bounds.bottom + bottom * (motion.bottom > 0)),
        min(size[1], bounds.right + right * (motion.right > 0)),
    )


def _box_around(bounds: Box, side: Size, size: Size) -> Box:
    top, left = (
        min(max(0, (lo + hi - length) // 2), full - length) // _EVEN_PX * _EVEN_PX
        for lo, hi, length, full in zip(bounds[:2], bounds[2:], side, size, strict=True)
    )
    return Box(top, left, top + side[0], left + side[1])


def _side(bounds: Box, size: Size, network: Size, settings: LookSettings) -> Size:
    """Height and width of the smallest part that holds bounds and their margin."""
    around = _with_margin(bounds, settings.margin, size, settings.margin_px).size
    units = [side // _QUARTERS for side in network]
    count = max(_QUARTERS, *(-(-a // unit) for a, unit in zip(around, units, strict=True)))
    return min(size[0], units[0] * count), min(size[1], units[1] * count)


def _with_margin(box: Box, share: float, size: Size, least_px: int) -> Box:
    height, width = (max(least_px, round(share * side)) for side in box.size)
    return box.with_margin(height, width, size)


def reaches_out(alpha: FloatMap, part: Box, size: Size) -> bool:
    """Whether foreground goes on past the border of a part, alpha (h, w) being the part's."""
    edges = (
        (alpha[:2], part.top > 0),
        (alpha[-2:], part.bottom < size[0]),
        (alpha[:, :2], part.left > 0),
        (alpha[:, -2:], part.right < size[1]),
    )
    return any(inside and bool((edge > LOOKS.foreground).any()) for edge, inside in edges)
