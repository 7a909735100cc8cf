"""Scales pixels, and converts sizes and colour codes (swscale's). The one definition.

Casting, layout and normalisation are inside the network's graph and nowhere else.
"""

from __future__ import annotations

import ctypes
import platform
import re
from functools import cache
from typing import Any, TypeAlias

import numpy.typing as npt

from edgeds.errors import InputError
from edgeds.types import ColourTags, Size
from edgeds.types.picture import folded
from edgeds.types.picture import resized as resized

_Values: TypeAlias = npt.NDArray[Any]

# FFmpeg's AVColorSpace -> the matrices swscale has; what is not said is BT.601 to swscale.
_SWSCALE_MATRIX = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}

# SWS_BILINEAR | SWS_FULL_CHR_H_INT | SWS_ACCURATE_RND. Without the last two RGB -> 4:2:0 -> RGB
# darkens every channel by 1 to 2 levels; with them it is .03 off, for 4 ms more at 720p.
SWSCALE_FLAGS = 0x2 | 0x2000 | 0x40000
# For live pictures, where 1 to 2 levels matter less than milliseconds: SWS_BILINEAR.
FAST_SWSCALE_FLAGS = 0x2

SLOW_GATHER = 0x2000000
"""FFmpeg's AV_CPU_FLAG_SLOW_GATHER."""


def size_from_text(text: str, *, multiple_of: int = 1) -> Size:
    """Convert `1280x720` (WIDTHxHEIGHT, as on every command line) to (height, width).

    Raises:
        InputError: it is not a size, or a side is not a multiple of `multiple_of`.
    """
    found = re.fullmatch(r"\s*(\d{1,5})\s*[xX\u00d7*]\s*(\d{1,5})\s*", text)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    if min(width, height) > 0 and width % multiple_of == 0 and height % multiple_of == 0:
        return height, width
    sides = "" if multiple_of == 1 else f", both multiples of {multiple_of}"
    example = "1280x720" if 720 % multiple_of == 0 else f"{10 * multiple_of}x{6 * multiple_of}"
    raise InputError(
        f"{text!r} is not a size",
        why=f"a size is WIDTHxHEIGHT{sides}",
        fix=f"write it as {example}",
    )


def text_from_size(size: tuple[int, ...]) -> str:
    """(height, width) as people read it: WIDTHxHEIGHT."""
    return f"{size[1]}x{size[0]}"


def size_at_width(size: Size, width: int) -> Size:
    """(height, width) of a picture of `size` that is brought to a width, in px."""
    return max(1, round(size[0] * width / size[1])), width


def same_shape(size: Size, other: Size) -> bool:
    """Whether both have the same aspect, up to the rounding of a pixel."""
    (height, width), (other_height, other_width) = size, other
    return abs(height * other_width - width * other_height) <= max(width, other_width)


def read_at(values: _Values, x: _Values, y: _Values) -> _Values:
    """What a picture or a map (h, w) or (h, w, c) has at points, bilinear: (n,) or (n, c).

    Args:
        x, y: float32 (n,), the first pixel's middle being 0. Past the border its pixels go on.
    """
    import cv2

    at = folded(x), folded(y)
    read = cv2.remap(values, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    found: _Values = read.reshape(-1, *values.shape[2:])[: len(x)]
    return found


@cache
def one_thread() -> dict[str, Any]:
    """What keeps PyAV's `reformat` in the thread that calls it: older versions have no choice."""
    import av

    return {"threads": 1} if "threads" in (av.VideoFrame.reformat.__doc__ or "") else {}


@cache
def scale_without_gathers() -> None:
    """Have swscale's next contexts read pixels without the processor's gather instructions.

    FFmpeg leaves them out where it knows them to be slow (AMD up to Zen 4). On a Zen 5 they still
    took a frame of 1280x720 from .32 to .57 ms, to 256x160, and a part of it from .28 to .65. The
    pixels are the same. Does nothing where FFmpeg cannot be reached, or on other processors.
    """
    import av._core

    if platform.machine().lower() not in ("x86_64", "amd64"):
        return
    ffmpeg = ctypes.CDLL(av._core.__file__)  # a symbol is looked for in what it links, too
    get, force = (getattr(ffmpeg, f"av_{name}_cpu_flags", None) for name in ("get", "force"))
    if get is not None and force is not None:
        force(get() | SLOW_GATHER)


def swscale_colour(tags: ColourTags) -> tuple[int, int]:
    """(matrix, range) of a video's YUV as swscale's integers; range 1 is limited, 2 full."""
    return _SWSCALE_MATRIX.get(tags.matrix, 5), 2 if tags.full_range else 1
