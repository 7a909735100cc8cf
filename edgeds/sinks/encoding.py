"""How frames become an encoded video stream: codecs by suffix, colour tags, times, padding.

Knows nothing about files and audio.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from edgeds.errors import SinkError
from edgeds.sinks.encoder_settings import ENCODE, x264_options
from edgeds.sources.scaling import SWSCALE_FLAGS, one_thread, swscale_colour
from edgeds.sources.threads import threads
from edgeds.sources.yuv_planes import YuvPicture
from edgeds.types import ColourTags, Frame, Pixels, Size, StreamInfo

if TYPE_CHECKING:
    import av


@dataclass(frozen=True, slots=True)
class Format:
    codec: str
    pix_fmt: str
    options: dict[str, str]
    container_options: dict[str, str]
    full_range: bool = False
    """Code values are stored as they are: lossless grey, or RGB, which has no matrix."""


# Every packet is handed to the system at once: a crash loses no more than the running fragment.
_FLUSHED = {"flush_packets": "1"}
# A fragment a second: what a crash can lose. Once complete the file is a plain MP4 again.
# The index waits for the first one, to hold the delays of the tracks (AAC starts before 0).
FRAGMENTS = _FLUSHED | {
    "movflags": "hybrid_fragmented+delay_moov",
    "frag_duration": "1000000",
}
CLUSTERS = _FLUSHED | {"cluster_time_limit": "1000"}
_OPAQUE = {
    ".mkv": Format("libx264", "yuv420p", ENCODE.x264, CLUSTERS),
    ".mov": Format("libx264", "yuv420p", ENCODE.x264, FRAGMENTS),
    ".mp4": Format("libx264", "yuv420p", ENCODE.x264, FRAGMENTS),
    ".webm": Format("libvpx-vp9", "yuv420p", ENCODE.vp9, CLUSTERS),
}
_ALPHA = {
    ".mkv": Format("libvpx-vp9", "yuva420p", ENCODE.vp9, CLUSTERS),
    ".mov": Format("prores_ks", "yuva444p10le", {"profile": "4"}, FRAGMENTS),
    ".webm": Format("libvpx-vp9", "yuva420p", ENCODE.vp9, CLUSTERS),
}
VIDEO_SUFFIXES = frozenset(_OPAQUE)
ALPHA_SUFFIXES = frozenset(_ALPHA)

# The matrices of YUV that players know. BT.2020 with constant luminance (10) is not among them:
# swscale writes the usual one (9) for it.
_MATRICES = frozenset({1, 4, 5, 6, 7, 9})
_BT709, _BT601 = 1, 5
_HD_LINES = 720
_DEFAULT_RATE = Fraction(30)


def format_of(path: Path, *, alpha: bool) -> Format:
    """The codec and container for a file name.

    Raises:
        SinkError: the suffix is unknown, or cannot keep alpha.
    """
    suffix = path.suffix.lower()
    found = (_ALPHA if alpha else _OPAQUE).get(suffix)
    if found is not None:
        return found
    if suffix not in VIDEO_SUFFIXES:
        raise SinkError(
            f"cannot write {path.name!r}: "
            f"{suffix or 'a name without suffix'} is not a known format",
            why="the suffix of the output says what kind of file it is",
            fix=f"use {', '.join(sorted(VIDEO_SUFFIXES))}",
        )
    raise SinkError(
        f"a {path.suffix} file cannot keep alpha",
        why="the cutout view needs a transparent background",
        fix="write a .webm (VP9), a .mov (ProRes 4444), or a folder of PNG images",
    )


def container_options(kind: Format, libavformat: tuple[int, int, int]) -> dict[str, str]:
    """The container's options for a version of FFmpeg's muxers.

    Before FFmpeg 8.1 (libavformat 62.12) a hybrid MP4 whose index waits was empty once complete.
    Without waiting it is whole; after a crash the sound of the first second may be 20 ms late.
    """
    options = dict(kind.container_options)
    if "movflags" in options and libavformat < (62, 12, 0):
        options["movflags"] = "hybrid_fragmented"
    return options


def written_colour(like: ColourTags, size: Size) -> ColourTags:
    """The tags of the YUV that is written, which is not always what was read.

    RGB recordings say "GBR", which YUV cannot be, and images say nothing: they get the matrix that
    players assume for their size, and limited range, which all players know.
    """
    if like.matrix in _MATRICES:
        return like
    if like.matrix == 10:
        return replace(like, matrix=9)
    matrix = _BT709 if min(size) >= _HD_LINES else _BT601
    return replace(like, matrix=matrix, full_range=False)


def stream_colour(like: ColourTags, kind: Format, size: Size) -> ColourTags:
    """The tags of a stream of some format."""
    tags = written_colour(like, size)
    if not kind.full_range:
        return tags
    is_rgb = kind.pix_fmt.startswith(("gbr", "bgr"))
    return replace(tags, full_range=True, matrix=0 if is_rgb else tags.matrix)


def add_video_stream(
    container: av.container.OutputContainer, kind: Format, like: StreamInfo, size: Size
) -> av.VideoStream:
    """Add the stream that frames of a size are encoded to, with the times and tags of `like`."""
    # A rate made of the time base would be 1000 fps and more, and with it an H.264 level that
    # phones and TVs refuse.
    rate = like.rate or _DEFAULT_RATE
    stream = cast("av.VideoStream", container.add_stream(kind.codec, rate=rate))
    height, width = even_sides(size)
    context = stream.codec_context
    context.thread_count = threads().encoder
    stream.width, stream.height, stream.pix_fmt = width, height, kind.pix_fmt
    # The encoder keeps 1/1000 s and the like as they are: variable rates stay variable.
    context.time_base = like.time_base
    context.options = x264_options(size) if kind.codec == "libx264" else dict(kind.options)
    tags = stream_colour(like.colour, kind, size)
    context.color_primaries, context.color_trc = tags.primaries, tags.transfer
    context.colorspace = tags.matrix
    context.color_range = 2 if tags.full_range else 1
    context.sample_aspect_ratio = like.pixel_aspect
    return stream


def even_sides(size: Size) -> Size:
    """The size of the video of pictures of a size."""
    return size[0] + size[0] % 2, size[1] + size[1] % 2


def encodable(frame: Frame, kind: Format, colour: ColourTags) -> av.VideoFrame:
    """A frame as the encoder takes it: YUV of the written colour, even sides, its time.

    Planes that are so already go through as they are.
    """
    import av

    if kind.pix_fmt == "cuda":
        from edgeds.sinks.nvenc import on_gpu

        return on_gpu(frame)
    wanted = swscale_colour(written_colour(colour, frame.size))
    kept = frame.picture
    if isinstance(kept, YuvPicture) and (kind.pix_fmt, wanted) == (
        "yuv420p",
        swscale_colour(kept.colour),
    ):
        picture = kept.for_encoder()
        picture.pts, picture.time_base = frame.pts, frame.time_base
        return picture
    layout = "rgba" if frame.pixels.shape[2] == 4 else "rgb24"
    picture = av.VideoFrame.from_ndarray(_padded(frame.pixels), format=layout)
    picture = picture.reformat(
        format=kind.pix_fmt,
        dst_colorspace=wanted[0],
        dst_color_range=wanted[1],
        interpolation=SWSCALE_FLAGS,
        # Threads of swscale leave a few wrong pixels between their slices where there is alpha.
        **(one_thread() if layout == "rgba" else {}),
    )
    picture.pts, picture.time_base = frame.pts, frame.time_base
    return picture


def _padded(pixels: Pixels) -> Pixels:
    """Repeat the last row or column where a side is odd: 4:2:0 video has even sides only."""
    odd_height, odd_width = pixels.shape[0] % 2, pixels.shape[1] % 2
    if odd_height or odd_width:
        return np.pad(pixels, ((0, odd_height), (0, odd_width), (0, 0)), mode="edge")
    return np.ascontiguousarray(pixels)
