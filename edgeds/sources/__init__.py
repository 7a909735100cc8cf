"""Where frames come from: `open_source` turns what people type into a Source."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from urllib.parse import parse_qsl

from edgeds.errors import SourceError
from edgeds.sources.camera import CameraFeed, PixelFormat
from edgeds.sources.images import ImagesSource
from edgeds.sources.live import LiveSource, WatchedSource
from edgeds.sources.realtime import RealTimeSource
from edgeds.sources.settings import IMAGE_SUFFIXES
from edgeds.sources.stream import StreamFeed
from edgeds.sources.synthetic import SyntheticSource
from edgeds.sources.video import VideoSource
from edgeds.types import Size, Source

__all__ = [
    "CameraFeed",
    "ImagesSource",
    "LiveSource",
    "PixelFormat",
    "RealTimeSource",
    "StreamFeed",
    "SyntheticSource",
    "VideoSource",
    "WatchedSource",
    "is_images",
    "open_live_source",
    "open_source",
]


def open_source(uri: str | Path) -> Source:
    """Open a video file, an image, a folder of images or a glob such as `shots/*.png`.

    The first frame is decoded at once, so what cannot give one is refused here.

    Raises:
        SourceError: nothing is there, it cannot be read, or it has no frame.
    """
    if is_images(uri):
        return ImagesSource(uri)
    path = Path(uri)
    if not path.exists():
        raise SourceError(
            f"cannot open {str(uri)!r}",
            why="there is no such file or folder",
            fix="check the path; SOURCE is a video file, a folder of images or a glob in quotes",
        )
    return VideoSource(path)


def open_live_source(
    uri: str | int,
    *,
    size: Size | None = None,
    rate: Fraction | None = None,
    pixel_format: PixelFormat = "auto",
) -> LiveSource | RealTimeSource:
    """Open a camera, a network stream, or a file played as if it were one, and wait for a picture.

    Args:
        uri: `0` or `/dev/video0`; `rtsp://...` or another URL; `clip.mp4` or `shots/`, best as
            `file:clip.mp4`, where `?loop` at its end plays it again and again.
        size, rate, pixel_format: what to ask a camera for; others give what they have.

    Raises:
        SourceError: nothing is there, or it gives no picture.
    """
    text = str(uri)
    if text.isdecimal() or text.startswith("/dev/"):
        device = int(text) if text.isdecimal() else text
        return LiveSource(
            lambda: CameraFeed(device, size=size, rate=rate, pixel_format=pixel_format)
        )
    if text.startswith("file:") or Path(text).exists():
        path, options = _file_and_options(text)
        return RealTimeSource(lambda: open_source(path), loop="loop" in options)
    if "://" in text:
        return LiveSource(lambda: StreamFeed(text))
    raise SourceError(
        f"cannot open {text!r} as a camera",
        why="it is no camera's number, no device, no URL and no file",
        fix="give 0, /dev/video0, rtsp://... or file:clip.mp4",
    )


def _file_and_options(uri: str) -> tuple[str, set[str]]:
    """`file:clip.mp4?loop` -> ("clip.mp4", {"loop"}); what exists by its whole name is a name."""
    path = uri.removeprefix("file:")
    path = path.removeprefix("//") if path.startswith("///") else path
    if Path(path).exists():
        return path, set()
    name, _, query = path.rpartition("?")
    options = {key for key, _ in parse_qsl(query, keep_blank_values=True)}
    if not name or options - {"loop"}:
        return path, set()
    return name, options


def is_images(uri: str | Path) -> bool:
    """Whether this names images (a folder, a glob, an image file) and not a video."""
    text, path = str(uri), Path(uri)
    if path.exists():
        return path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES
    return any(sign in text for sign in "*?[")
