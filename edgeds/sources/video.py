"""Reads any file that FFmpeg reads, as upright frames with their exact times. Knows no outputs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from edgeds.errors import RunError, SourceError, SourceFailed, counted
from edgeds.sources.argument_checks import check_readable
from edgeds.sources.container import packets_of
from edgeds.sources.cut_short import is_cut_short
from edgeds.sources.deinterlace import Deinterlaced
from edgeds.sources.media_errors import media_errors, reason_of
from edgeds.sources.nvdec import hardware_decoder, hardware_problem, index_of, why_not_on_gpu
from edgeds.sources.primary_context import primary_context
from edgeds.sources.scaling import same_shape, text_from_size
from edgeds.sources.upright_picture import colour_of, shown_size, upright_picture
from edgeds.sources.video_info import (
    clock_of,
    hdr_name,
    info_from_container,
    opened_video,
    own_time,
    promised_secs,
    stream_tags,
)
from edgeds.types import Closing, Frame, Size

if TYPE_CHECKING:
    import av
    from av.codec.hwaccel import HWAccel

_log = logging.getLogger(__name__)

# Headers round durations: a shortfall under this is arithmetic.
_MISSING_SHARE = 0.03
_MISSING_MIN_FRAMES = 3
_MISSING_MIN_SECS = 0.5
# From every so many-th frame on, those between are skipped: codecs have up to three in a row.
_SKIP_FROM = 5


class VideoSource(Closing):
    """A video file. Packets that cannot be decoded are skipped and counted in `damaged`."""

    def __init__(
        self, path: str | Path, *, device: str = "cpu", decoder_threads: int | None = None
    ) -> None:
        """
        Args:
            device: "cuda:0" and the like: pictures are decoded and stay there where that is
                possible; else `notes` says why not.
            decoder_threads: None leaves cores to the other stages of a run.

        Raises:
            SourceError: it is not a video, or has no frame.
        """
        self._path, self._threads = Path(path), decoder_threads
        self._closed, self.damaged = False, 0
        self.notes: list[str] = []
        """Notes for people about the file; more come while frames are read."""
        self._breaks_off = self._is_over = False
        self._sizes: set[Size] = set()
        self._on_gpu = device != "cpu"
        self._frames: Iterator[av.VideoFrame]
        first = (self._opened_on_gpu(device) if self._on_gpu else None) or self._opened()
        self._first: av.VideoFrame | None = first
        self._is_plain = not (self._on_gpu or getattr(first, "interlaced_frame", False))
        self.info = info_from_container(self._path, self._container, self._stream, first)
        self._clock = clock_of(self._container, self.info, first)
        if hdr := hdr_name(self._stream, first):
            self._note(f"its colours are {hdr}; they are tone-mapped to SDR (BT.709)")

    def __iter__(self) -> Iterator[Frame]:
        check_readable(self._path.name, self._closed, self._is_over)
        return self.every(1)

    def every(self, stride: int) -> Iterator[Frame]:
        """Every `stride`-th frame. Of those between, only what others refer to is decoded.

        So it may be one or two frames later than the `stride`-th, and `index` says which, by time.
        """
        # A field may refer to another; and without a rate, times do not say which frame it is.
        skips = stride >= _SKIP_FROM and bool(self.info.rate) and self._is_plain
        if skips:
            self._stream.codec_context.skip_frame = "NONREF"
        count, due, end_secs = 0, 0, 0.0
        while not self._closed:
            decoded, self._first = self._first or next(self._frames, None), None
            if decoded is None or self._closed:
                self._is_over = True
                break
            pts, duration = self._times(decoded)
            if skips:
                count = max(count, round(pts * self.info.time_base * (self.info.rate or 0)))
            if count >= due:
                due = count - count % stride + stride
                yield self._frame(decoded, count, pts, duration)
            count += 1
            end_secs = float((pts + duration) * self.info.time_base)
            self._note_changes()
        if not self._closed:
            self._check_whole(count, end_secs)

    def seek(self, secs: float) -> None:
        """Go on from the last key frame at or before a time from the start."""
        wanted = int(Fraction(secs) / self.info.time_base)
        with suppress(*media_errors()):  # not seekable: frames go on from where they are
            self._container.seek(self._clock.own(wanted), stream=self._stream, backward=True)
        self._clock.seek(wanted)
        self._first, self._is_over = None, False
        self._read_on()

    def key_frames(self) -> int | None:
        """How many frames can be decoded by themselves; None: the file's index does not say."""
        entries = getattr(self._stream, "index_entries", None)  # PyAV before 17 has none
        return sum(bool(entry.is_keyframe) for entry in entries) if entries else None

    def key_frame(self, secs: float) -> Frame | None:
        """The last key frame at or before a time; None where that is not possible. Then `seek`."""
        if not self._is_plain:
            return None
        self.seek(secs)
        decoded = _next_alone(self._container, self._stream)
        return None if decoded is None else self._frame(decoded, 0, *self._times(decoded))

    def _times(self, decoded: av.VideoFrame) -> tuple[int, int]:
        """(presentation time, duration), in units of the time base."""
        duration = int(getattr(decoded, "duration", 0) or 0)  # PyAV before 15 has none
        return self._clock(own_time(self._container, decoded), duration), duration

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._container.close()
            # The generator knows its source and the source its generator: without this, the
            # decoder's pictures wait for the garbage collector, 3 MB with every lap of a loop.
            self._whole_frames = Deinterlaced(iter(()))
            self._frames, self._first = iter(()), None

    def _opened(self, decoder: HWAccel | None = None) -> av.VideoFrame:
        """The first frame."""
        self._container, self._stream = opened_video(self._path, decoder, self._threads)
        self._read_on()
        return self._opening_frame()

    def _opened_on_gpu(self, device: str) -> av.VideoFrame | None:
        """The first frame; None, with a note, where the video is for the CPU."""
        if not (why := hardware_problem()):
            try:
                with primary_context(index_of(device)):
                    first = self._opened(hardware_decoder(device))
                why = why_not_on_gpu(first, colour_of(first, stream_tags(self._stream)))
                if not why:
                    return first
                self._container.close()
            except (SourceError, RunError) as error:
                why = error.why
        self._closed = self._on_gpu = False
        self._note(f"decoded on the CPU: {why}")
        return None

    def _read_on(self) -> None:
        """Frames from where the container is. The GPU's are whole: see `why_not_on_gpu`."""
        decoded = self._decoded()
        self._whole_frames = Deinterlaced(iter(()) if self._on_gpu else decoded)
        self._frames = decoded if self._on_gpu else iter(self._whole_frames)

    def _opening_frame(self) -> av.VideoFrame:
        try:
            first = next(self._frames, None)
        except SourceFailed as error:
            self.close()
            raise SourceError(error.what, why=error.why, fix=error.fix) from error
        if first is None:
            self.close()
            raise SourceError(
                f"no frame in {self._path.name!r}",
                why="its video stream is empty or every packet of it is damaged",
                fix="play the file in a video player; if it does not play, it must be made again",
            )
        return first

    def _decoded(self) -> Iterator[av.VideoFrame]:
        foreign = media_errors()  # not when the interpreter ends, which imports nothing any more
        packets = packets_of(self._container, self._stream)
        while not self._closed:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except foreign as error:
                raise SourceFailed(
                    f"{self._path.name} broke off",
                    why=f"it cannot be read further: {reason_of(error).why}",
                    fix="the file is damaged or truncated; copy it again",
                ) from error
            if packet.size:  # the last one, empty, flushes the decoder
                self._breaks_off = packet.is_corrupt
            try:
                yield from packet.decode()
            except foreign:
                self.damaged += 1

    def _frame(self, decoded: av.VideoFrame, index: int, pts: int, duration: int) -> Frame:
        size = shown_size(decoded)
        if size != self.info.size and size not in self._sizes:
            self._sizes.add(size)
            stretched = "" if same_shape(size, self.info.size) else ", which stretches it"
            self._note(
                f"from frame {index} on the picture is {text_from_size(size)}; it is scaled to "
                f"{text_from_size(self.info.size)}{stretched}"
            )
        picture = upright_picture(decoded, stream_tags(self._stream), self.info.size)
        return Frame(None, index, pts, self.info.time_base, duration=duration, picture=picture)

    def _note_changes(self) -> None:
        """Note what turns up while reading, each thing once."""
        if self._clock.restarts == 1:
            self._note("its clock was restarted (joined recordings?); the times go on steadily")
        if self._whole_frames.found:
            self._note("it is interlaced; its frames are deinterlaced")

    def _note(self, text: str) -> None:
        text = f"{self._path.name}: {text}"
        if text not in self.notes:
            self.notes.append(text)
            _log.info("%s", text)

    def _check_whole(self, count: int, end_secs: float) -> None:
        """
        Raises:
            SourceFailed: the file ends before its end: its last packet or its structure is cut.
        """
        expected = self.info.frame_count or 0
        if _misses(count, expected) and (self._breaks_off or is_cut_short(self._path)):
            raise _ended_early(self._path, count, expected, self.damaged)
        if self._clock.restarts:  # FFmpeg takes the first and the last time for the duration
            return
        promised = promised_secs(self._container, self._stream) or 0.0
        if promised - end_secs > max(_MISSING_MIN_SECS, _MISSING_SHARE * end_secs):
            self._note(f"its header promises {promised:.1f} s; it holds {end_secs:.1f} s")


def _next_alone(
    container: av.container.InputContainer, stream: av.VideoStream
) -> av.VideoFrame | None:
    """The next key frame. Nothing else is decoded: the decoder is emptied, which would otherwise
    give it after some more frames.
    """
    with suppress(*media_errors()):
        for packet in packets_of(container, stream):
            if packet.is_keyframe:
                decoded = [*packet.decode(), *stream.codec_context.decode(None)]
                return decoded[0] if decoded else None
    return None


def _misses(count: int, expected: int) -> bool:
    return expected - count > max(_MISSING_MIN_FRAMES, _MISSING_SHARE * expected)


def _ended_early(path: Path, count: int, expected: int, damaged: int) -> SourceFailed:
    were = "was" if damaged == 1 else "were"
    packets = f", {counted(damaged, 'packet')} {were} damaged" if damaged else ""
    return SourceFailed(
        f"{path.name} ended early: {count} of {expected} frames",
        why=f"the file is truncated or damaged{packets}",
        fix="copy or record the file again; what was there has been processed",
    )
