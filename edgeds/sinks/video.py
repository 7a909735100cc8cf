"""Frames as a video file, with the times, colour tags and audio of the stream they came from.

Written under a temporary name and moved into place when whole. MP4 and MOV are written in
fragments until then, so that what was written before a full disk or a crash can be played.
Knows nothing about views.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from edgeds.errors import SinkError, SinkFailed
from edgeds.sinks.audio import AudioCopy
from edgeds.sinks.settings import ENCODE
from edgeds.sources.scaling import SWSCALE_FLAGS, swscale_colour
from edgeds.types import Closing, Frame, Pixels, StreamInfo

if TYPE_CHECKING:
    import av


@dataclass(frozen=True, slots=True)
class _Format:
    codec: str
    pix_fmt: str
    options: dict[str, str]
    container_options: dict[str, str]


# A fragment a second: what a crash can lose. Once complete the file is a plain MP4 again.
# The index waits for the first one, to hold the delays of the tracks (AAC starts before 0).
_FRAGMENTS = {"movflags": "hybrid_fragmented+delay_moov", "frag_duration": "1000000"}
_OPAQUE = {
    ".mkv": _Format("libx264", "yuv420p", ENCODE.x264, {}),
    ".mov": _Format("libx264", "yuv420p", ENCODE.x264, _FRAGMENTS),
    ".mp4": _Format("libx264", "yuv420p", ENCODE.x264, _FRAGMENTS),
    ".webm": _Format("libvpx-vp9", "yuv420p", ENCODE.vp9, {}),
}
_ALPHA = {
    ".mkv": _Format("libvpx-vp9", "yuva420p", ENCODE.vp9, {}),
    ".mov": _Format("prores_ks", "yuva444p10le", {"profile": "4"}, _FRAGMENTS),
    ".webm": _Format("libvpx-vp9", "yuva420p", ENCODE.vp9, {}),
}
VIDEO_SUFFIXES = frozenset(_OPAQUE)


class VideoSink(Closing):
    """One video file. The encoder opens with the first frame, whose size is the video's."""

    def __init__(self, path: Path, like: StreamInfo, *, alpha: bool = False) -> None:
        self._path, self._like = path, like
        self._format = _format(path, alpha=alpha)
        self._part = path.with_name(f".{path.stem}.part{path.suffix}")
        self.location = str(path)
        self._container: av.container.OutputContainer | None = None
        self._stream: av.VideoStream | None = None
        self._audio: AudioCopy | None = None
        self._written = 0
        self._failed = self._closed = False
        _check_writable(path, self._part)

    @property
    def audio(self) -> str:
        """What became of the audio, for the report: "copied", "encoded as aac", "none"."""
        return self._audio.verdict if self._audio is not None else "none"

    def write(self, frame: Frame) -> None:
        try:
            if self._container is None or self._stream is None:
                self._open(frame)
            self._encode(frame)
        except OSError as error:  # PyAV's errors are OSErrors
            self._failed = True
            raise SinkFailed(
                f"cannot write on to {self._path.name} after {self._written} frames",
                why=error.strerror or str(error),
                fix=_fix(error),
            ) from error
        self._written += 1

    def close(self) -> None:
        """Complete the file and move it into place; nothing is left where no frame was written."""
        if self._closed:
            return
        self._closed = True
        self._complete()
        if not self._written:
            self._part.unlink(missing_ok=True)
            return
        self._part.replace(self._path)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is None:
            self.close()
            return
        # Keep what was written, but never in the place of an earlier, finished output.
        if self._path.exists() and not self._closed:
            self._path = self._path.with_name(f"{self._path.stem}.partial{self._path.suffix}")
            self.location = str(self._path)
        with suppress(SinkFailed):  # the first error is the one to report
            self.close()

    def _open(self, frame: Frame) -> None:
        import av

        container = av.open(str(self._part), "w", options=self._format.container_options)
        self._container = container
        rate = self._like.rate or 1 / self._like.time_base
        stream = cast("av.VideoStream", container.add_stream(self._format.codec, rate=rate))
        self._stream = stream
        height, width = _even(frame.size)
        context = stream.codec_context
        stream.width, stream.height, stream.pix_fmt = width, height, self._format.pix_fmt
        # The encoder keeps 1/1000 s and the like as they are: variable rates stay variable.
        context.time_base = self._like.time_base
        context.options = self._format.options
        tags = self._like.colour
        context.color_primaries, context.color_trc = tags.primaries, tags.transfer
        context.colorspace = tags.matrix
        context.color_range = 2 if tags.full_range else 1
        context.sample_aspect_ratio = self._like.pixel_aspect
        if self._like.path is not None and self._like.has_audio:
            self._audio = AudioCopy(self._like.path, container)

    def _encode(self, frame: Frame) -> None:
        import av

        assert self._container is not None
        assert self._stream is not None
        layout = "rgba" if frame.pixels.shape[2] == 4 else "rgb24"
        picture = av.VideoFrame.from_ndarray(_padded(frame.pixels), format=layout)
        matrix, colour_range = swscale_colour(self._like.colour)
        picture = picture.reformat(
            format=self._format.pix_fmt,
            dst_colorspace=matrix,
            dst_color_range=colour_range,
            interpolation=SWSCALE_FLAGS,
        )
        picture.pts, picture.time_base = frame.pts, frame.time_base
        for packet in self._stream.encode(picture):
            self._mux(packet)

    def _mux(self, packet: av.Packet[Any]) -> None:
        assert self._container is not None
        if self._audio is not None and packet.dts is not None:
            self._audio.mux_until(packet.dts * Fraction(packet.time_base))
        self._container.mux(packet)

    def _complete(self) -> None:
        """Flush encoder, audio and index; after a failed write save what can be saved."""
        if self._container is None or self._stream is None:
            return
        try:
            if not self._failed:
                for packet in self._stream.encode(None):
                    self._mux(packet)
                if self._audio is not None:
                    self._audio.mux_until(None)
            self._container.close()
        except OSError as error:
            with suppress(OSError):
                self._container.close()
            if not self._failed:
                self._part.replace(self._path)
                raise SinkFailed(
                    f"cannot complete {self._path.name}",
                    why=error.strerror or str(error),
                    fix=_fix(error),
                ) from error
        finally:
            if self._audio is not None:
                self._audio.close()


