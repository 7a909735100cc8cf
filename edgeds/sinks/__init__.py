"""Where frames go: `open_sink` turns what people type after `-o` into a Sink."""

from __future__ import annotations

from pathlib import Path

from edgeds.errors import SinkError
from edgeds.sinks.encoding import VIDEO_SUFFIXES
from edgeds.sinks.images import ImagesSink
from edgeds.sinks.memory import MemorySink
from edgeds.sinks.output_files import check_no_input, check_no_url
from edgeds.sinks.video import VideoSink
from edgeds.sources.argument_checks import path_given
from edgeds.sources.media_errors import translated
from edgeds.sources.settings import IMAGE_SUFFIXES
from edgeds.sources.typed_paths import shortened
from edgeds.types import FileSink, StreamInfo

__all__ = ["VIDEO_SUFFIXES", "ImagesSink", "MemorySink", "VideoSink", "open_sink"]


def open_sink(uri: str | Path, like: StreamInfo, *, alpha: bool = False) -> FileSink:
    """Open an output for frames of the stream `like`: its rate, times, colour tags and audio.

    A video by its suffix (.mp4, .mkv, .mov, .webm); a folder (no suffix, or one that is
    there) or a pattern such as `out/%05d.png` for images; an image file for a single picture.
    With `alpha` the frames are RGBA: .webm (VP9), .mov (ProRes 4444) or PNG images keep it.

    Raises:
        SinkError: the place or the format cannot be written, or is an input; `like` is no stream.
    """
    if not hasattr(like, "frame_count"):
        raise SinkError(
            f"cannot write {shortened(str(uri))!r} like {type(like).__name__!r}",
            why="an output takes its rate, times and audio from the stream that it is made of",
            fix="give the source's info: open_sink(path, source.info)",
        )
    path = path_given(uri, "the output", error=SinkError)
    if str(uri) == "-":
        raise SinkError(
            f"cannot write to {str(uri)!r}",
            why="a result is not written to standard output",
            fix="give the name of a file or folder",
        )
    with translated(SinkError, f"cannot write {shortened(str(path))!r}"):
        return _sink(path, like, alpha=alpha)


def _sink(path: Path, like: StreamInfo, *, alpha: bool) -> FileSink:
    check_no_input(path, like)
    check_no_url(path)
    suffix = path.suffix.lower()
    if path.is_dir() or not suffix or suffix in IMAGE_SUFFIXES:
        return ImagesSink(path, alpha=alpha, frame_count=like.frame_count)
    if suffix not in VIDEO_SUFFIXES:
        raise SinkError(
            f"cannot write a {suffix!r} file",
            why="the suffix of the output says what kind of file it is, and this one is not known",
            fix=f"use {', '.join(sorted(VIDEO_SUFFIXES))}, or a folder for PNG images",
        )
    return VideoSink(path, like, alpha=alpha)
