"""A decoded picture, upright and of a wanted size: its planes where they fit, else RGB.

Knows nothing about files or streams.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from edgeds.sources.deep_colours import bits_of, deep_by_swscale, deep_rgb
from edgeds.sources.nvdec import ON_GPU, GpuPicture, why_not_on_gpu
from edgeds.sources.scaling import SWSCALE_FLAGS, resized, swscale_colour
from edgeds.sources.tone_map import HDR_NAMES, sdr_from_hdr
from edgeds.sources.yuv_planes import YuvPicture, blank
from edgeds.types import ColourTags, DeepPixels, Picture, Pixels, RgbPicture, Size

if TYPE_CHECKING:
    import av

_UNSAID = 2
_BT709, _BT601 = 1, 5
# From this many lines on players take untagged video as BT.709, as HDTV is.
_HD_LINES = 720
_PLANAR = frozenset({"yuv420p", "yuvj420p", "nv12"})


def upright_picture(
    frame: av.VideoFrame, tags: ColourTags | None = None, size: Size | None = None
) -> Picture:
    """What was decoded as it is, where it is 8-bit 4:2:0, SDR and of the wanted size with even
    sides; its planes are turned where the display matrix says so. Else RGB, as `upright_rgb` makes
    it. Read-only.
    """
    own = colour_of(frame, tags or ColourTags())
    fits = size in (None, shown_size(frame))
    if fits and (kept := _kept(frame, own)) is not None:
        orientation = _orientation(frame)
        if not any(orientation):
            return kept
        if isinstance(kept, YuvPicture):
            return _turned(kept, orientation)
    pixels = upright_rgb(frame, tags, size)
    pixels.flags.writeable = False
    deeper = partial(_upright_deep, frame, own, size) if bits_of(frame) > 8 else None
    return RgbPicture(pixels, deeper)


def _upright_deep(frame: av.VideoFrame, own: ColourTags, size: Size | None) -> DeepPixels:
    pixels: DeepPixels = _upright(deep_rgb(frame, own), frame)
    return pixels if size is None else resized(pixels, size)


def _kept(frame: av.VideoFrame, own: ColourTags) -> YuvPicture | GpuPicture | None:
    """The planes of a frame that is 8-bit 4:2:0 and SDR, with even sides."""
    odd = frame.width % 2 or frame.height % 2
    if frame.format.name == ON_GPU and not odd and not why_not_on_gpu(frame, own):
        return GpuPicture(frame, own)
    if frame.format.name not in _PLANAR or odd or own.transfer in HDR_NAMES:
        return None
    if frame.format.name == "nv12":
        frame = frame.reformat(format="yuv420p")
    return YuvPicture(frame, own)


def upright_rgb(
    frame: av.VideoFrame,
    tags: ColourTags | None = None,
    size: Size | None = None,
    *,
    flags: int = SWSCALE_FLAGS,
) -> Pixels:
    """uint8 RGB (H, W, 3): turned and mirrored as the display matrix says; HDR as SDR.

    Args:
        tags: of the stream, for what the frame itself does not say.
        size: to scale to, (height, width).
        flags: swscale's; the exact ones cost several ms at 720p.
    """
    own = colour_of(frame, tags or ColourTags())
    kept = _kept(frame, own)
    pixels = _upright(_converted(frame, own, flags) if kept is None else kept.rgb(), frame)
    return pixels if size is None else resized(pixels, size)


def _converted(frame: av.VideoFrame, own: ColourTags, flags: int) -> Pixels:
    """RGB of any format, by swscale."""
    if own.transfer in HDR_NAMES:
        return sdr_from_hdr(deep_by_swscale(frame, own), own.transfer)
    matrix, colour_range = swscale_colour(own)
    rgb = frame.to_ndarray(
        format="rgb24",
        src_colorspace=matrix,
        src_color_range=colour_range,
        dst_color_range=2,
        interpolation=flags,
    )
    return cast(Pixels, rgb)


def colour_of(frame: av.VideoFrame, tags: ColourTags) -> ColourTags:
    """What a frame's numbers mean: as it says itself, else its stream, else as players guess."""
    matrix = _said(frame.colorspace, tags.matrix)
    if frame.format.is_rgb or frame.format.name == "pal8":
        matrix = _UNSAID  # RGB has none
    elif matrix in (0, _UNSAID):
        matrix = _BT709 if min(frame.width, frame.height) >= _HD_LINES else _BT601
    full_range = frame.format.name.startswith("yuvj") or _said(frame.color_range, 0, 0) == 2
    return ColourTags(
        # PyAV before 15 has them for streams only.
        primaries=_said(getattr(frame, "color_primaries", _UNSAID), tags.primaries),
        transfer=_said(getattr(frame, "color_trc", _UNSAID), tags.transfer),
        matrix=matrix,
        full_range=full_range or (tags.full_range and _said(frame.color_range, 0, 0) == 0),
    )


def shown_size(frame: av.VideoFrame) -> Size:
    """(height, width) once it is upright."""
    swapped, _, _ = _orientation(frame)
    return (frame.width, frame.height) if swapped else (frame.height, frame.width)


def _said(value: object, otherwise: int, unsaid: int = _UNSAID) -> int:
    code = int(cast(int, value))
    return otherwise if code == unsaid else code


def _upright(pixels: npt.NDArray[Any], frame: av.VideoFrame) -> npt.NDArray[Any]:
    swapped, flip_rows, flip_columns = _orientation(frame)
    if not (swapped or flip_rows or flip_columns):
        return pixels
    if swapped:
        pixels = pixels.transpose(1, 0, 2)
    if flip_rows:
        pixels = pixels[::-1]
    if flip_columns:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _turned(picture: YuvPicture, orientation: tuple[bool, bool, bool]) -> YuvPicture:
    """Its planes upright, each value as it was decoded. As with FFmpeg's `transpose`, chroma goes
    with its plane: turned by a quarter, it lies up to half a pixel beside its place.
    """
    import cv2

    swapped, flip_rows, flip_columns = orientation
    flip = {(True, False): 0, (False, True): 1, (True, True): -1}.get((flip_rows, flip_columns))
    turned = blank(picture.size[::-1] if swapped else picture.size, picture.colour)
    for mine, its in zip(picture.planes, turned.planes, strict=True):
        plane = cv2.transpose(mine) if swapped else mine
        its[...] = plane if flip is None else cv2.flip(plane, flip)
        its.flags.writeable = False
    return turned


def _orientation(frame: av.VideoFrame) -> tuple[bool, bool, bool]:
    """(rows and columns swap, then rows flip, columns flip), to the nearest quarter turn.

    The display matrix takes (x, y) to (ax + cy, bx + dy); FFmpeg stores [a b u, c d v, x y w].
    """
    from av.sidedata.sidedata import SideDataContainer

    # A frame keeps its `side_data`, which refers to the frame: frames would wait for the garbage
    # collector, 45 of them at 4K, 12 MB each.
    data = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]  # PyAV's stub
    if data is None:
        return False, False, False
    numbers: npt.NDArray[np.int32] = np.frombuffer(bytes(cast(bytes, data)), "<i4", count=5)
    a, b, _, c, d = map(int, numbers)
    if abs(a) >= abs(b):
        return False, d < 0, a < 0
    return True, b < 0, c < 0
