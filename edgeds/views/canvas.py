"""The surface that a view draws on: a copy of the decoded frame, as RGB or as 4:2:0 planes.

A view gives boxes, colours and weights. All other pixels stay as they were, bit for bit.
Knows nothing about views.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from edgeds.sources.yuv_planes import Plane, YuvPicture, blank, from_rgb
from edgeds.types import Box, ColourTags, FloatMap, Frame, Picture, Pixels, RgbPicture

Colour: TypeAlias = tuple[int, int, int]
"""RGB, 0..255."""

WHITE: Colour = (255, 255, 255)

_Values = TypeVar("_Values", FloatMap, Plane)


class Canvas(Protocol):
    """Boxes lie inside the picture, and begin and end at even pixels or at its border."""

    @property
    def picture(self) -> Picture:
        """The picture as drawn so far. Do not draw after it was handed on."""
        ...

    def mix(self, box: Box, colours: Colour | Pixels, weight: FloatMap) -> None:
        """Lay a colour, or RGB (h, w, 3), over a box: C = wF + (1 - w)B, w is (h, w)."""
        ...

    def lighten(self, box: Box, weight: FloatMap) -> None:
        """Lay white over a grey box, as `mix`."""
        ...

    def tint(self, box: Box, colour: Colour, weight: Plane) -> None:
        """As `mix`, with weights of 255: a level off, in half of the time."""
        ...

    def paste(self, box: Box, pixels: Pixels | Patch) -> None:
        """Put RGB (h, w, 3) into a box."""
        ...


def canvas_of(frame: Frame) -> Canvas:
    """A canvas that shows the frame."""
    picture = frame.picture
    if isinstance(picture, YuvPicture):
        return PlanesCanvas(picture.editable())
    return RgbCanvas(frame.pixels.copy())


def filled(frame: Frame, colour: Colour) -> Canvas:
    """A canvas like the frame's, all of one colour."""
    picture = frame.picture
    if not isinstance(picture, YuvPicture):
        return RgbCanvas(np.full((*frame.size, 3), colour, np.uint8))
    empty = blank(picture.size, picture.colour)
    for plane, level in zip(empty.planes, _yuv(colour, picture.colour), strict=True):
        plane[...] = level
    return PlanesCanvas(empty)


class Ground:
    """A picture that many frames are drawn on: it is brought to their planes once."""

    def __init__(self) -> None:
        self._pixels: Pixels | None = None
        self._planes: YuvPicture | None = None

    def canvas(self, frame: Frame, pixels: Pixels) -> Canvas:
        """A canvas like the frame's that shows RGB (H, W, 3) of its size: the same array as long
        as it shows the same.
        """
        picture = frame.picture
        if not isinstance(picture, YuvPicture):
            return RgbCanvas(pixels.copy())
        ready = self._planes
        if pixels is not self._pixels or ready is None or ready.colour != picture.colour:
            ready = blank(picture.size, picture.colour)
            for plane, values in zip(ready.planes, _yuv(pixels, picture.colour), strict=True):
                plane[...] = values
            self._pixels, self._planes = pixels, ready
        return PlanesCanvas(ready.editable())


class Patch:
    """A picture that is pasted into many frames: it is brought to their planes once."""

    def __init__(self, pixels: Pixels) -> None:
        """`pixels` stay as they are."""
        self.pixels = pixels
        self._planes: dict[ColourTags, tuple[int | Plane, ...]] = {}

    def planes(self, tags: ColourTags) -> tuple[int | Plane, ...]:
        if tags not in self._planes:
            self._planes[tags] = _yuv(self.pixels, tags)
        return self._planes[tags]


class RgbCanvas:
    def __init__(self, pixels: Pixels) -> None:
        """`pixels` is drawn into."""
        self.picture = RgbPicture(pixels)
        self._pixels = pixels

    def mix(self, box: Box, colours: Colour | Pixels, weight: FloatMap) -> None:
        _mix(self._pixels[box.of], colours, weight, 1 - weight)

    def lighten(self, box: Box, weight: FloatMap) -> None:
        self.mix(box, WHITE, weight)

    def tint(self, box: Box, colour: Colour, weight: Plane) -> None:
        self.mix(box, colour, weight * np.float32(1 / 255))

    def paste(self, box: Box, pixels: Pixels | Patch) -> None:
        self._pixels[box.of] = pixels.pixels if isinstance(pixels, Patch) else pixels


class PlanesCanvas:
    """Colours are taken to Y, U and V; half the weights' size is for U and V."""

    def __init__(self, picture: YuvPicture) -> None:
        """`picture` is drawn into: an editable one."""
        self.picture = picture
        self._planes = picture.planes

    def mix(self, box: Box, colours: Colour | Pixels, weight: FloatMap) -> None:
        half = _halved(weight)
        full, quarter = (weight, 1 - weight), (half, 1 - half)
        yuv = _yuv(colours, self.picture.colour)
        for plane, part, colour, weights in zip(
            self._planes, _parts(box), yuv, (full, quarter, quarter), strict=True
        ):
            _mix(plane[part.of], colour, *weights)

    def lighten(self, box: Box, weight: FloatMap) -> None:
        white = _yuv_of_colour(WHITE, self.picture.colour)[0]  # U and V are the same of all greys
        _mix(self._planes[0][box.of], white, weight, 1 - weight)

    def tint(self, box: Box, colour: Colour, weight: Plane) -> None:
        half = _halved(weight)
        yuv = _yuv_of_colour(colour, self.picture.colour)
        for plane, part, level, weights in zip(
            self._planes, _parts(box), yuv, (weight, half, half), strict=True
        ):
            _tint(plane[part.of], level, weights)

    def paste(self, box: Box, pixels: Pixels | Patch) -> None:
        tags = self.picture.colour
        yuv = pixels.planes(tags) if isinstance(pixels, Patch) else _yuv(pixels, tags)
        for plane, part, values in zip(self._planes, _parts(box), yuv, strict=True):
            plane[part.of] = values


def _parts(box: Box) -> tuple[Box, Box, Box]:
    half = Box(box.top // 2, box.left // 2, (box.bottom + 1) // 2, (box.right + 1) // 2)
    return box, half, half


def _yuv(colours: Colour | Pixels, tags: ColourTags) -> tuple[int | Plane, ...]:
    """A colour's Y, U and V; or planes of a picture, U and V at half its size."""
    import cv2

    if isinstance(colours, tuple):
        return _yuv_of_colour(colours, tags)
    y, u, v = cv2.split(cv2.transform(colours, from_rgb(tags)))
    return y, _halved(u), _halved(v)


@lru_cache(maxsize=16)
def _yuv_of_colour(colour: Colour, tags: ColourTags) -> tuple[int, ...]:
    levels = from_rgb(tags) @ np.array([*colour, 1], np.float32)
    return tuple(int(level) for level in np.clip(levels + 0.5, 0, 255))


def _halved(values: _Values) -> _Values:
    """The mean of each four pixels, (H, W) with even sides."""
    import cv2

    height, width = values.shape
    half: _Values = cv2.resize(values, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return half


def _mix(part: npt.NDArray[np.uint8], colours: object, weight: FloatMap, rest: FloatMap) -> None:
    import cv2

    front = colours if isinstance(colours, np.ndarray) else np.full_like(part, colours)
    cv2.blendLinear(front, part, weight, rest, dst=part)


def _tint(part: Plane, level: int, weight: Plane) -> None:
    import cv2

    cv2.multiply(part, cv2.bitwise_not(weight), dst=part, scale=1 / 255)
    cv2.add(part, cv2.convertScaleAbs(weight, alpha=level / 255), dst=part)
