"""The borders in all boxes of a frame, drawn again by `border_drawn_again`.

In large frames at a smaller size, and of all boxes at once: a box takes .6 ms beside the 1.5 us of
each of its squares. Knows no networks.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.border_drawn_again import colours_in, drawn_again
from edgeds.estimate.grid import affine_between
from edgeds.estimate.matte_refinement import Refined
from edgeds.estimate.settings import Matte
from edgeds.estimate.side_by_side import Places, shelves
from edgeds.sources.scaling import resized
from edgeds.types import Box, FloatMap, Frame, Pixels, Size, whole

_Values = npt.NDArray[Any]

_GAP_PX = 4
"""So far around each box, its outermost pixels go on."""
_NOTHING = 0.03
"""Alpha around that: neither open nor sure, so that it counts nowhere."""


class Piece(NamedTuple):
    """A box with a border."""

    box: Box
    window: Box
    """Around it, on the frame: where that is `refined`."""
    refined: Refined

    def part(self, step: int) -> Box:
        """What is drawn: the box up to multiples of a step, so that what stands still lies in the
        same squares in each frame.
        """
        top, left = (side // step * step for side in self.box[:2])
        bottom, right = (-(-side // step) * step for side in self.box[2:])
        part = Box(top, left, bottom, right).overlap(self.window)
        assert part is not None
        return part


class Prepared(NamedTuple):
    """What `drawn_again` takes."""

    alpha: FloatMap
    colours: FloatMap
    behind: FloatMap
    bounds: FloatMap
    finer: FloatMap


_SCALES = (1, 1, 1, 0.5, 2)
"""Sizes of the maps of a `Prepared` over those of alpha."""


def boxes_drawn_again(
    pieces: list[Piece], frame: Frame, plate: Pixels, settings: Matte
) -> list[FloatMap]:
    """Alpha of each box; see `Matte.again`."""
    if settings.again == 1:
        return [_at_full_size(piece, frame, plate, settings) for piece in pieces]
    times = settings.again or 1
    parts = [piece.part(2 * times) for piece in pieces]
    small = [
        _prepared(piece, part, times, frame, plate)
        for piece, part in zip(pieces, parts, strict=True)
    ]
    places, size = shelves([one.alpha.shape for one in small], _GAP_PX)
    alpha, colours, behind, bounds, finer = (
        _together(values, places, size, scale)
        for values, scale in zip(zip(*small, strict=True), _SCALES, strict=True)
    )
    drawn = drawn_again(alpha, colours, behind, bounds, finer, settings=settings)
    made: list[FloatMap] = []
    for piece, part, one, (top, left) in zip(pieces, parts, small, places, strict=True):
        height, width = one.finer.shape
        own = drawn[2 * top : 2 * top + height, 2 * left : 2 * left + width]
        if own.shape != part.size:
            before = piece.refined.alpha[part.inside(piece.window).of]
            own = np.clip(before + resized(own - one.finer, part.size), 0, 1)
        made.append(own[piece.box.inside(part).of].copy())
    return made


def _at_full_size(piece: Piece, frame: Frame, plate: Pixels, settings: Matte) -> FloatMap:
    box, window, refined = piece
    part, offset = box.inside(window), refined.plate_offset
    assert refined.bounds is not None
    if offset is not None:
        offset = resized(offset, window.size)[part.of]
    squares = -(-box.size[0] // 2), -(-box.size[1] // 2)
    bounds = _part_of(refined.bounds, window.size, part, squares)
    colours = colours_in(box, frame, plate, offset)
    return drawn_again(refined.alpha[part.of], *colours, bounds, settings=settings)


def _prepared(piece: Piece, part: Box, times: int, frame: Frame, plate: Pixels) -> Prepared:
    """The maps of a part of the frame, `times` smaller, and alpha half as much."""
    _, window, refined = piece
    inside, offset = part.inside(window), refined.plate_offset
    assert refined.bounds is not None
    height, width = (-(-side // (2 * times)) for side in part.size)
    small, double = (2 * height, 2 * width), (4 * height, 4 * width)
    if offset is not None:
        offset = _part_of(offset, window.size, inside, small)
    finer = resized(refined.alpha[inside.of], double)
    return Prepared(
        resized(finer, small),
        *colours_in(part, frame, plate, offset, small),
        _part_of(refined.bounds, window.size, inside, (height, width)),
        finer,
    )


def _part_of(values: FloatMap, window: Size, part: Box, size: Size) -> FloatMap:
    """What of a map (h, w, c) of a window on the frame lies in a part of it, at a size."""
    matrix = affine_between(size, part, values.shape[:2], whole(window))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    there: FloatMap = cv2.warpAffine(
        values, matrix, size[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return there


def _together(values: tuple[_Values, ...], places: Places, size: Size, scale: float) -> _Values:
    """Maps of boxes on one. `places` and `size` are those of maps `scale` times smaller."""
    height, width, gap = (int(side * scale) for side in (*size, _GAP_PX))
    fill = _NOTHING if values[0].ndim == 2 else 0
    all_of_them = np.full((height, width, *values[0].shape[2:]), fill, np.float32)
    for one, place in zip(values, places, strict=True):
        top, left = (int(side * scale) - gap for side in place)
        bottom, right = top + one.shape[0] + 2 * gap, left + one.shape[1] + 2 * gap
        into = all_of_them[top:bottom, left:right]
        cv2.copyMakeBorder(one, gap, gap, gap, gap, cv2.BORDER_REPLICATE, dst=into)
    return all_of_them
