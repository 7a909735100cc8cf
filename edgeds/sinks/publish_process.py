"""The process behind a published stream: pictures come in on stdin, H.264 goes out to a server.

First a line of JSON (`url`, `size`, `settings`), then for each picture its time (8 bytes, ticks of
90 kHz) and its planes (YUV 4:2:0). Each is answered on stdout with a line: `ok` once the network
has taken it, else the reason, and the process ends. It ends, too, when stdin does. The address
comes on stdin because everybody can read a command line. Knows nothing about frames and views.
"""

from __future__ import annotations

import json
import os
import queue
import struct
import sys
import threading
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from edgeds.sources.url import masked, scheme_of, with_plain_scheme

if TYPE_CHECKING:
    import av

CLOCK_HZ = 90_000
HEAD = struct.Struct("<q")
FORMATS = {
    "rtsp": "rtsp",
    "rtmp": "flv",
    "rtmps": "flv",
    "srt": "mpegts",
    "udp": "mpegts",
    "tcp": "mpegts",
}
"""Scheme -> FFmpeg's name of the container."""
_OPTIONS = {
    "rtsp": {"rtsp_transport": "tcp"},
    "flv": {"flvflags": "no_duration_filesize"},
    "mpegts": {"pes_payload_size": "0"},  # else it waits for more pictures to fill a packet
}
_BT709 = 1
_LAST_WORDS_SECS = 2.0
"""For the stream to end in order after stdin has ended."""


def main() -> None:
    messages: queue.Queue[bytes] = queue.Queue(1)
    head = json.loads(sys.stdin.buffer.readline())
    height, width = head["size"]
    reader = threading.Thread(
        target=_read, args=(HEAD.size + height * width * 3 // 2, messages), daemon=True
    )
    try:
        with _Stream(head["url"], (height, width), head["settings"]) as stream:
            _answer("ok")
            reader.start()
            while message := messages.get():
                (ticks,) = HEAD.unpack_from(message)
                planes = np.frombuffer(message, np.uint8, offset=HEAD.size)
                stream.send(planes.reshape(height * 3 // 2, width), ticks)
                _answer("ok")
    except Exception as error:
        _answer(_reason(error))


def _read(length: int, messages: queue.Queue[bytes]) -> None:
    while len(message := sys.stdin.buffer.read(length)) == length:
        messages.put(message)
    time_left = threading.Timer(_LAST_WORDS_SECS, os._exit, [1])
    time_left.daemon = True
    time_left.start()  # the network may hang, and nobody is left to end this process
    messages.put(b"")


class _Stream:
    """The container with its H.264 stream; connected once it is there."""

    def __init__(self, url: str, size: tuple[int, int], settings: dict[str, Any]) -> None:
        import av

        kind = FORMATS[scheme_of(url)]
        self._container = av.open(
            with_plain_scheme(_sized(url)),
            "w",
            format=kind,
            container_options={**_OPTIONS[kind], "flush_packets": "1"},
        )
        self._stream = _video(self._container, size, settings["x264"])
        self._container.start_encoding()  # connects
        self._key_ticks, self._next_key = round(settings["key_secs"] * CLOCK_HZ), 0
        self._last = -1

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def send(self, planes: Any, ticks: int) -> None:
        import av
        from av.video.frame import PictureType

        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        self._last = picture.pts = max(self._last + 1, ticks)
        picture.time_base = Fraction(1, CLOCK_HZ)
        picture.pict_type = PictureType.NONE
        if ticks >= self._next_key:
            picture.pict_type = PictureType.I
            self._next_key = ticks + self._key_ticks
        for packet in self._stream.encode(picture):
            self._container.mux(packet)


def _video(
    container: av.container.OutputContainer, size: tuple[int, int], options: dict[str, str]
) -> av.VideoStream:
    stream = container.add_stream("libx264", rate=30)
    context = stream.codec_context
    stream.height, stream.width = size
    stream.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, CLOCK_HZ)
    context.gop_size = 600  # key frames come by time, see `send`
    context.thread_count = 1  # the network needs the other cores more
    context.color_primaries = context.color_trc = context.colorspace = _BT709
    context.color_range = 1  # limited
    context.options = dict(options)
    return stream


def _sized(url: str) -> str:
    """UDP packets that fit a network's frames hold seven packets of MPEG-TS."""
    if scheme_of(url) != "udp" or "pkt_size=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}pkt_size=1316"


def _reason(error: Exception) -> str:
    from edgeds.sources.media_errors import media_errors, reason_of

    if isinstance(error, media_errors()):
        return reason_of(error).why
    return masked(f"{type(error).__name__}: {error}")  # a library's surprise


def _answer(text: str) -> None:
    sys.stdout.write(" ".join(text.split()) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
