"""A look at the part of a frame that holds its foreground: where it lies, and its maps.

The network sees about as many pixels of a part as of the whole, so it sees the part larger. Parts
have the network's proportions, and their sides are multiples of a quarter of its size, so that
pixels of both meet often (see `on_demand`). Knows nothing about when to look.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np

from edgeds.estimate.depth import anchored
from edgeds.estimate.on_demand import FrameMaps, PlateView
from edgeds.estimate.settings import LOOKS
from edgeds.sources.scaling import resized
from edgeds.types import Box, FloatMap, Frame, Pixels, Size, whole
from edgeds.types.picture import Layout, Picture

_QUARTERS = 4
_STRIDE = 32
"""Sides of the network are multiples of it."""
_EVEN_PX = 8
"""Parts begin at multiples of this: a shaking bound moves no part."""


def bounds_of(alpha: FloatMap, frame: Box) -> Box | None:
    """What holds all of the foreground, in pixels of the frame. `frame` is where alpha lies."""
    left, top, width, height = cv2.boundingRect((alpha > LOOKS.foreground).view(np.uint8))
    if not width:
        return None
    down, across = (full / small for full, small in zip(frame.size, alpha.shape, strict=True))
    return Box(
        frame.top + math.floor(top * down),
        frame.left + math.floor(left * across),
        frame.top + math.ceil((top + height) * down),
        frame.left + math.ceil((left + width) * across),
    )


class Place(NamedTuple):
    """A part of the frame, and the size at which the network sees it."""

    box: Box
    network: Size


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
) -> Place | None:
    """Where to look; None where a part would show hardly more than the whole frame.

    Args:
        bounds: of the foreground.
        size: of the frame, (height, width).
        networks: the sizes that the network can have; the whole is seen at the first.
        before: the part in use. It stays where it still fits, since another one costs a look at
            the plate.
    """
    if before is not None and _still_fits(before, bounds, size):
        return before
    best, most = None, LOOKS.least_zoom if before is None else LOOKS.least_zoom_kept
    for network in networks:
        high, wide = side = _side(bounds, size, network)
        down, across = network[0] / high, network[1] / wide
        zoom = math.sqrt(down * across * size[0] * size[1] / (networks[0][0] * networks[0][1]))
        if zoom > most and max(down / across, across / down) < LOOKS.most_stretch:
            best, most = Place(_box_around(bounds, side, size), network), zoom
    return best


def _still_fits(place: Place, bounds: Box, size: Size) -> bool:
    tight = _grown(bounds, LOOKS.kept_margin, size, LOOKS.kept_margin_px)
    needed = _side(bounds, size, place.network)
    return place.box.size[0] <= LOOKS.kept_zoom * needed[0] and _holds(place.box, tight)


def _box_around(bounds: Box, side: Size, size: Size) -> Box:
    top, left = (
        min(max(0, (lo + hi - length) // 2), full - length) // _EVEN_PX * _EVEN_PX
        for lo, hi, length, full in zip(bounds[:2], bounds[2:], side, size, strict=True)
    )
    return Box(top, left, top + side[0], left + side[1])


def _side(bounds: Box, size: Size, network: Size) -> Size:
    """Height and width of the smallest part that holds bounds and their margin."""
    around = _grown(bounds, LOOKS.margin, size, LOOKS.margin_px).size
    units = [side // _QUARTERS for side in network]
    count = max(_QUARTERS, *(-(-a // unit) for a, unit in zip(around, units, strict=True)))
    return min(size[0], units[0] * count), min(size[1], units[1] * count)


def _grown(box: Box, share: float, size: Size, least_px: int) -> Box:
    margin = [max(least_px, round(share * side)) for side in box.size]
    return Box(
        max(0, box.top - margin[0]),
        max(0, box.left - margin[1]),
        min(size[0], box.bottom + margin[0]),
        min(size[1], box.right + margin[1]),
    )


def _holds(outer: Box, box: Box) -> bool:
    return (
        outer.top <= box.top
        and outer.left <= box.left
        and outer.bottom >= box.bottom
        and outer.right >= box.right
    )


def reaches_out(alpha: FloatMap, part: Box, size: Size) -> bool:
    """Whether foreground goes on past the border of a part, alpha (h, w) being the part's."""
    edges = (
        (alpha[:2], part.top > 0),
        (alpha[-2:], part.bottom < size[0]),
        (alpha[:, :2], part.left > 0),
        (alpha[:, -2:], part.right < size[1]),
    )
    return any(inside and bool((edge > LOOKS.foreground).any()) for edge, inside in edges)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A part of a plate, as the network sees it."""

    place: Place
    view: PlateView
    features: Any
    depth_small: FloatMap


def view_of_part(view: PlateView, place: Place) -> PlateView:
    """What the maps of a part need of the plate."""
    box, network = place
    doubt = None
    if view.doubt is not None:
        doubt = cv2.resize(view.doubt, view.pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        doubt = cv2.resize(doubt[box.of], network[::-1], interpolation=cv2.INTER_AREA)
    pixels = np.ascontiguousarray(view.pixels[box.of])
    return PlateView(pixels, resized(pixels, network), view.depth[box.of], doubt)


class PartPicture:
    """A `Picture` that is a part of another one."""

    layout: Layout = "rgb"

    def __init__(self, picture: Picture, box: Box) -> None:
        self._pixels = picture.region(box)
        self._made: dict[Size, Pixels] = {}

    @property
    def device(self) -> str:
        return "cpu"

    @property
    def planes(self) -> tuple[Any, ...]:
        return (self._pixels,)

    @property
    def size(self) -> Size:
        return self._pixels.shape[0], self._pixels.shape[1]

    def rgb(self, size: Size | None = None) -> Pixels:
        if size is None or size == self.size:
            return self._pixels
        if size not in self._made:
            self._made[size] = resized(self._pixels, size)
        return self._made[size]

    def region(self, box: Box) -> Pixels:
        return self._pixels[box.of]


class RegionMaps:
    """A `MapMaker` of a frame whose foreground all lies in one part."""

    def __init__(
        self, frame: Frame, part: Box, maker: FrameMaps, near: FloatMap, view: PlateView
    ) -> None:
        """
        Args:
            maker: of the part, as if it were the frame.
            near: inverse depth of the foreground, in the part, at the network's size.
            view: of the whole plate.
        """
        self.size, self.plate = frame.size, view.pixels
        self._part, self._maker, self._near, self._view = part, maker, near, view
        self.boxes = tuple(_moved(box, part.top, part.left) for box in maker.boxes)

    def alpha(self, box: Box) -> FloatMap:
        if box in self.boxes:
            return self._maker.alpha(box.inside(self._part))
        alpha = np.zeros(box.size, np.float32)
        if (both := common(box, self._part)) is not None:
            alpha[both.inside(box).of] = self._maker.alpha(both.inside(self._part))
        return alpha

    def alpha_at(self, size: Size) -> FloatMap:
        if size == self.size:
            return self.alpha(whole(size))
        return onto_whole(self._maker.alpha_at(self._near.shape), self._part, self.size, size)

    def inverse_depth(self, box: Box) -> FloatMap:
        depth: FloatMap = self._view.depth[box.of].copy()
        if (both := common(box, self._part)) is not None:
            depth[both.inside(box).of] = self._maker.inverse_depth(both.inside(self._part))
        return depth

    def inverse_depth_at(self, size: Size) -> FloatMap:
        if size == self.size:
            return self.inverse_depth(whole(size))
        near = onto_whole(self._near, self._part, self.size, size, border=cv2.BORDER_REPLICATE)
        return anchored(self.alpha_at(size), self._view.depth_at(size), near)

    def plate_offset(self) -> FloatMap | None:
        offset = self._maker.plate_offset()
        if offset is None:
            return None
        return onto_whole(offset, self._part, self.size, self._view.small.shape[:2])


def onto_whole(
    values: FloatMap, part: Box, frame: Size, size: Size, border: int = cv2.BORDER_CONSTANT
) -> FloatMap:
    """A part's map where it lies on the whole `frame`, at the `size` that is asked for."""
    down, across = size[0] / frame[0], size[1] / frame[1]
    near_size = max(1, round(part.size[0] * down)), max(1, round(part.size[1] * across))
    if near_size[0] < values.shape[0] or near_size[1] < values.shape[1]:
        values = cv2.resize(values, near_size[::-1], interpolation=cv2.INTER_AREA)
    placed: FloatMap = cv2.warpAffine(
        values, _lies(values.shape, part, (down, across)), size[::-1], flags=cv2.INTER_LINEAR,
        borderMode=border,
    )  # fmt: skip
    return placed


