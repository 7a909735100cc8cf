"""Checks a picture from a stranger: its type by content, and its size before it is decoded.

JPEG, PNG and WebP, each by its own specification's header (ITU-T T.81 annex B; PNG 11.2.2;
RFC 9649). Knows nothing about requests.
"""

from __future__ import annotations

import struct

import numpy as np

from edgeds.errors import InputError
from edgeds.live.web.settings import PAGE, Page
from edgeds.sources.scaling import resized
from edgeds.types import Pixels, Size

_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})


def picture_from_upload(data: bytes, settings: Page = PAGE) -> Pixels:
    """A backdrop: uint8 RGB (H, W, 3), upright, its longer side at most `backdrop_px`.

    A picture longer than `upload_aspect` is cropped in the middle before anything scales it:
    to cover a frame, a picture of 1x8000 pixels would grow to gigabytes.

    Raises:
        InputError: it is not such a picture, or decoding it would cost too much.
    """
    picture = _cropped(_decoded(data, settings, use="the backdrop"), settings.upload_aspect)
    scale = min(1.0, settings.backdrop_px / max(picture.shape[:2]))
    size = max(1, round(picture.shape[0] * scale)), max(1, round(picture.shape[1] * scale))
    return np.ascontiguousarray(resized(picture, size))


def plate_from_upload(data: bytes, settings: Page = PAGE) -> Pixels:
    """A plate: uint8 RGB (H, W, 3), upright, at its own size.

    Raises:
        InputError: it is not such a picture, or decoding it would cost too much.
    """
    return _decoded(data, settings, use="the plate")


def size_from_header(data: bytes) -> Size | None:
    """(height, width) that a decoder will find; None where it is none of the three types."""
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg_size(data)
        if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
            width, height = struct.unpack_from(">II", data, 16)
            return height, width
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp_size(data)
    except struct.error:  # it ends within its header
        return None
    return None


def _jpeg_size(data: bytes) -> Size | None:
    at = 2
    while at < len(data):
        if data[at] != 0xFF:
            return None
        (marker,) = struct.unpack_from(">B", data, at + 1)
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker in _JPEG_BARE:
            at += 2
            continue
        if marker in (0xD9, 0xDA):  # no frame header before the picture's data
            return None
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return height, width
        at += 2 + max(2, length)
    return None


def _webp_size(data: bytes) -> Size | None:
    """The largest size any of its first chunks claims: canvas (VP8X), lossy or lossless frame."""
    sizes: list[Size] = []
    at = 12
    for _ in range(16):
        if at + 8 > len(data):
            break
        kind, length = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        body = at + 8
        if kind == b"VP8X":
            width = int.from_bytes(data[body + 4 : body + 7], "little") + 1
            height = int.from_bytes(data[body + 7 : body + 10], "little") + 1
            sizes.append((height, width))
        elif kind == b"VP8 ":
            width, height = struct.unpack_from("<HH", data, body + 6)
            sizes.append((height & 0x3FFF, width & 0x3FFF))
        elif kind == b"VP8L":
            (bits,) = struct.unpack_from("<I", data, body + 1)
            sizes.append((((bits >> 14) & 0x3FFF) + 1, (bits & 0x3FFF) + 1))
        at = body + length + length % 2
    return max(sizes, key=lambda size: size[0] * size[1]) if sizes else None


def _decoded(data: bytes, settings: Page, *, use: str) -> Pixels:
    import cv2

    def refused(why: str, fix: str) -> InputError:
        return InputError(f"this file cannot be {use}", why=why, fix=fix)

    size = size_from_header(data)
    if size is None:
        raise refused("it is not a JPEG, PNG or WebP picture", "choose a photo or a picture file")
    height, width = size
    if not (0 < height * width <= settings.upload_pixels):
        raise refused(
            f"it claims to be {width}x{height} pixels",
            f"make it smaller than {settings.upload_pixels // 1_000_000} megapixels",
        )
    # FF DA begins a scan and cannot stand in coded data, where FF is followed by 00 or D0-D7.
    if data[:2] == b"\xff\xd8" and data.count(b"\xff\xda") > settings.upload_scans:
        raise refused("it has too many scans to decode in time", "save it as a plain JPEG")
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        picture = None
    if picture is None or picture.dtype != np.uint8:
        raise refused("it is damaged, or not what its header says", "save it again, as JPEG")
    rgb: Pixels = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    return rgb


def _cropped(picture: Pixels, aspect: float) -> Pixels:
    """Its middle, neither side longer than `aspect` times the other."""
    height, width = picture.shape[:2]
    tall, wide = min(height, round(width * aspect)), min(width, round(height * aspect))
    top, left = (height - tall) // 2, (width - wide) // 2
    return picture[top : top + tall, left : left + wide]
