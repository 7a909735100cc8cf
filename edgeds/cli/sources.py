"""SOURCE as people type it: a camera or stream, live, or a file or folder at its own speed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from edgeds.cli.console import say
from edgeds.cli.option_groups import INPUT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from threading import Event

    from edgeds.sources import LiveSource, RealTimeSource, RtspTransport, WatchedSource
    from edgeds.types import Frame, Source, StreamInfo

SourceArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help="A camera (0, /dev/video0), a stream (rtsp://...), a video file or an image folder; "
        "file:clip.mp4 plays a clip in real time, gst:PIPELINE runs a GStreamer pipeline. "
        "Default: camera 0.",
    ),
]
CameraOption: TypeAlias = Annotated[
    str | None, typer.Option(help="The same as SOURCE.", rich_help_panel=INPUT)
]
TransportOption: TypeAlias = Annotated[
    Literal["auto", "tcp", "udp"],
    typer.Option(
        "--rtsp-transport",
        help="Transport of RTSP: auto tries TCP first, then UDP.",
        rich_help_panel=INPUT,
    ),
]


def uri_from_arguments(source: str | None, camera: str | None) -> str:
    """SOURCE or --camera, whichever was given; without either, the first camera.

    Raises:
        InputError: both were given.
    """
    from edgeds.errors import InputError
    from edgeds.sources.url import masked

    if source is not None and camera is not None:
        raise InputError(
            "there are two sources",
            why=f"SOURCE is {masked(source)!r} and --camera is {masked(camera)!r}",
            fix="give one of them",
        )
    return source or camera or "0"


def check_transport(uri: str, transport: str) -> None:
    """
    Raises:
        InputError: it was given for a source that has none.
    """
    from edgeds.errors import InputError

    if transport != "auto" and not uri.lower().startswith("rtsp"):
        raise InputError(
            "--rtsp-transport was given, and SOURCE is no RTSP stream",
            why="it would change nothing",
            fix="leave --rtsp-transport out, or give rtsp://...",
        )


def asked_of_camera(
    size: str | None, fps: float | None, pixel_format: str, rtsp_transport: str
) -> dict[str, Any]:
    """The options of `open_camera`, as people type them.

    Raises:
        InputError: the size cannot be read.
    """
    from fractions import Fraction

    from edgeds.sources.scaling import size_from_text

    return {
        "size": None if size is None else size_from_text(size),
        "rate": None if fps is None else Fraction(fps).limit_denominator(1001),
        "pixel_format": pixel_format,
        "rtsp_transport": rtsp_transport,
    }


def open_camera(uri: str, stop: Event, **options: Any) -> LiveSource | RealTimeSource:
    """`open_live_source`, which prints what it waits for. Ctrl-C ends the wait.

    Raises:
        SourceError: it cannot be opened.
        typer.Exit: `stop` was set meanwhile.
    """
    from edgeds.errors import SourceError
    from edgeds.sources import open_live_source

    try:
        return open_live_source(uri, on_event=say, stop=stop, **options)
    except SourceError:
        if not stop.is_set():
            raise
        say("stopped before there was a picture")
        raise typer.Exit(130) from None


@contextmanager
def open_any(uri: str, stop: Event, *, rtsp_transport: RtspTransport = "auto") -> Iterator[Opened]:
    """Open what SOURCE names.

    Raises:
        InputError: `rtsp_transport` was given for another source.
        SourceError: it cannot be opened.
        typer.Exit: `stop` was set before a camera gave a picture.
    """
    from edgeds.sources import is_live, open_source

    check_transport(uri, rtsp_transport)
    if is_live(uri):
        with open_camera(uri, stop, rtsp_transport=rtsp_transport) as camera:
            yield Opened(camera, camera)
    else:
        with open_source(uri) as source:
            yield Opened(source, None)


class Opened:
    """A source, and whether it runs in real time."""

    def __init__(self, source: Source, camera: WatchedSource | None) -> None:
        self.source, self.camera = source, camera

    @property
    def is_live(self) -> bool:
        return self.camera is not None

    @property
    def info(self) -> StreamInfo:
        return self.source.info

    @contextmanager
    def frames(self, every_secs: float = 0.0) -> Iterator[Iterable[Frame]]:
        """Frames of a file, spaced at least so far apart; of a camera, the newest when one is
        wanted.
        """
        from edgeds.sources import VideoSource
        from edgeds.sources.handoff import latest

        if self.is_live:
            with latest(self.source) as newest:
                yield newest
        elif isinstance(self.source, VideoSource):
            rate = float(self.info.rate or 30)
            yield self.source.every(max(1, int(rate * every_secs)))
        else:
            yield self.source
