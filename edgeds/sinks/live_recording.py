"""Records a part of a live run as a video file: real times from 0 on, with one picture size.

Knows nothing about encoders: the video sink encodes.
"""

from __future__ import annotations

import time
from collections.abc import Container, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import TracebackType

import numpy as np

from edgeds.errors import SinkError
from edgeds.sinks.atomic_files import check_writable
from edgeds.sinks.encoding import ALPHA_SUFFIXES, format_of
from edgeds.sinks.video import VideoSink
from edgeds.sources.media_errors import reason_of
from edgeds.sources.scaling import resized
from edgeds.types import Closing, Frame, Pixels, Size, StreamInfo


class RecordingSink(Closing):
    """Frames keep their distances in time: the rate is variable, and a pause stays a pause.

    The video has the first frame's size; frames of another view are fitted into it.
    """

    def __init__(self, path: Path, like: StreamInfo, *, alpha: bool = False) -> None:
        """
        Args:
            alpha: keep the alpha of RGBA frames, if the file can store it: see `keeps_alpha`.

        Raises:
            SinkError: the file cannot be written, or another run is writing it.
        """
        self.keeps_alpha = alpha and path.suffix.lower() in ALPHA_SUFFIXES
        """Whether RGBA frames are wanted; RGB ones are then taken as opaque."""
        like = replace(like, path=None, has_audio=False)
        self._video = VideoSink(path, like, alpha=self.keeps_alpha)
        self._start_pts, self._last_pts = 0, -1
        self._size: Size | None = None

    @property
    def location(self) -> str:
        return self._video.location

    @property
    def lost(self) -> int:
        """As the video's."""
        return self._video.lost

    def write(self, frame: Frame) -> None:
        if self._size is None:
            self._size, self._start_pts = frame.size, frame.pts
        pts = max(frame.pts - self._start_pts, self._last_pts + 1)
        pixels = _with_alpha(frame.pixels) if self.keeps_alpha else frame.pixels
        shown = frame.with_pixels(letterboxed(pixels, self._size))
        self._video.write(replace(shown, pts=pts))
        self._last_pts = pts

    def close(self) -> None:
        self._video.close()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._video.__exit__(exc_type, exc, traceback)


def check_recording(path: Path) -> None:
    """Find out before anything opens that a recording cannot be written there.

    Raises:
        SinkError: its folder is missing, it may not be written, or its suffix is no video's.
    """
    format_of(path, alpha=False)
    check_writable(path, "the recording")


def _with_alpha(pixels: Pixels) -> Pixels:
    if pixels.shape[2] == 4:
        return pixels
    return np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])


def letterboxed(pixels: Pixels, size: Size) -> Pixels:
    """The whole picture, scaled to fit into (height, width), on black; RGBA on transparency."""
    if pixels.shape[:2] == size:
        return pixels
    height, width = size
    scale = min(height / pixels.shape[0], width / pixels.shape[1])
    tall, wide = (max(1, round(side * scale)) for side in pixels.shape[:2])
    canvas = np.zeros((height, width, pixels.shape[2]), np.uint8)
    top, left = (height - tall) // 2, (width - wide) // 2
    canvas[top : top + tall, left : left + wide] = resized(pixels, (tall, wide))
    return canvas


def dated(suffix: str) -> str:
    """A name with the date and the time in it: edgeds-20261123-221504.mp4."""
    return time.strftime(f"edgeds-%Y%m%d-%H%M%S{suffix}")


def free_path(wanted: Path, taken: Container[Path] = ()) -> Path:
    """The path itself, or the next free name beside it: out.mp4, out-2.mp4, ...

    `taken`: names that are in use although their files do not exist yet.
    """
    return next(path for path in _names(wanted) if not path.exists() and path not in taken)


def claimed_path(wanted: Path) -> Path:
    """Like `free_path`, and make an empty file, so that nobody else takes the name.

    Raises:
        SinkError: no file can be made there.
    """
    for path in _names(wanted):
        try:
            path.open("xb").close()
        except FileExistsError:
            continue
        except OSError as error:
            raise SinkError(
                f"cannot write {str(path)!r}",
                why=reason_of(error).why,
                fix="give a folder that you may write to",
            ) from error
        return path
    raise AssertionError("names do not end")


def _names(wanted: Path) -> Iterator[Path]:
    yield wanted
    for number in count(2):
        yield wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
