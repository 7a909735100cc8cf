"""Alpha and inverse depth of a frame, for the part and at the size that a caller asks for.

Knows nothing about how they are made.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np

from edgeds.types.arrays import Box, FloatMap, Pixels, Size, whole
from edgeds.types.picture import resized

_MARGIN_PX = 2
"""Around the foreground, with a part of the frame's size: room for its outline."""


Parts: TypeAlias = tuple[tuple[Box, FloatMap], ...]
"""Boxes and what is in them."""


class MapMaker(Protocol):
    """Makes the maps of one frame. Any thread may ask for each of them, more than once."""

    @property
    def size(self) -> Size: ...

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Disjoint parts of the frame that hold its foreground; alpha is 0 outside them all."""
        ...

    @property
    def plate(self) -> Pixels | None: ...

    def alpha(self, box: Box) -> FloatMap: ...

    def alpha_at(self, size: Size) -> FloatMap: ...

    def inverse_depth(self, box: Box) -> FloatMap: ...

    def inverse_depth_at(self, size: Size) -> FloatMap: ...

    def depth_parts_at(self, size: Size) -> tuple[FloatMap, Parts]: ...

    def plate_offset(self) -> FloatMap | None: ...

    def plate_offset_in(self, box: Box) -> FloatMap | None: ...


class Maps:
    """Alpha and inverse depth of a frame.

    `alpha` and `inverse_depth` are at the frame's size. If less is enough, ask for less: the
    parts in `boxes`, or another size. Nothing else is computed then.
    """

    __slots__ = ("_alpha", "_inverse_depth", "_maker", "_offset")

    def __init__(
        self,
        alpha: FloatMap,
        inverse_depth: FloatMap,
        plate_offset: FloatMap | None = None,
        plate: Pixels | None = None,
    ) -> None:
        """Maps that are there: both (H, W), and what the properties of these names say."""
        self._maker: MapMaker = _Given(alpha, inverse_depth, plate_offset, plate)
        self._alpha: FloatMap | None = alpha
        self._inverse_depth: FloatMap | None = inverse_depth
        self._offset: tuple[FloatMap | None] | None = (plate_offset,)

    @classmethod
    def on_demand(cls, maker: MapMaker) -> Maps:
        """Maps that are made when a caller asks for them."""
        maps = cls.__new__(cls)
        maps._maker = maker
        maps._alpha = maps._inverse_depth = maps._offset = None
        return maps

    def __reduce__(self) -> tuple[type[Maps], tuple[object, ...]]:
        """As a copy or for another process: the maps that are there, at the frame's size."""
        return Maps, (self.alpha, self.inverse_depth, self.plate_offset, self.plate)

    @property
    def alpha(self) -> FloatMap:
        """float32 (H, W), 0 background .. 1 foreground."""
        if self._alpha is None:
            self._alpha = self._maker.alpha(whole(self.size))
        return self._alpha

    def with_alpha(self, alphas: dict[Box, FloatMap]) -> Maps:
        """Maps with other alpha, one array for each of `boxes`; all else is as here."""
        return Maps.on_demand(_WithAlpha(self, alphas))

    @property
    def inverse_depth(self) -> FloatMap:
        """float32 (H, W), relative, larger is nearer; one scale for all frames of one plate."""
        if self._inverse_depth is None:
            self._inverse_depth = self._maker.inverse_depth(whole(self.size))
        return self._inverse_depth

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Disjoint parts of the frame that hold its foreground; alpha is 0 outside them all."""
        return self._maker.boxes

    def alpha_in(self, box: Box) -> FloatMap:
        """A part of `alpha`."""
        return self._maker.alpha(box) if self._alpha is None else self._alpha[box.of]

    def inverse_depth_in(self, box: Box) -> FloatMap:
        """A part of `inverse_depth`."""
        known = self._inverse_depth
        return self._maker.inverse_depth(box) if known is None else known[box.of]

    def alpha_at(self, size: Size) -> FloatMap:
        """Alpha of the whole frame at another (height, width). An estimator's comes from the
        network's own map, without the border that full size draws.
        """
        return self._maker.alpha_at(size)

    def inverse_depth_at(self, size: Size) -> FloatMap:
        """Inverse depth of the whole frame at another (height, width), as `alpha_at`."""
        return self._maker.inverse_depth_at(size)

    def depth_parts_at(self, size: Size) -> tuple[FloatMap, Parts]:
        """Inverse depth of the background at a (height, width), and that of the frame in the boxes
        where it may differ. The first is the same array as long as the background stays the same.
        """
        return self._maker.depth_parts_at(size)

    @property
    def plate_offset(self) -> FloatMap | None:
        """How much brighter the background nearby is than the plate: float32 (h, w, 3) in levels
        of 255, at any size. The exposure changed since; un-mixing takes it into account.
        """
        if self._offset is None:
            self._offset = (self._maker.plate_offset(),)
        return self._offset[0]

    def plate_offset_in(self, box: Box) -> FloatMap | None:
        """`plate_offset` of a part of the frame, at any size."""
        return self._maker.plate_offset_in(box)

    @property
    def plate(self) -> Pixels | None:
        """The plate they were made with, where it may be corrected while a run goes on."""
        return self._maker.plate

    @property
    def size(self) -> Size:
        """(height, width) in pixels: the frame's."""
        return self._maker.size


