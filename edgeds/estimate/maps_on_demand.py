"""Maps of one frame, computed only for the parts and sizes that a caller asks for.

The network's answer is kept at its own size. The border is drawn, and depth enlarged, only inside
the boxes of the foreground. Each window on the frame is cut where the pixels of both sizes meet,
so that a part has the same values as the whole. Knows nothing about networks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np

from edgeds.estimate.border_of_boxes import Piece, boxes_drawn_again
from edgeds.estimate.depth_fit import anchored, spread_foreground, spread_side
from edgeds.estimate.foreground_boxes import A_BOX_COSTS_PX, boxes_of
from edgeds.estimate.grid import Grid
from edgeds.estimate.matte_refinement import Window, lifted, refined_in
from edgeds.estimate.settings import Matte
from edgeds.types import Box, FloatMap, Frame, Pixels, Size, whole
from edgeds.types.maps import Parts, resized_map

ALPHA_ZERO = 1 / 510
"""Less is 0 in 8 bits."""
ALPHA_SEEN = 0.02
"""Alpha is 0 unless some is over this nearby: a frame that was its own plate had up to .013, over
`ALPHA_ZERO` in 31 of 150 pictures of the training split.
"""
SEEN_SIDE = 9
"""Side of the square, on the network's map, that is nearby."""
_BORDER_PX = 2
"""How far an open border reaches when it is enlarged, in pixels of the network's map."""
_AROUND_PX = 5
"""Beside it, what the border is judged by: see `refined`."""


@dataclass(frozen=True, slots=True, eq=False)
class PlateView:
    """What the maps of a frame need of its plate."""

    pixels: Pixels
    small: Pixels
    """At the network's size, as are all that are called small."""
    depth: FloatMap
    doubt: FloatMap | None = None
    depths: dict[Size, FloatMap] = field(default_factory=dict)
    """The depth at other sizes, as far as they were asked for. Goes with `depth`."""

    def depth_at(self, size: Size) -> FloatMap:
        if size not in self.depths:
            self.depths[size] = resized_map(self.depth, size)
        depth: FloatMap = self.depths[size]
        return depth


def depth_with_parts(behind: FloatMap, parts: Parts) -> FloatMap:
    """One map (h, w) of a background and the parts on it: `depth_parts_at` put together."""
    depth: FloatMap = behind.copy()
    for box, part in parts:
        depth[box.of] = part
    return depth


