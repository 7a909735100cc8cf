"""Pictures with more than 8 bits a channel, as 16-bit RGB. Knows nothing about files or streams.

Layers for editors keep them; the network, plates and views have 8 bits.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from edgeds.sources.scaling import FAST_SWSCALE_FLAGS, swscale_colour
from edgeds.sources.tone_map import HDR_NAMES, deep_sdr_from_hdr
from edgeds.sources.yuv_planes import to_rgb
from edgeds.types import ColourTags, DeepPixels

if TYPE_CHECKING:
    import av

_PLANAR = re.compile(r"yuva?(420|422|440|444)p(9|10|12|14|16)le")
# Values in the upper bits, U and V in turn in one plane.
_SEMI_PLANAR = re.compile(r"p[02]1[026]le")
_OF_LEVELS = 257
"""Code values of 16 bits for each level of 8."""


def bits_of(video: av.VideoFrame) -> int:
    """Bits of a colour channel."""
    return max((part.bits for part in video.format.components), default=8)


def deep_rgb(video: av.VideoFrame, colour: ColourTags) -> DeepPixels:
    """uint16 RGB (H, W, 3) of full range, not turned; HDR as SDR."""
    name = video.format.name
    if _PLANAR.fullmatch(name) or _SEMI_PLANAR.fullmatch(name):
        made = _from_planes(video, colour)
    else:
        made = deep_by_swscale(video, colour)
    return deep_sdr_from_hdr(made, colour.transfer) if colour.transfer in HDR_NAMES else made


def yuv_from_deep(pixels: DeepPixels, colour: ColourTags, bits: int) -> DeepPixels:
    """Y, U and V (H, W, 3) in codes of so many bits, of what `deep_rgb` makes."""
    import cv2

    codes: DeepPixels = cv2.transform(pixels, np.linalg.inv(_square(colour, bits))[:3])
    return np.asarray(np.minimum(codes, 2**bits - 1, out=codes), np.uint16)


def _from_planes(video: av.VideoFrame, colour: ColourTags) -> DeepPixels:
    """Every sum is rounded once."""
    import cv2

    planes = _planes(video)
    size = planes[0].shape
    whole = cv2.merge([planes[0], *(_at_size(plane, size) for plane in planes[1:])])
    pixels: DeepPixels = cv2.transform(whole, _square(colour, bits_of(video))[:3])
    return pixels


def _square(colour: ColourTags, bits: int) -> npt.NDArray[np.float64]:
    """(4, 4): takes (Y, U, V, 1) in codes of so many bits to 16-bit (R, G, B, 1)."""
    finer = 2 ** (bits - 8)
    levels_per_code = 255 / (2**bits - 1) if colour.full_range else 1 / finer
    black, grey = 0 if colour.full_range else 16 * finer, 128 * finer
    made = np.eye(4)
    made[:3, :3] = to_rgb(colour)[:, :3].astype(np.float64) * levels_per_code * _OF_LEVELS
    made[:3, 3] = -made[:3, :3] @ (black, grey, grey)
    return made


def _planes(video: av.VideoFrame) -> list[npt.NDArray[np.uint16]]:
    """Y, U and V in codes."""
    if not _SEMI_PLANAR.fullmatch(video.format.name):
        return [_rows(video, index)[:, : video.planes[index].width] for index in range(3)]
    # Not by swscale: its threads left wrong chroma in 65 of 300 pictures of 1928x1088.
    luma, chroma = _rows(video, 0)[:, : video.width], _rows(video, 1)
    wide, low = 2 * video.planes[1].width, np.uint16(16 - bits_of(video))
    return [luma >> low, chroma[:, 0:wide:2] >> low, chroma[:, 1:wide:2] >> low]


def _rows(video: av.VideoFrame, index: int) -> npt.NDArray[np.uint16]:
    plane = video.planes[index]
    rows = np.frombuffer(memoryview(plane), np.uint16)
    shown: npt.NDArray[np.uint16] = rows.reshape(plane.height, plane.line_size // 2)
    return shown


def _at_size(chroma: npt.NDArray[np.uint16], size: tuple[int, ...]) -> npt.NDArray[Any]:
    """Chroma at luma's size: it sits on every other column, between rows (MPEG-2)."""
    import cv2

    tall, wide = (-(-side // have) for side, have in zip(size, chroma.shape, strict=True))
    if (tall, wide) == (1, 1):
        return chroma
    there = np.array([[1 / wide, 0, 0], [0, 1 / tall, 0 if tall == 1 else -0.25]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    full: npt.NDArray[Any] = cv2.warpAffine(
        chroma, there, (size[1], size[0]), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return full


def deep_by_swscale(video: av.VideoFrame, colour: ColourTags) -> DeepPixels:
    """uint16 RGB (H, W, 3) of any format, of full range, not turned; HDR stays HDR."""
    matrix, colour_range = swscale_colour(colour)
    rgb = video.to_ndarray(
        format="rgb48le",
        src_colorspace=matrix,
        src_color_range=colour_range,
        dst_color_range=2,
        # With the exact flags swscale loses green in 16 bits: (168, 60, 29) becomes (167, 0, 101).
        interpolation=FAST_SWSCALE_FLAGS,
    )
    return cast(DeepPixels, rgb.astype(np.uint16, copy=False))
