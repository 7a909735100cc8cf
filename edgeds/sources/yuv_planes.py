"""Pictures of video as their decoder left them: 4:2:0 planes on the CPU, RGB on demand.

Knows nothing about files or streams; `edgeds.sources.upright_picture` decides what is kept as
planes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from edgeds.sources.kept_memory import kept_memory
from edgeds.sources.process_memory import LARGE_BYTES
from edgeds.sources.scaling import (
    one_thread,
    read_at,
    resized,
    scale_without_gathers,
    swscale_colour,
)
from edgeds.types import Box, ColourTags, Indices, Layout, Pixels, Size, whole
from edgeds.types.picture import pixels_at

if TYPE_CHECKING:
    import av

Plane: TypeAlias = npt.NDArray[np.uint8]
"""uint8 (H, W)."""

# SWS_AREA | SWS_ACCURATE_RND. Against RGB of full size, area-averaged: .45 levels off in the mean,
# since planes are rounded, .03 too bright, and .25 where chroma shrinks by 2 (halves go up).
_AREA_FLAGS = 0x20 | 0x40000

_WIDE_PX = 128
"""Rows of a large picture's chroma begin at multiples of half of it, as codecs want them."""
_KR_KB = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
_KR_KB_601 = (0.299, 0.114)
"""Red's and blue's share of luma, by swscale's code of the matrix."""


class YuvPicture:
    """8 bits of Y, U and V, 4:2:0, with even sides. It keeps the decoder's own buffer alive."""

    layout: Layout = "yuv420p"
    device = "cpu"

    def __init__(self, video: av.VideoFrame, colour: ColourTags) -> None:
        """
        Args:
            video: of format yuv420p or yuvj420p, with even sides.
            colour: what its numbers mean.
        """
        self.video, self.colour = video, colour
        self.size: Size = (video.height, video.width)
        self.planes: tuple[Plane, ...] = tuple(_plane(video, i) for i in range(3))
        for plane in self.planes:
            plane.flags.writeable = False
        self._made: dict[Size, Pixels] = {}
        self._spare: list[av.VideoFrame] = []

    def __reduce__(self) -> tuple[Callable[..., YuvPicture], tuple[object, ...]]:
        """As a copy or for another process: its planes, of which PyAV's own cannot be pickled."""
        return _of_planes, (self.planes, self.colour)

    def rgb(self, size: Size | None = None) -> Pixels:
        size = size or self.size
        pixels = self._made.get(size)
        if pixels is None:
            pixels = self._smaller(size) if self._shrinks(size) else self._whole(size)
            pixels.flags.writeable = False
            self._made[size] = pixels
        return pixels

    def region(self, box: Box, size: Size | None = None) -> Pixels:
        made = self._made.get(self.size)
        if made is not None:
            return made[box.of] if size is None else resized(made[box.of], size)
        if size is None or size == box.size:
            return _rgb(self.planes, box, self.colour)
        if any(side % 2 for side in box):
            return resized(_rgb(self.planes, box, self.colour), size)
        return _scaled_rgb(self.planes, box, size, self.colour)

    def colours(self, rows: Indices, columns: Indices) -> Pixels:
        if self.size in self._made:
            return pixels_at(self._made[self.size], rows, columns)
        import cv2

        # Chroma of 4:2:0 sits on every other column, between rows (MPEG-2).
        x, y = columns.astype(np.float32) / 2, rows.astype(np.float32) / 2 - np.float32(0.25)
        u, v = (read_at(plane, x, y) for plane in self.planes[1:])
        luma = pixels_at(self.planes[0], rows, columns)
        yuv = cv2.merge([luma[None], u[None], v[None]])
        found: Pixels = cv2.transform(yuv, to_rgb(self.colour))[0]
        return found

    def for_encoder(self) -> av.VideoFrame:
        """A picture of its own for an encoder, which gives it a time: it says nothing but pixels.

        A decoder's would force its key frames and marks on the encoder.
        """
        try:
            return self._spare.pop()
        except IndexError:
            return self.editable().video

    def editable(self) -> YuvPicture:
        """A copy whose planes may be written into before it is handed on."""
        copy = blank(self.size, self.colour)
        for mine, its in zip(self.planes, copy.planes, strict=True):
            np.copyto(its, mine)
        return copy

    def _shrinks(self, size: Size) -> bool:
        return size != self.size and size[0] <= self.size[0] and size[1] <= self.size[1]

    def _whole(self, size: Size) -> Pixels:
        if size == self.size:
            return _rgb(self.planes, whole(size), self.colour)
        return resized(self.rgb(), size)

    def _smaller(self, size: Size) -> Pixels:
        """Planes are scaled, and only then converted: swscale would take twice as long for RGB."""
        import cv2

        matrix, colour_range = swscale_colour(self.colour)
        scaled = _scaler("whole").reformat(
            self.video,
            width=size[1],
            height=size[0],
            format="yuv444p",
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=colour_range,
            dst_color_range=colour_range,
            interpolation=_AREA_FLAGS,
            **one_thread(),
        )
        planes = cv2.merge([_plane(scaled, i) for i in range(3)])
        pixels: Pixels = cv2.transform(planes, to_rgb(self.colour))
        return pixels


