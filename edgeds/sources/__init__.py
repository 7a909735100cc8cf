"""Sources of frames: `open_source` makes a Source from what people type."""

from __future__ import annotations

import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from urllib.parse import parse_qsl

from edgeds.errors import SourceError
from edgeds.sources.animation import WebpSource, is_animation
from edgeds.sources.argument_checks import path_given
from edgeds.sources.camera import CameraFeed, PixelFormat
from edgeds.sources.gstreamer import GStreamerFeed, csi_pipeline
from edgeds.sources.image_names import is_pattern
from edgeds.sources.images import ImagesSource
from edgeds.sources.realtime import RealTimeSource
from edgeds.sources.reconnecting import LiveSource, WatchedSource
from edgeds.sources.settings import READABLE_IMAGE_SUFFIXES
from edgeds.sources.stream import RtspTransport, StreamFeed
from edgeds.sources.synthetic import SyntheticSource
from edgeds.sources.typed_paths import is_there, shortened
from edgeds.sources.url import masked, scheme_of
from edgeds.sources.video import VideoSource
from edgeds.types import ClipSource, Size

__all__ = [
    "CameraFeed",
    "GStreamerFeed",
    "ImagesSource",
    "LiveSource",
    "PixelFormat",
    "RealTimeSource",
    "RtspTransport",
    "StreamFeed",
    "SyntheticSource",
    "VideoSource",
    "WatchedSource",
    "WebpSource",
    "is_images",
    "is_live",
    "open_live_source",
    "open_source",
]


_GIVE_A_FILE = "give a video, an image, a folder or a glob; a camera: open_live_source(0)"


def open_source(
    uri: str | Path, *, device: str = "cpu", decoder_threads: int | None = None
) -> ClipSource:
    """Open a video file, an image, a folder of images or a glob such as `shots/*.png`.

    The first frame is decoded at once, so an input without one is refused here.

    Args:
        device: "cuda:0" and the like: a video is decoded there where that is possible.
        decoder_threads: of a video; None leaves cores to the other stages of a run.

    Raises:
        SourceError: nothing is there, it cannot be read, or it has no frame.
    """
    path = path_given(uri, "the source", error=SourceError, fix=_GIVE_A_FILE)
    if not is_there(path) and _is_address_of_file(str(uri)):
        path = Path(uri := _file_and_options(str(uri))[0])
    if is_there(path) and is_animation(path):
        return WebpSource(path) if path.suffix.lower() == ".webp" else VideoSource(path)
    if is_images(uri):
        return ImagesSource(uri)
    if not is_there(path):
        raise _nothing_there(str(uri))
    return VideoSource(path, device=device, decoder_threads=decoder_threads)


def open_live_source(
    uri: str | int,
    *,
    size: Size | None = None,
    rate: Fraction | None = None,
    pixel_format: PixelFormat = "auto",
    rtsp_transport: RtspTransport = "auto",
    on_event: Callable[[str], None] = lambda _text: None,
    stop: threading.Event | None = None,
) -> LiveSource | RealTimeSource:
    """Open a camera, a network stream, or a file played as if it were one, and wait for a picture.

    Args:
        uri: `0` or `/dev/video0`; `rtsp://...` or another URL; `clip.mp4` or `shots/`, best as
            `file:clip.mp4`, where `?loop` at its end plays it again and again; `csi://0`, or
            `gst:` and a GStreamer pipeline.
        size, rate, pixel_format: what to ask a camera for; others give what they have.
        rtsp_transport: "auto" asks for TCP, and for UDP where the camera refuses TCP.
        on_event: gets messages for people meanwhile, from any thread.
        stop: ends the wait for the first picture when it is set.

    Raises:
        SourceError: nothing is there, it gives no picture, or `stop` was set.
    """
    text = str(uri)
    if text.isdecimal() or text.startswith("/dev/"):
        device = int(text) if text.isdecimal() else text
        return LiveSource(
            lambda: CameraFeed(device, size=size, rate=rate, pixel_format=pixel_format),
            name=f"camera {device}",
            on_event=on_event,
            stop=stop,
        )
    if text[:4].lower() in ("gst:", "csi:"):
        return LiveSource(
            lambda: _gstreamer(text, size, rate),
            name=shortened(masked(text)),
            on_event=on_event,
            stop=stop,
        )
    if is_there(Path(text)) or _is_address_of_file(text):
        path, options = _file_and_options(text)
        loops = "loop" in options
        return RealTimeSource(lambda: open_source(path), loop=loops, on_event=on_event)
    if scheme_of(text):
        return LiveSource(
            lambda: StreamFeed(text, rtsp_transport=rtsp_transport),
            name=masked(text),
            on_event=on_event,
            stop=stop,
        )
    raise SourceError(
        f"cannot open {shortened(masked(text))!r} as a camera",
        why="it is not a camera's number, a device, a URL or a file",
        fix="give 0, /dev/video0, rtsp://..., csi://0, gst:PIPELINE or file:clip.mp4",
    )


