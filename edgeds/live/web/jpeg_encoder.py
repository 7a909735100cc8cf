"""The picture for the page as a JPEG, and its pixels at the page's size.

Knows nothing about viewers.
"""

from __future__ import annotations

from typing import Any

from edgeds.live.web.settings import PAGE, Page
from edgeds.sources.picture_on_device import PictureOnDevice
from edgeds.sources.scaling import resized
from edgeds.types import Frame, Pixels
from edgeds.views.checkerboard import over_checkerboard


class JpegEncoder:
    """Encodes independent pictures."""

    def __init__(self, settings: Page = PAGE) -> None:
        self._settings = settings

    def encode(self, frame: Frame, *, key: bool) -> list[tuple[Any, bool]]:  # noqa: ARG002
        return [(jpeg_from_frame(frame, self._settings), True)]


def jpeg_from_frame(frame: Frame, settings: Page = PAGE) -> bytes:
    """The picture for the page. A picture on a GPU is encoded there, where the GPU can."""
    made: bytes | None = None
    if isinstance(frame.picture, PictureOnDevice):
        made = frame.picture.jpeg(settings.max_width_px, settings.jpeg_quality)
    return jpeg_from_pixels(frame.pixels, settings) if made is None else made


def jpeg_from_pixels(pixels: Pixels, settings: Page = PAGE) -> bytes:
    """`page_pixels` as a JPEG."""
    import cv2

    pixels = page_pixels(pixels, settings)
    quality = [cv2.IMWRITE_JPEG_QUALITY, settings.jpeg_quality]
    done, jpeg = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), quality)
    assert done  # memory to memory
    return bytes(jpeg)


def thumbnail(pixels: Pixels, settings: Page = PAGE) -> bytes:
    """A small JPEG of uint8 RGB pixels."""
    height, width = pixels.shape[:2]
    scale = min(1.0, settings.thumbnail_px / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return jpeg_from_pixels(resized(pixels, size), settings)


def page_pixels(pixels: Pixels, settings: Page = PAGE) -> Pixels:
    """uint8 RGB, or RGBA over a checkerboard, not wider than the page shows."""
    height, width = pixels.shape[:2]
    if width > settings.max_width_px:
        size = round(height * settings.max_width_px / width), settings.max_width_px
        pixels = resized(pixels, (max(1, size[0]), size[1]))
    return over_checkerboard(pixels) if pixels.shape[2] == 4 else pixels