class _Given:
    """The maker of maps that are there."""

    def __init__(
        self,
        alpha: FloatMap,
        inverse_depth: FloatMap,
        plate_offset: FloatMap | None,
        plate: Pixels | None,
    ) -> None:
        self._alpha, self._inverse_depth, self._offset = alpha, inverse_depth, plate_offset
        self.plate = plate

    @property
    def size(self) -> Size:
        return self._alpha.shape[0], self._alpha.shape[1]

    @property
    def boxes(self) -> tuple[Box, ...]:
        import cv2

        left, top, wide, high = cv2.boundingRect((self._alpha > 0).view(np.uint8))
        if not wide:
            return ()
        height, width = self.size
        margin = _MARGIN_PX + max(height, width) // 180
        # From even pixels to even ones, as planes of 4:2:0 are cut.
        first = max(0, top - margin) & ~1, max(0, left - margin) & ~1
        last = (top + high + margin + 1) & ~1, (left + wide + margin + 1) & ~1
        return (Box(*first, min(last[0], height), min(last[1], width)),)

    def alpha(self, box: Box) -> FloatMap:
        return self._alpha[box.of]

    def inverse_depth(self, box: Box) -> FloatMap:
        return self._inverse_depth[box.of]

    def alpha_at(self, size: Size) -> FloatMap:
        return resized_map(self._alpha, size)

    def inverse_depth_at(self, size: Size) -> FloatMap:
        return resized_map(self._inverse_depth, size)

    def depth_parts_at(self, size: Size) -> tuple[FloatMap, Parts]:
        return self.inverse_depth_at(size), ()

    def plate_offset(self) -> FloatMap | None:
        return self._offset

    def plate_offset_in(self, box: Box) -> FloatMap | None:
        return None if self._offset is None else resized_map(self._offset, self.size)[box.of]


class _WithAlpha:
    """The maker of maps that are there, with other alpha in their boxes."""

    def __init__(self, maps: Maps, alphas: dict[Box, FloatMap]) -> None:
        self._maps, self._alphas = maps, alphas
        self.size: Size = maps.size
        self.boxes = maps.boxes
        self.plate = maps.plate

    def alpha(self, box: Box) -> FloatMap:
        if box in self._alphas:
            return self._alphas[box]
        part = np.zeros(box.size, np.float32)
        for own, alpha in self._alphas.items():
            if (both := box.overlap(own)) is not None:
                part[both.inside(box).of] = alpha[both.inside(own).of]
        return part

    def alpha_at(self, size: Size) -> FloatMap:
        if size == self.size:
            return self.alpha(whole(size))
        return resized_map(self.alpha(whole(self.size)), size)

    def inverse_depth(self, box: Box) -> FloatMap:
        return self._maps.inverse_depth_in(box)

    def inverse_depth_at(self, size: Size) -> FloatMap:
        return self._maps.inverse_depth_at(size)

    def depth_parts_at(self, size: Size) -> tuple[FloatMap, Parts]:
        return self._maps.depth_parts_at(size)

    def plate_offset(self) -> FloatMap | None:
        return self._maps.plate_offset

    def plate_offset_in(self, box: Box) -> FloatMap | None:
        return self._maps.plate_offset_in(box)


def resized_map(values: FloatMap, size: Size) -> FloatMap:
    """A map at another (height, width), as `resized` makes pictures."""
    other: FloatMap = resized(values, size)
    return other