def is_live(uri: str) -> bool:
    """Whether this names a camera, a stream or a file to be played in real time."""
    if uri.isdecimal() or uri.startswith("/dev/") or uri[:4].lower() in ("gst:", "csi:"):
        return True
    return not is_there(Path(uri)) and (bool(scheme_of(uri)) or uri[:5].lower() == "file:")


def file_of(uri: str) -> Path | None:
    """The file that this names, which is there, also with `file:` or options; else None."""
    if not is_there(Path(uri)) and not _is_address_of_file(uri):
        return None
    path = Path(_file_and_options(uri)[0])
    return path if is_there(path) and path.is_file() else None


def is_images(uri: str | Path) -> bool:
    """Whether this names images (a folder, a glob, an image file) and not a video."""
    text, path = str(uri), Path(uri)
    if is_there(path):
        if path.is_dir():
            return True
        return path.suffix.lower() in READABLE_IMAGE_SUFFIXES and not is_animation(path)
    return not scheme_of(text) and is_pattern(text)


def _gstreamer(uri: str, size: Size | None, rate: Fraction | None) -> GStreamerFeed:
    if uri[:4].lower() == "csi:":
        return GStreamerFeed(csi_pipeline(uri, size, rate))
    return GStreamerFeed(uri[4:])


def _is_address_of_file(text: str) -> bool:
    """Whether it says `file:`, or is a file's name with options such as `clip.mp4?loop`.

    `shot?.png` stays a glob.
    """
    name, _, option = text.rpartition("?")
    is_named = option.isalpha() and is_there(Path(name)) and Path(name).is_file()
    return is_named or text[:5].lower() == "file:"


def _file_and_options(uri: str) -> tuple[str, set[str]]:
    """`file:clip.mp4?loop` -> ("clip.mp4", {"loop"}); what exists by its whole name is a name."""
    path = uri[5:] if uri[:5].lower() == "file:" and not is_there(Path(uri)) else uri
    path = path.removeprefix("//") if path.startswith("///") else path
    if is_there(Path(path)):
        return path, set()
    name, _, query = path.rpartition("?")
    options = {key for key, _ in parse_qsl(query, keep_blank_values=True)}
    if not name or not options:
        return path, set()
    if others := options - {"loop"}:
        if not is_there(Path(name)):
            return path, set()
        raise SourceError(
            f"cannot open {shortened(masked(uri))!r}",
            why=f"{min(others)!r} is not an option of a file; the only one is loop",
            fix=f"file:{shortened(name)}?loop plays it again and again",
        )
    return name, options


def _nothing_there(uri: str) -> SourceError:
    if scheme_of(uri):
        return SourceError(
            f"cannot open {masked(uri)!r}",
            why="it is a URL, and a file is wanted here",
            fix="`edgeds live URL` takes streams; else save the stream to a file first",
        )
    fix = "check the path; give a video file, a folder of images or a glob in quotes"
    why = "there is no such file or folder"
    if len(Path(uri).name.encode()) > 255:
        why, fix = "its name is longer than a file name can be", "check the path"
    return SourceError(f"cannot open {shortened(masked(uri))!r}", why=why, fix=fix)
