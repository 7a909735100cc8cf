"""A network stream (rtsp://, http://, udp://) through PyAV. Knows nothing about reconnecting."""

from __future__ import annotations

import re
import time
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources.live import Grab
from edgeds.types import Closing, Pixels

if TYPE_CHECKING:
    from collections.abc import Iterator

    import av

_OPEN_SECS = 8.0
_READ_SECS = 4.0
# Nothing waits for more than is needed: decoding starts at the first key frame.
_OPTIONS = {"fflags": "nobuffer", "flags": "low_delay", "analyzeduration": "1000000"}
# UDP loses packets on most home networks, which smears the picture until the next key frame.
_RTSP_OPTIONS = {"rtsp_transport": "tcp"}


class StreamFeed(Closing):
    """A stream that is connected. A frame's time is that of the packet that completed it here.

    What the network and the camera's encoder took before is not known.
    """

    camera = None

    def __init__(self, url: str) -> None:
        """
        Raises:
            SourceError: nothing answers, or it is no video.
        """
        import av

        self.description = without_password(url)
        options = _OPTIONS | (_RTSP_OPTIONS if url.startswith("rtsp") else {})
        try:
            self._container = av.open(url, options=options, timeout=(_OPEN_SECS, _READ_SECS))
        except (OSError, ValueError) as error:
            raise SourceError(
                f"cannot open {self.description}",
                why=_reason(error),
                fix="see whether it plays in another player (ffplay, VLC) on this machine",
            ) from error
        if not self._container.streams.video:
            self._container.close()
            raise SourceError(
                f"no video in {self.description}",
                why="the stream has no pictures",
                fix="give another URL",
            )
        stream = self._container.streams.video[0]
        # Threads by frame hold back as many frames as there are threads.
        stream.thread_type = "SLICE"
        self.rate = stream.average_rate and Fraction(stream.average_rate)
        self._grabs = self._decoded(stream)

    def read(self) -> Grab:
        import av

        try:
            return next(self._grabs)
        except StopIteration:
            why = "the other side ended it"
        except (OSError, av.FFmpegError) as error:
            why = _reason(error)
        raise SourceFailed(f"{self.description} broke off", why=why)

    def close(self) -> None:
        self._container.close()
        self._grabs = iter(())  # as in VideoSource: else its pictures wait for the collector

    def _decoded(self, stream: av.VideoStream) -> Iterator[Grab]:
        import av

        for packet in self._container.demux(stream):
            secs = time.monotonic()
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:  # a lost packet: the next key frame mends it
                continue
            for frame in frames:
                pixels = cast(Pixels, frame.to_ndarray(format="rgb24"))
                turns = round(frame.rotation / 90) % 4
                yield Grab(np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels, secs)


def without_password(url: str) -> str:
    """A URL as it may be shown: rtsp://user:secret@host -> rtsp://user@host."""
    return re.sub(r"(//[^/@:]*):[^/]*@", r"\1@", url)


def _reason(error: BaseException) -> str:
    """FFmpeg's words for it. Not its whole message: that holds the URL, and a password."""
    return getattr(error, "strerror", None) or type(error).__name__