class FrameMaps:
    """A `MapMaker`. It holds the frame as long as it lives. All is made by the thread that asks:
    the one that estimates has most to do.
    """

    def __init__(
        self,
        frame: Frame,
        small: Pixels,
        plate: PlateView,
        *,
        alpha: FloatMap,
        near: FloatMap,
        matte: Matte,
    ) -> None:
        """
        Args:
            small: the frame at the network's size.
            alpha: the network's, (h, w).
            near: inverse depth of the foreground in the plate's units, (h, w), not yet carried
                over its border.
        """
        self.size = frame.size
        self.plate = plate.pixels
        self._frame, self._small, self._view = frame, small, plate
        self._raw, self._near_inside = without_faint(alpha), near
        self.coarse_size: Size = (alpha.shape[0], alpha.shape[1])
        self._matte = matte.for_sizes(frame.size, self.coarse_size)
        self._grid = Grid(self.coarse_size, frame.size)
        self._drawn: dict[Box, FloatMap] = {}
        self._offsets: dict[Box, FloatMap | None] = {}

    @cached_property
    def near(self) -> FloatMap:
        """Inverse depth of the foreground, (h, w), carried over its border in the boxes."""
        if not self._inner:
            return self._near_inside
        side = spread_side(self.coarse_size)
        low, high = zip(*((box[:2], box[2:]) for box in self._inner), strict=True)
        reach = side // 2 + 1  # windows, and pixels beside the boxes that scaling reads
        top, left = (max(0, min(at) - reach) for at in zip(*low, strict=True))
        bottom, right = (max(at) + reach for at in zip(*high, strict=True))
        part = Box(top, left, bottom, right).of
        near: FloatMap = self._near_inside.copy()
        near[part] = spread_foreground(near[part], self._raw[part], side=side)
        return near

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        return tuple(self._grid.outer(box) for box in self._inner)

    @cached_property
    def _inner(self) -> tuple[Box, ...]:
        """The boxes on the network's map."""
        return boxes_of(
            self._raw > ALPHA_ZERO,
            _BORDER_PX,
            apart_px=2 * _AROUND_PX,
            box_cost=A_BOX_COSTS_PX / (self.size[0] * self.size[1]),
        )

    @cached_property
    def _coarse(self) -> FloatMap:
        return np.asarray(lifted(self._raw, self._matte) * (self._raw > ALPHA_ZERO))

    def alpha(self, box: Box) -> FloatMap:
        if box in self.boxes:
            return self._alpha_of(self.boxes.index(box))
        part = np.zeros(box.size, np.float32)
        for number, inner in enumerate(self.boxes):
            if (both := box.overlap(inner)) is not None:
                part[both.inside(box).of] = self._alpha_of(number)[both.inside(inner).of]
        return part

    def alpha_at(self, size: Size) -> FloatMap:
        return self.alpha(whole(size)) if size == self.size else resized_map(self._coarse, size)

    def inverse_depth(self, box: Box) -> FloatMap:
        part: FloatMap = self._view.depth[box.of].copy()
        for number, inner in enumerate(self.boxes):
            if (both := box.overlap(inner)) is not None:
                coarse, window = self._grid.window(self._inner[number], 1)
                near = resized_map(self.near[coarse.of], window.size)[both.inside(window).of]
                alpha = self._alpha_of(number)[both.inside(inner).of]
                part[both.inside(box).of] = anchored(alpha, self._view.depth[both.of], near)
        return part

    def inverse_depth_at(self, size: Size) -> FloatMap:
        if size == self.size:
            return self.inverse_depth(whole(size))
        return depth_with_parts(*self.depth_parts_at(size))

    def depth_parts_at(self, size: Size) -> tuple[FloatMap, Parts]:
        if size == self.size:
            parts = tuple((box, self.inverse_depth(box)) for box in self.boxes)
            return self._view.depth, parts
        behind, grid = self._view.depth_at(size), Grid(self._grid.coarse, size)
        found = []
        for inner in self._inner:
            box, (coarse, window) = grid.outer(inner), grid.window(inner, 1)
            near, alpha = (
                resized_map(values[coarse.of], window.size)[box.inside(window).of]
                for values in (self.near, self._coarse)
            )
            found.append((box, anchored(alpha, behind[box.of], near)))
        return behind, tuple(found)

    def plate_offset(self) -> FloatMap | None:
        found: FloatMap | None = None
        for number, inner in enumerate(self._inner):
            self._alpha_of(number)
            offset = self._offsets[inner]
            if offset is not None:
                if found is None:
                    found = np.zeros((*self._raw.shape, 3), np.float32)
                coarse, _ = self._grid.window(inner, _AROUND_PX)
                found[inner.of] = offset[inner.inside(coarse).of]
        return found

    def plate_offset_in(self, box: Box) -> FloatMap | None:
        found: FloatMap | None = None
        for number, (inner, outer) in enumerate(zip(self._inner, self.boxes, strict=True)):
            both = box.overlap(outer)
            if both is None:
                continue
            self._alpha_of(number)
            offset = self._offsets[inner]
            if offset is not None:
                _, window = self._grid.window(inner, _AROUND_PX)
                part = resized_map(offset, window.size)[both.inside(window).of]
                if both == box:
                    return part
                if found is None:
                    found = np.zeros((*box.size, 3), np.float32)
                found[both.inside(box).of] = part
        return found

    def _alpha_of(self, number: int) -> FloatMap:
        """Alpha in one of `boxes`, its border drawn."""
        if not self._drawn:
            self._draw()
        return self._drawn[self.boxes[number]]

    def _draw(self) -> None:
        """All boxes at once, which takes little longer than one."""
        windows = [Window(*self._grid.window(inner, _AROUND_PX)) for inner in self._inner]
        small = self._small, self._view.small
        found = refined_in(
            windows, self._raw, self._frame.colours, self.plate, small=small,
            doubt=self._view.doubt, settings=self._matte,
        )  # fmt: skip
        pieces = [
            Piece(box, window.full, drawn)
            for box, window, drawn in zip(self.boxes, windows, found, strict=True)
        ]
        alphas = [piece.refined.alpha[piece.box.inside(piece.window).of] for piece in pieces]
        again = [at for at, one in enumerate(pieces) if one.refined.bounds is not None]
        if again and self._matte.again:
            bordered = [pieces[at] for at in again]
            drawn_again = boxes_drawn_again(bordered, self._frame, self.plate, self._matte)
            for at, alpha in zip(again, drawn_again, strict=True):
                alphas[at] = alpha
        for alpha in alphas:
            alpha.flags.writeable = False
        offsets = (piece.refined.plate_offset for piece in pieces)
        self._offsets = dict(zip(self._inner, offsets, strict=True))
        self._drawn = dict(zip(self.boxes, alphas, strict=True))  # last: other threads ask for it


def without_faint(alpha: FloatMap) -> FloatMap:
    """The network's alpha (h, w) without what is faint, and has nothing clearer nearby."""
    square = np.ones((SEEN_SIDE, SEEN_SIDE), np.uint8)
    near = cv2.dilate((alpha > ALPHA_SEEN).view(np.uint8), square)
    return np.asarray(alpha * near, np.float32)
