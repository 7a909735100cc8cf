"""The pictures for the page as one H.264 stream, for WebRTC. Knows nothing about viewers."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from edgeds.live.web.jpeg_encoder import page_pixels
from edgeds.live.web.settings import PAGE, Page
from edgeds.types import Frame, Pixels, Size

if TYPE_CHECKING:
    import av

_CLOCK_HZ = 90_000
_BT709 = 1


class H264Encoder:
    """The encoder. When the picture's size changes, a new stream begins with a key frame."""

    def __init__(self, settings: Page = PAGE) -> None:
        self._settings = settings
        self._codec: av.VideoCodecContext | None = None
        self._size: Size = (0, 0)

    def encode(self, frame: Frame, *, key: bool) -> list[tuple[Any, bool]]:
        pixels = _even(page_pixels(frame.pixels, self._settings))
        size = pixels.shape[0], pixels.shape[1]
        if self._codec is None or size != self._size:
            self._codec, self._size = _codec(size), size
        packets = self._codec.encode(_video_frame(pixels, key=key))
        return [(packet, packet.is_keyframe) for packet in packets]


def _codec(size: Size) -> av.VideoCodecContext:
    import av

    codec = av.CodecContext.create("libx264", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.height, codec.width = size
    codec.pix_fmt = "yuv420p"
    codec.time_base = Fraction(1, _CLOCK_HZ)
    codec.gop_size = 60  # a viewer that lost packets waits for two seconds at most
    codec.thread_count = 1  # the network needs the other cores more
    codec.color_primaries = codec.color_trc = codec.colorspace = _BT709
    codec.color_range = 1  # limited
    codec.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "crf": "25",
    }
    return codec


def _video_frame(pixels: Pixels, *, key: bool) -> av.VideoFrame:
    import av
    from av.video.frame import PictureType

    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
        format="yuv420p", dst_colorspace=_BT709, dst_color_range=1
    )
    frame.pts = int(time.monotonic() * _CLOCK_HZ)
    frame.time_base = Fraction(1, _CLOCK_HZ)
    frame.pict_type = PictureType.I if key else PictureType.NONE
    return frame


def _even(pixels: Pixels) -> Pixels:
    """4:2:0 needs even sides; an odd last row or column is left out."""
    height, width = pixels.shape[:2]
    return pixels[: height - height % 2, : width - width % 2]
