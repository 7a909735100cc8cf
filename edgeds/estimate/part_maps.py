"""Maps of a frame from a look at a part of it. Does not choose the part: `part_place` does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np

from edgeds.estimate.depth_fit import anchored
from edgeds.estimate.grid import affine_between
from edgeds.estimate.maps_on_demand import FrameMaps, PlateView, depth_with_parts
from edgeds.estimate.part_place import Place
from edgeds.sources.scaling import resized
from edgeds.types import Box, FloatMap, Frame, Indices, Pixels, Size, whole
from edgeds.types.maps import Parts
from edgeds.types.picture import Layout, Picture


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
        doubt = out_of_whole(view.doubt, place, view.pixels.shape[:2])
    pixels = view.pixels[box.of]
    return PlateView(pixels, resized(pixels, network), view.depth[box.of], doubt)


class PartPicture:
    """A `Picture` that is a part of another one."""

    layout: Layout = "rgb"

    def __init__(self, picture: Picture, box: Box) -> None:
        self._picture, self._box = picture, box
        self._made: dict[Size, Pixels] = {}

    @property
    def device(self) -> str:
        return "cpu"

    @property
    def planes(self) -> tuple[Any, ...]:
        return (self.rgb(),)

    @property
    def size(self) -> Size:
        return self._box.size

    def rgb(self, size: Size | None = None) -> Pixels:
        size = size or self.size
        if size not in self._made:
            self._made[size] = self._picture.region(self._box, size)
        return self._made[size]

    def region(self, box: Box, size: Size | None = None) -> Pixels:
        return self._picture.region(box.moved(self._box.top, self._box.left), size)

    def colours(self, rows: Indices, columns: Indices) -> Pixels:
        return self._picture.colours(
            rows + np.int32(self._box.top), columns + np.int32(self._box.left)
        )


class RegionMaps:
    """A `MapMaker` of a frame whose foreground all lies in one part."""

    def __init__(self, frame: Frame, part: Box, maker: FrameMaps, view: PlateView) -> None:
        """
        Args:
            maker: of the part, as if it were the frame.
            view: of the whole plate.
        """
        self.size, self.plate = frame.size, view.pixels
        self._part, self._maker, self._view = part, maker, view

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        part = self._part
        return tuple(box.moved(part.top, part.left) for box in self._maker.boxes)

    def alpha(self, box: Box) -> FloatMap:
        if box in self.boxes:
            return self._maker.alpha(box.inside(self._part))
        alpha = np.zeros(box.size, np.float32)
        if (both := box.overlap(self._part)) is not None:
            alpha[both.inside(box).of] = self._maker.alpha(both.inside(self._part))
        return alpha

    def alpha_at(self, size: Size) -> FloatMap:
        if size == self.size:
            return self.alpha(whole(size))
        return onto_whole(
            self._maker.alpha_at(self._maker.coarse_size), self._part, self.size, size
        )

    def inverse_depth(self, box: Box) -> FloatMap:
        depth: FloatMap = self._view.depth[box.of].copy()
        if (both := box.overlap(self._part)) is not None:
            depth[both.inside(box).of] = self._maker.inverse_depth(both.inside(self._part))
        return depth

    def inverse_depth_at(self, size: Size) -> FloatMap:
        if size == self.size:
            return self.inverse_depth(whole(size))
        return depth_with_parts(*self.depth_parts_at(size))

    def depth_parts_at(self, size: Size) -> tuple[FloatMap, Parts]:
        if size == self.size:
            return self._view.depth, tuple((box, self.inverse_depth(box)) for box in self.boxes)
        behind, maker, found = self._view.depth_at(size), self._maker, []
        if not self.boxes:
            return behind, ()
        near, alpha = (
            shrunk(values, self._part, self.size, size)
            for values in (maker.near, maker.alpha_at(maker.coarse_size))
        )
        for box in self.boxes:
            box = _covering(box, self.size, size)
            level = map_in_box(near, self._part, self.size, size, box, border=cv2.BORDER_REPLICATE)
            shown = map_in_box(alpha, self._part, self.size, size, box)
            found.append((box, anchored(shown, behind[box.of], level)))
        return behind, tuple(found)

    def plate_offset(self) -> FloatMap | None:
        offset = self._maker.plate_offset()
        if offset is None:
            return None
        return onto_whole(offset, self._part, self.size, self._view.small.shape[:2])

    def plate_offset_in(self, box: Box) -> FloatMap | None:
        both = box.overlap(self._part)
        part = None if both is None else self._maker.plate_offset_in(both.inside(self._part))
        if both is None or part is None or both == box:
            return part
        offset = np.zeros((*box.size, 3), np.float32)
        offset[both.inside(box).of] = part
        return offset


def onto_whole(
    values: FloatMap, part: Box, frame: Size, size: Size, border: int = cv2.BORDER_CONSTANT
) -> FloatMap:
    """A part's map where it lies on the whole `frame`, at the `size` that is asked for."""
    return map_in_box(shrunk(values, part, frame, size), part, frame, size, whole(size), border)


def shrunk(values: FloatMap, part: Box, frame: Size, size: Size) -> FloatMap:
    """A part's map, less than twice as large as it is on the whole `frame` at a size.

    `map_in_box` reads its pixels two by two. Averaging uneven areas takes .1 ms a map.
    """
    near_size = tuple(
        max(1, round(length * short / full))
        for length, short, full in zip(part.size, size, frame, strict=True)
    )
    if 2 * near_size[0] <= values.shape[0] or 2 * near_size[1] <= values.shape[1]:
        values = cv2.resize(values, near_size[::-1], interpolation=cv2.INTER_AREA)
    return values


def map_in_box(
    values: FloatMap, part: Box, frame: Size, size: Size, box: Box,
    border: int = cv2.BORDER_CONSTANT,
) -> FloatMap:  # fmt: skip
    """A `shrunk` map where it lies on the whole `frame` at a size: what is in a box there."""
    matrix = affine_between(values.shape[:2], part, size, whole(frame))
    matrix[:, 2] -= box.left, box.top
    warped: FloatMap = cv2.warpAffine(
        values, matrix, box.size[::-1], flags=cv2.INTER_LINEAR, borderMode=border
    )
    return warped


def _covering(part: Box, frame: Size, size: Size) -> Box:
    """The pixels at another size of the frame that a part touches, and one more on each side."""
    down, across = size[0] / frame[0], size[1] / frame[1]
    return Box(
        max(0, math.floor(part.top * down) - 1),
        max(0, math.floor(part.left * across) - 1),
        min(size[0], math.ceil(part.bottom * down) + 1),
        min(size[1], math.ceil(part.right * across) + 1),
    )


def out_of_whole(values: FloatMap, place: Place, frame: Size) -> FloatMap:
    """The part of a map of the whole `frame`, at the network's size there."""
    part: FloatMap = cv2.warpAffine(
        values,
        affine_between(place.network, place.box, values.shape[:2], whole(frame)),
        place.network[::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return part