def _format(path: Path, *, alpha: bool) -> _Format:
    found = (_ALPHA if alpha else _OPAQUE).get(path.suffix.lower())
    if found is None:
        raise SinkError(
            f"a {path.suffix} file cannot keep alpha",
            why="the cutout view needs a transparent background",
            fix="write a .webm (VP9), a .mov (ProRes 4444), or a folder of PNG images",
        )
    return found


def _check_writable(path: Path, part: Path) -> None:
    """Find out now, not after an hour, that the output cannot be written."""
    why = ""
    if not path.parent.is_dir():
        why = f"there is no folder {str(path.parent)!r}"
    elif path.exists() and not os.access(path, os.W_OK):
        why = "the file is there and may not be overwritten"
    else:
        try:
            part.touch()
            part.unlink()
        except OSError as error:
            why = error.strerror or str(error)
    if why:
        raise SinkError(f"cannot write {str(path)!r}", why=why, fix="give a place you may write to")


def _fix(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
        return "make room on the disk, or write elsewhere; the file plays up to here"
    return "write another kind of file, such as .mkv"


def _even(size: tuple[int, int]) -> tuple[int, int]:
    height, width = size
    return height + height % 2, width + width % 2


def _padded(pixels: Pixels) -> Pixels:
    """Repeat the last row or column where a side is odd: 4:2:0 video has even sides only."""
    odd_height, odd_width = pixels.shape[0] % 2, pixels.shape[1] % 2
    if odd_height or odd_width:
        return np.pad(pixels, ((0, odd_height), (0, odd_width), (0, 0)), mode="edge")
    return np.ascontiguousarray(pixels)
