"""Frames as a video file, with the times, colour tags and audio of the stream they came from.

Written under a temporary name and moved into place when whole. All formats are written in pieces
of a second, so that what was written before a full disk or a crash can be played.
Knows nothing about views.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from edgeds.errors import RunError, SinkFailed, counted
from edgeds.sinks.atomic_files import PendingFile
from edgeds.sinks.audio import AudioCopy
from edgeds.sinks.encoding import (
    Format,
    add_video_stream,
    container_options,
    encodable,
    format_of,
)
from edgeds.sinks.output_files import check_no_input
from edgeds.sources.argument_checks import check_frame, check_open
from edgeds.sources.container import local_name
from edgeds.sources.media_errors import media_errors, reason_of
from edgeds.sources.timecode import recorded
from edgeds.types import Closing, Frame, Size, StreamInfo

if TYPE_CHECKING:
    import av


class VideoSink(Closing):
    """One video file. The encoder opens with the first frame, whose size is the video's."""

    def __init__(
        self, path: Path, like: StreamInfo, *, alpha: bool = False, kind: Format | None = None
    ) -> None:
        """
        Args:
            kind: how it is encoded; by default as the suffix and `alpha` ask for.

        Raises:
            SinkError: the file cannot be written, is an input, or another run is writing it.
        """
        self._path, self._like = path, like
        self._format = kind or format_of(path, alpha=alpha)
        check_no_input(path, like)
        self._file = PendingFile(path)
        self.location = str(path)
        self._encoder: _Encoder | None = None
        self._written = 0
        self.lost = 0
        """How many of the frames that were taken are not in a file that could not be completed."""
        self._failed = self._closed = False

    @property
    def audio(self) -> str:
        """What became of the audio, for the report: "copied", "encoded as aac", "none"."""
        return self._encoder.audio_verdict if self._encoder is not None else "none"

    def write(self, frame: Frame) -> None:
        check_frame(frame)
        self.write_picture(frame, lambda: encodable(frame, self._format, self._like.colour))

    def write_picture(self, of: Frame, picture: Callable[[], av.VideoFrame]) -> None:
        """Write a picture that stands for a frame: its time and size are the frame's.

        Args:
            picture: makes it, in the encoder's format and with even sides where that needs them.
        """
        check_open(self._closed, f"the output {self._path.name}", error=SinkFailed)
        failures: tuple[type[Exception], ...] = (*media_errors(), RunError)  # the last is a GPU's
        try:
            if self._encoder is None:
                self._encoder = _Encoder(self._file.part, self._format, self._like, of.size)
            self._encoder.encode(of, picture())
        except failures as error:
            self._failed = True
            # The encoder still had the last ones: `lost` is how many.
            most = "at most " if self._written else ""
            written = f"{most}{counted(self._written, 'frame')}"
            raise _failure(f"write on to {self._path.name} after {written}", error) from error
        self._written += 1

    def close(self) -> None:
        """Complete the file and move it into place; nothing is left where it has no frame.

        Raises:
            SinkFailed: it could not be completed; what there is stays, as `location` says.
        """
        self._end(whole=True)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc is None or isinstance(exc, KeyboardInterrupt):
            self._end(whole=exc is None)
            return
        with suppress(SinkFailed):  # the first error is the one to report
            self._end(whole=False)

    def _end(self, *, whole: bool) -> None:
        """A film that is not whole never takes the place of an earlier, finished one."""
        if self._closed:
            return
        self._closed = True
        whole = whole and not self._failed
        error = self._completed(whole=whole)
        if not self._written:
            self._file.discard()
            return
        if whole and error is None:
            try:
                self._file.finish()
                return
            except OSError as problem:
                error = problem
        if error is not None or self._failed:
            self.lost = max(0, self._written - _frames_in(self._file.part))
        if self.lost == self._written:  # a disk may be full from the start
            self._file.discard()
        else:
            try:
                self.location = str(self._file.keep())
            except OSError as problem:
                error = error or problem
        if error is not None and not self._failed:
            raise _failure(f"complete {self._path.name}", error) from error

    def _completed(self, *, whole: bool) -> Exception | None:
        """Flush encoder, audio and index; after a failed write save what can be saved."""
        if self._encoder is None:
            return None
        try:
            if not self._failed:
                self._encoder.flush(all_audio=whole)
            self._encoder.close()
        except media_errors() as error:
            with suppress(*media_errors()):
                self._encoder.close()
            return error
        return None


class _Encoder:
    """The container with its video stream and the audio beside it."""

    def __init__(self, part: Path, kind: Format, like: StreamInfo, size: Size) -> None:
        import av

        self._format, self._like = kind, like
        options = container_options(kind, av.library_versions["libavformat"])
        self._container = av.open(local_name(part), "w", options=options)
        self._stream = add_video_stream(self._container, kind, like, size)
        timecode = recorded(like.path).timecode if part.suffix.lower() == ".mov" else None
        if timecode is not None:  # editors line clips up by it
            self._stream.metadata["timecode"] = timecode
        self._audio: AudioCopy | None = None
        if like.path is not None and like.has_audio:
            self._audio = AudioCopy(like.path, self._container, start_secs=like.start_secs)
        self._end_secs = Fraction(0)
        self._durations: dict[int, int] = {}

    @property
    def audio_verdict(self) -> str:
        return self._audio.verdict if self._audio is not None else "none"

    def encode(self, frame: Frame, picture: av.VideoFrame) -> None:
        shown = Fraction(frame.duration) or 1 / Fraction(self._like.rate or 30) / frame.time_base
        self._end_secs = (frame.pts + shown) * frame.time_base
        if frame.duration:
            scale = frame.time_base / self._like.time_base
            self._durations[round(frame.pts * scale)] = round(frame.duration * scale)
        picture.pts, picture.time_base = frame.pts, frame.time_base
        self._mux(self._stream.encode(picture))

    def flush(self, *, all_audio: bool) -> None:
        """Write what the encoder holds, and the audio: all of it, or as far as the pictures go."""
        self._mux(self._stream.encode(None))
        if self._audio is not None:
            self._audio.mux_until(None if all_audio else self._end_secs)
            self._audio.flush()

    def close(self) -> None:
        try:
            self._container.close()
        finally:
            if self._audio is not None:
                self._audio.close()

    def _mux(self, packets: list[av.Packet[Any]]) -> None:
        for packet in packets:
            # Encoders give the last frame no duration, or the one before it that of its gap.
            duration = self._durations.pop(packet.pts, 0) if packet.pts is not None else 0
            if duration:
                packet.duration = duration
            if self._audio is not None and packet.dts is not None:
                self._audio.mux_until(packet.dts * Fraction(packet.time_base))
            self._container.mux(packet)


def _frames_in(path: Path) -> int:
    """How many frames a film holds that may break off; none where it cannot be read."""
    import av

    count = 0
    with suppress(*media_errors()), av.open(local_name(path)) as film:
        for packet in film.demux(film.streams.video[0]):
            count += packet.size > 0 and not packet.is_corrupt  # the last may be cut off
    return count


def _failure(doing: str, error: BaseException) -> SinkFailed:
    reason = reason_of(error)
    fix = reason.fix or "write another kind of file, such as .mkv"
    return SinkFailed(f"cannot {doing}", why=reason.why, fix=fix)