def blank(size: Size, colour: ColourTags) -> YuvPicture:
    """A picture whose planes are to be written, all of them, before it is handed on."""
    import av

    height, width = size
    if width % _WIDE_PX or height * width * 3 // 2 < LARGE_BYTES:
        video = av.VideoFrame(width, height, "yuv420p")
    else:
        planes = kept_memory(height * width * 3 // 2).reshape(-1, width)
        video = av.VideoFrame.from_numpy_buffer(planes, format="yuv420p")
    picture = owned(video, colour)
    for plane in picture.planes:
        plane.flags.writeable = True
    return picture


def _of_planes(planes: tuple[Plane, ...], colour: ColourTags) -> YuvPicture:
    height, width = planes[0].shape
    picture = blank((height, width), colour)
    for plane, into in zip(planes, picture.planes, strict=True):
        np.copyto(into, plane)
        into.flags.writeable = False
    return picture


def owned(video: av.VideoFrame, colour: ColourTags) -> YuvPicture:
    """A picture of yuv420p that nobody else has: an encoder may take it as it is."""
    picture = YuvPicture(video, colour)
    picture._spare.append(video)
    return picture


def side_by_side(left: YuvPicture, right: YuvPicture) -> YuvPicture:
    """Two pictures of one size and colour as one."""
    height, width = left.size
    both = blank((height, 2 * width), left.colour)
    for into, *parts in zip(both.planes, left.planes, right.planes, strict=True):
        np.concatenate(parts, axis=1, out=into)
    return both


def _plane(video: av.VideoFrame, index: int) -> Plane:
    plane = video.planes[index]
    rows = np.frombuffer(memoryview(plane), np.uint8)
    shown: Plane = rows.reshape(plane.height, plane.line_size)[:, : plane.width]
    return shown


_of_thread = threading.local()


def _scaler(use: Literal["whole", "luma", "chroma"]) -> av.video.reformatter.VideoReformatter:
    """One for each thread and use: it keeps the tables of the last size."""
    from av.video.reformatter import VideoReformatter

    scalers: dict[str, VideoReformatter] = _of_thread.__dict__
    if use not in scalers:
        scale_without_gathers()
        scalers[use] = VideoReformatter()
    return scalers[use]


def _rgb(planes: tuple[Plane, ...], box: Box, colour: ColourTags) -> Pixels:
    """uint8 RGB of a box, every sum rounded once: within two levels of swscale's accurate path, in
    a quarter of its time.
    """
    import cv2

    height, width = planes[0].shape
    # Two pixels more on each side: chroma of the neighbours belongs to the interpolation.
    outer = Box(
        max(0, (box.top & ~1) - 2),
        max(0, (box.left & ~1) - 2),
        min(height, (box.bottom + 1 & ~1) + 2),
        min(width, (box.right + 1 & ~1) + 2),
    )
    half = Box(*(side // 2 for side in outer))
    u, v = (_at_full_size(plane[half.of]) for plane in planes[1:])
    pixels: Pixels = cv2.transform(cv2.merge([planes[0][outer.of], u, v]), to_rgb(colour))
    return pixels if outer == box else pixels[box.inside(outer).of]


def _scaled_rgb(planes: tuple[Plane, ...], box: Box, size: Size, colour: ColourTags) -> Pixels:
    """RGB of a box with even sides at another size: planes are scaled, and only then converted."""
    import cv2

    half = Box(*(side // 2 for side in box))
    luma = _scaled(planes[0][box.of], size, "luma")
    chroma = cv2.merge([_scaled(plane[half.of], size, "chroma") for plane in planes[1:]])
    # Scaling takes the middle of two columns for the place of chroma, which is the first one.
    share = size[1] / half.size[1] / 4
    to_the_right = np.array([[0, 1 - share, share]])
    chroma = cv2.filter2D(chroma, -1, to_the_right, borderType=cv2.BORDER_REPLICATE)
    pixels: Pixels = cv2.transform(cv2.merge([luma, chroma]), to_rgb(colour))
    return pixels


def _scaled(plane: Plane, size: Size, use: Literal["luma", "chroma"]) -> Plane:
    """A plane at another size, area-averaged along each side that gets smaller: in a third of
    OpenCV's time, and rounded evenly, which OpenCV's 8 bits are not.
    """
    import av

    if plane.shape == size:  # chroma at half the frame's size
        return plane
    picture = av.VideoFrame.from_numpy_buffer(plane, format="gray")
    scaled = _scaler(use).reformat(
        picture, width=size[1], height=size[0], interpolation=_AREA_FLAGS, **one_thread()
    )
    return _plane(scaled, 0)


def _at_full_size(chroma: Plane) -> Plane:
    """Chroma of 4:2:0 at twice the size: it sits on every other column, between rows (MPEG-2)."""
    import cv2

    twice = np.array([[0.5, 0, 0], [0, 0.5, -0.25]], np.float32)
    size = (2 * chroma.shape[1], 2 * chroma.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    full: Plane = cv2.warpAffine(chroma, twice, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return full


@lru_cache(maxsize=8)
def to_rgb(colour: ColourTags) -> npt.NDArray[np.float32]:
    """(3, 4): takes (Y, U, V, 1) in levels to (R, G, B), after ITU-R BT.601 and its kin."""
    matrix, _ = swscale_colour(colour)
    kr, kb = _KR_KB.get(matrix, _KR_KB_601)
    kg = 1 - kr - kb
    full = colour.full_range
    luma, chroma, black = (1.0, 1.0, 0) if full else (255 / 219, 255 / 224, 16)
    linear = np.array(
        [
            [luma, 0, 2 * (1 - kr) * chroma],
            [luma, -2 * kb * (1 - kb) / kg * chroma, -2 * kr * (1 - kr) / kg * chroma],
            [luma, 2 * (1 - kb) * chroma, 0],
        ]
    )
    shift = -linear @ np.array([black, 128, 128])
    return np.hstack([linear, shift[:, None]]).astype(np.float32)


@lru_cache(maxsize=8)
def from_rgb(colour: ColourTags) -> npt.NDArray[np.float32]:
    """(3, 4): takes (R, G, B, 1) in levels to (Y, U, V)."""
    there = to_rgb(colour).astype(np.float64)
    back = np.linalg.inv(there[:, :3])
    return np.hstack([back, -back @ there[:, 3:]]).astype(np.float32)