def out_of_whole(values: FloatMap, place: Place, frame: Size) -> FloatMap:
    """The part of a map of the whole `frame`, at the network's size there."""
    down, across = values.shape[0] / frame[0], values.shape[1] / frame[1]
    part: FloatMap = cv2.warpAffine(
        values,
        _lies(place.network, place.box, (down, across)),
        place.network[::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return part


def _lies(part_size: tuple[int, ...], part: Box, scale: tuple[float, float]) -> Any:
    """2x3, takes (x, y, 1) of a part's map to a map that is `scale` times the frame.

    Half-pixel centres: i + .5 of the part's map lies at (i + .5) * step + start - .5.
    """
    steps = [side * s / n for side, s, n in zip(part.size, scale, part_size, strict=False)]
    starts = part.top * scale[0], part.left * scale[1]
    y, x = (step / 2 + start - 0.5 for step, start in zip(steps, starts, strict=True))
    return np.array([[steps[1], 0, x], [0, steps[0], y]])


def common(one: Box, other: Box) -> Box | None:
    """What two boxes share; None where that is nothing."""
    both = Box(
        max(one.top, other.top),
        max(one.left, other.left),
        min(one.bottom, other.bottom),
        min(one.right, other.right),
    )
    return both if both.top < both.bottom and both.left < both.right else None


def _moved(box: Box, down: int, right: int) -> Box:
    return Box(box.top + down, box.left + right, box.bottom + down, box.right + right)
