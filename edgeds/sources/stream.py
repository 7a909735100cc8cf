"""A network stream (rtsp://, http://, udp://) through PyAV.

Knows nothing about reconnecting: `reconnecting` does that.
"""

from __future__ import annotations

import errno
import time
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypeAlias

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources.container import packets_of
from edgeds.sources.feed import Grab
from edgeds.sources.media_errors import Reason, media_errors, reason_of
from edgeds.sources.scaling import FAST_SWSCALE_FLAGS
from edgeds.sources.timeouts import STREAM
from edgeds.sources.upright_picture import upright_rgb
from edgeds.sources.url import (
    likely_scheme,
    masked,
    password_problem,
    scheme_of,
    with_plain_scheme,
)
from edgeds.types import Closing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import av

RtspTransport: TypeAlias = Literal["auto", "tcp", "udp"]

# Cameras announce their streams (SDP), so nothing need be probed. FFmpeg would read eight pictures,
# which takes 8 s at 1 fps, to guess rate and delay; the decoder finds both in the first key frame.
# With "nobuffer" FFmpeg would throw that key frame away: the first picture would come one key-frame
# interval late, after 5 s or 12 s with many cameras.
_ANNOUNCED_OPTIONS = {"probesize": "32", "analyzeduration": "1"}
# Streams that announce nothing (MPEG-TS, FLV) are read until the streams in them are known.
_OTHER_OPTIONS = {"fpsprobesize": "0", "analyzeduration": "500000"}
# UDP loses packets on most home networks, which smears the picture until the next key frame. So
# TCP comes first; a camera that refuses it (RTSP 461) is asked for UDP.
_RTSP_OPTIONS: dict[RtspTransport, dict[str, str]] = {
    "auto": {"rtsp_transport": "tcp+udp", "rtsp_flags": "prefer_tcp"},
    "tcp": {"rtsp_transport": "tcp"},
    "udp": {"rtsp_transport": "udp"},
}

_LOOK = "look at the camera or the server; check whether it plays in another player (ffplay, VLC)"


class StreamFeed(Closing):
    """A connected stream. A frame's time is the arrival of the packet that completed it.

    The delays of the network and of the camera's encoder are not known.
    """

    camera = None

    def __init__(self, url: str, *, rtsp_transport: RtspTransport = "auto") -> None:
        """
        Raises:
            SourceError: nothing answers, or it is not a video.
        """
        self.description = masked(url)
        self._container = _opened(url, rtsp_transport)
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
        self._stream = stream
        self._grabs = self._decoded(stream)

    @property
    def rate(self) -> Fraction | None:
        """The frame rate, known from the first picture on: the codec's, else the container's."""
        rate = self._stream.codec_context.framerate or self._stream.average_rate
        return Fraction(rate) if rate and 0 < rate <= 1000 else None

    def read(self) -> Grab | None:
        try:
            return next(self._grabs)
        except StopIteration:
            reason = Reason("the other side ended it")
        except media_errors() as error:
            reason = _reason(error, STREAM.read_secs)
        raise SourceFailed("the stream broke off", why=reason.why, fix=reason.fix or _LOOK)

    def close(self) -> None:
        self._container.close()
        self._grabs = iter(())  # as in VideoSource: else its pictures wait for the collector

    def _decoded(self, stream: av.VideoStream) -> Iterator[Grab | None]:
        import av

        for packet in packets_of(self._container, stream):
            secs = time.monotonic()
            try:
                frames = packet.decode()
            except (
                av.error.InvalidDataError
            ):  # a lost packet: the next key frame repairs the picture
                frames = []
            if not frames:
                yield None
            for frame in frames:
                yield Grab(upright_rgb(frame, flags=FAST_SWSCALE_FLAGS), secs)


def _opened(url: str, rtsp_transport: RtspTransport) -> av.container.InputContainer:
    import av

    scheme, name = scheme_of(url), masked(url)
    problem = password_problem(url)
    if problem:
        raise SourceError(
            f"cannot open {name}", why=problem, fix="quote the URL, and encode such signs"
        )
    options = _OTHER_OPTIONS
    if scheme in ("rtsp", "rtsps"):
        options = _ANNOUNCED_OPTIONS | {"allowed_media_types": "video"}
    if scheme == "rtsp":  # rtsps is TCP by its nature
        options = options | _RTSP_OPTIONS[rtsp_transport]
    timeout = (STREAM.open_secs, STREAM.read_secs)
    try:
        return av.open(with_plain_scheme(url), options=options, timeout=timeout)
    except media_errors() as error:
        reason = _reason(error, STREAM.open_secs)
        fix = reason.fix or "check whether it plays in another player (ffplay, VLC) here"
        near = likely_scheme(scheme)
        if isinstance(error, av.error.ProtocolNotFoundError) and near:
            fix = f"did you mean {near}:// ?"
        raise SourceError(f"cannot open {name}", why=reason.why, fix=fix) from error


def _reason(error: BaseException, secs: float) -> Reason:
    """The reason, for people. `secs` is the timeout, which PyAV reports as "Immediate exit
    requested".
    """
    import av

    if isinstance(error, av.error.ExitError):
        return Reason(f"there was no answer for {secs:g} s", "check the address and the network")
    if getattr(error, "errno", None) == errno.EPROTONOSUPPORT:  # FFmpeg's error for RTSP's 461
        return Reason(
            "the camera does not offer this transport",
            "use the transport auto (--rtsp-transport auto), or the other",
        )
    if getattr(error, "errno", None) == errno.EIO:  # FFmpeg's error for less than was announced
        return Reason("the server ended the connection", _LOOK)
    return reason_of(error)
