"""Frames as a live H.264 stream to a server or player: rtsp://, rtmp://, srt://, udp://, tcp://.

`write` returns at once, whatever the network does: a connection has a process of its own, takes
the newest frame when it has sent the last one, and is made anew, with growing pauses, when it
breaks.
Knows nothing about views.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from edgeds.errors import SinkError, SinkFailed, counted
from edgeds.sinks.encoder_settings import PUBLISH, Publish
from edgeds.sinks.publish_connection import Publisher
from edgeds.sinks.publish_process import FORMATS
from edgeds.sources.unfailing import unfailing
from edgeds.sources.url import likely_scheme, masked, password_problem, scheme_of
from edgeds.types import Closing, Frame


class PublishSink(Closing):
    """One stream. Pictures of another size are fitted into the first one's.

    A server that is not there, or goes away, is tried again and again; `lost` counts the frames
    that nobody got.
    """

    def __init__(
        self,
        url: str,
        *,
        settings: Publish = PUBLISH,
        on_event: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """
        Args:
            on_event: receives what people should know: connected, lost and why. From any thread.
                An exception that it raises is logged.

        Raises:
            SinkError: it is not an address that edgeds can publish to.
        """
        check_publish_url(url)
        _check_srt(url)
        self.location = masked(url)
        """The address without its passwords and keys."""
        self._url, self._settings, self._event = url, settings, unfailing(on_event)
        self._publisher: Publisher | None = None
        self._offered = self._sent_before = 0
        self._backoff_secs, self._next_secs = settings.backoff_secs, 0.0
        self._said = self._why = ""
        self._offered_at_end = 0
        self.message = ""
        """Why there is no connection, while there is none."""

    @property
    def sent(self) -> int:
        """Frames that went out."""
        return self._sent_before + (self._publisher.sent if self._publisher is not None else 0)

    @property
    def lost(self) -> int:
        """Frames that did not go out: without a connection, or overtaken by a newer one."""
        pending = self._publisher.pending if self._publisher is not None else 0
        return max(0, self._offered - self.sent - pending)

    def write(self, frame: Frame) -> None:
        """Returns at once."""
        self._offered += 1
        publisher = self._publisher
        if publisher is not None:
            self._watch(publisher)
        elif time.monotonic() >= self._next_secs:
            self._publisher = Publisher(self._url, frame.size)
        if self._publisher is not None:
            self._publisher.offer(frame)

    def close(self) -> None:
        """Send what waits and end the stream in order, unless the network hangs.

        Raises:
            SinkFailed: nobody ever took a frame.
        """
        publisher, why = self._publisher, self._why
        if publisher is not None:
            publisher.finish(self._settings.close_secs)
            why = publisher.failed.why if publisher.failed else why
            self._leave(publisher)
        offered, self._offered_at_end = self._offered - self._offered_at_end, self._offered
        if offered and not self.sent:
            raise SinkFailed(
                f"cannot publish to {self.location}",
                why=f"{why or 'there was no connection'}; none of {counted(offered, 'frame')} "
                "went out",
                fix="look whether a server takes streams at this address",
            )

    def _watch(self, publisher: Publisher) -> None:
        """Find out whether it is connected, has failed, or hangs."""
        if publisher.sent and not publisher.failed:
            self._backoff_secs = self._settings.backoff_secs
            self.message = ""
            self._say(f"publishing to {self.location}")
        failed = publisher.failed
        if not failed and publisher.silent_secs > self._settings.stall_secs:
            failed = SinkFailed(
                f"cannot publish to {self.location}",
                why=f"it takes nothing more since {self._settings.stall_secs:g} s",
            )
        if failed:
            self._leave(publisher)
            self.message, self._why = f"{failed.what}: {failed.why}", failed.why
            self._say(f"{self.message}; trying again, the picture goes on")
            self._next_secs = time.monotonic() + self._backoff_secs
            self._backoff_secs = min(2 * self._backoff_secs, self._settings.max_backoff_secs)

    def _leave(self, publisher: Publisher) -> None:
        publisher.leave()
        self._sent_before += publisher.sent
        self._publisher = None

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._event(text)


def check_publish_url(url: str) -> None:
    """
    Raises:
        SinkError: it is not an address that edgeds can publish to.
    """
    scheme = scheme_of(url)
    problem = password_problem(url)
    if problem:
        raise SinkError(
            f"cannot publish to {masked(url)!r}",
            why=problem,
            fix="quote the URL, and encode such signs",
        )
    if scheme not in FORMATS:
        near = likely_scheme(scheme) if scheme else ""
        raise SinkError(
            f"cannot publish to {masked(url)!r}",
            why=f"{scheme}:// is not a way to publish" if scheme else "it is not a URL",
            fix=f"did you mean {near}:// ?"
            if near in FORMATS
            else f"use {', '.join(f'{name}://' for name in FORMATS)}",
        )
    missing = _missing(url, scheme)
    if missing:
        raise SinkError(
            f"cannot publish to {masked(url)!r}",
            why=f"the address has no {missing}",
            fix=f"for example {scheme}://127.0.0.1:5000",
        )


def _missing(url: str, scheme: str) -> str:
    """What FFmpeg would miss in the address at each try, "" for nothing."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "host and port that can be read"
    # tcp:// and srt:// may listen at all addresses, and then name none.
    if not host and scheme not in ("tcp", "srt"):
        return "host"
    return "port" if port is None and scheme in ("udp", "tcp", "srt") else ""


def _check_srt(url: str) -> None:
    """PyAV's own packages are built without SRT.

    Raises:
        SinkError: this one is.
    """
    import av

    if scheme_of(url) != "srt":
        return
    try:
        av.open("srt:", "r").close()
    except av.error.ProtocolNotFoundError as error:
        raise SinkError(
            f"cannot publish to {masked(url)!r}",
            why="the FFmpeg inside the installed PyAV has no SRT",
            fix="publish to udp://127.0.0.1:5000, and pass it on with a full FFmpeg: "
            "ffmpeg -i udp://127.0.0.1:5000 -c copy -f mpegts srt://...",
        ) from error
    except (av.FFmpegError, OSError, ValueError):  # it has SRT, and misses an address
        return
