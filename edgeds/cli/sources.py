"""SOURCE as people type it: a camera or stream, live, or a file or folder in its own time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edgeds.sources import WatchedSource
    from edgeds.types import Frame, Source, StreamInfo

SourceArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help="A camera (0, /dev/video0), a stream (rtsp://...), a video file or an image folder; "
        "file:clip.mp4 is played in real time.",
    ),
]
CameraOption: TypeAlias = Annotated[str | None, typer.Option(help="The same as SOURCE.")]


def uri_from_arguments(source: str | None, camera: str | None) -> str:
    """The one that was given; neither is the first camera.

    Raises:
        InputError: both were given.
    """
    from edgeds.errors import InputError

    if source is not None and camera is not None:
        raise InputError(
            "there are two sources",
            why=f"SOURCE is {source!r} and --camera is {camera!r}",
            fix="give one of them",
        )
    return source or camera or "0"


@contextmanager
def open_any(uri: str) -> Iterator[Opened]:
    """Open what SOURCE names.

    Raises:
        SourceError: it cannot be opened.
    """
    from edgeds.sources import open_live_source, open_source

    if uri.isdecimal() or "://" in uri or uri.startswith(("/dev/", "file:")):
        with open_live_source(uri) as camera:
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
        """Frames of a file, at least one every so often; of a camera the newest when wanted."""
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
