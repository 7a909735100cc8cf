"""Any file FFmpeg reads, as upright RGB frames with their exact times. Knows nothing about output.

libavformat hides rotation, colour tags and timestamps unless they are asked for: all are, here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources.container import open_container
from edgeds.sources.scaling import SWSCALE_FLAGS, swscale_colour
from edgeds.types import Closing, ColourTags, Frame, Pixels, StreamInfo

if TYPE_CHECKING:
    import av

# Containers count frames that an edit list hides and round durations: a shortfall under this is
# their arithmetic, over it the file ends before its end.
_TRUNCATED_SHARE = 0.03
_TRUNCATED_MIN_FRAMES = 3
# FFmpeg would show any text file as a film of a terminal.
_TEXT_ART = frozenset({"tty", "bin", "xbin", "adf", "idf"})


class VideoSource(Closing):
    """A video file. Packets that cannot be decoded are skipped and counted in `damaged`."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._container, self._stream = _opened(self._path)
        self._closed = False
        self.damaged = 0
        self._frames = self._decoded()
        try:
            self._first = next(self._frames, None)
        except SourceFailed as error:
            self.close()
            raise SourceError(error.what, why=error.why, fix=error.fix) from error
        if self._first is None:
            self.close()
            raise SourceError(
                f"no frame in {self._path.name!r}",
                why="its video stream is empty or every packet of it is damaged",
                fix="play the file in a video player; if it does not play, it must be made again",
            )
        self.info = _info(self._path, self._container, self._stream, self._first)

    def __iter__(self) -> Iterator[Frame]:
        return self.every(1)

    def every(self, stride: int) -> Iterator[Frame]:
        """Every `stride`-th frame; those between are decoded but not turned into RGB."""
        count = 0
        first, self._first = self._first, None
        if first is not None and not self._closed:
            count = 1
            yield _frame(first, 0, self.info)
        last_pts = _pts(first, self.info, 0) if first is not None else -1
        for decoded in self._frames:
            if self._closed:
                return
            # A clock that stands still or runs back would end the encoder.
            pts = max(_pts(decoded, self.info, count), last_pts + 1)
            if count % stride == 0:
                yield _frame(decoded, count, self.info, pts)
            last_pts, count = pts, count + 1
        if not self._closed:
            self._check_whole(count)

    def seek(self, secs: float) -> None:
        """Go on from the last key frame at or before a time."""
        ticks = int(Fraction(secs) / self.info.time_base) + (self._stream.start_time or 0)
        with suppress(OSError):  # not seekable: frames go on from where they are
            self._container.seek(ticks, stream=self._stream, backward=True)
        self._first = None
        self._frames = self._decoded()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._container.close()
            # The generator knows its source and the source its generator: without this, the
            # decoder's pictures wait for the garbage collector, 3 MB with every lap of a loop.
            self._frames, self._first = iter(()), None

    def _decoded(self) -> Iterator[av.VideoFrame]:
        import av

        packets = self._container.demux(self._stream)
        while not self._closed:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (OSError, av.FFmpegError) as error:
                raise SourceFailed(
                    f"{self._path.name} broke off",
                    why=f"it cannot be read further: {_reason(error)}",
                    fix="the file is damaged or truncated; copy it again",
                ) from error
            try:
                yield from packet.decode()
            except av.FFmpegError:
                self.damaged += 1

    def _check_whole(self, count: int) -> None:
        expected = self.info.frame_count
        if expected is None:
            return
        missing = expected - count
        if missing > max(_TRUNCATED_MIN_FRAMES, _TRUNCATED_SHARE * expected):
            damaged = f", {self.damaged} packets were damaged" if self.damaged else ""
            raise SourceFailed(
                f"{self._path.name} ended early: {count} of {expected} frames",
                why=f"the file is truncated or damaged{damaged}",
                fix="copy or record the file again; what was there has been processed",
            )


def _opened(path: Path) -> tuple[av.container.InputContainer, av.VideoStream]:
    import av

    try:
        container = open_container(path)
    except (OSError, av.FFmpegError, ValueError) as error:
        raise SourceError(
            f"cannot open {str(path)!r}",
            why=f"it is not a video that FFmpeg can read: {_reason(error)}",
            fix="give a video file, a folder of images or a glob in quotes",
        ) from error
    if container.format.name in _TEXT_ART:
        container.close()
        raise SourceError(
            f"cannot open {str(path)!r}",
            why="it is text, not a video",
            fix="give a video file, a folder of images or a glob in quotes",
        )
    # A song's cover picture is a video stream too, but not a video.
    streams = [s for s in container.streams.video if not s.disposition.value & 0x400]
    if not streams or streams[0].codec_context is None:
        container.close()
        raise SourceError(
            f"no video in {path.name!r}",
            why="the file has no video stream, or one that cannot be decoded",
            fix="give a file with pictures in it",
        )
    stream = streams[0]
    stream.thread_type = "AUTO"
    return container, stream


def _info(
    path: Path,
    container: av.container.InputContainer,
    stream: av.VideoStream,
    first: av.VideoFrame,
) -> StreamInfo:
    rate = stream.average_rate or stream.guessed_rate or stream.base_rate
    rate = rate if rate and 0 < rate <= 1000 else Fraction(30)
    time_base = stream.time_base or 1 / rate
    height, width = _upright(np.empty((first.height, first.width), np.uint8), first).shape
    duration_secs = _duration_secs(container, stream)
    count = stream.frames or (round(duration_secs * rate) if duration_secs else None)
    aspect = stream.sample_aspect_ratio or Fraction(1)
    return StreamInfo(
        name=path.name,
        size=(height, width),
        rate=Fraction(rate),
        time_base=Fraction(time_base),
        frame_count=count,
        duration_secs=duration_secs,
        colour=ColourTags(
            primaries=int(stream.codec_context.color_primaries),
            transfer=int(stream.codec_context.color_trc),
            matrix=int(stream.codec_context.colorspace),
            full_range=_full_range(stream, first),
        ),
        pixel_aspect=aspect if (height, width) == (first.height, first.width) else 1 / aspect,
        path=path,
        files=(path,),
        has_audio=bool(container.streams.audio),
    )


def _duration_secs(container: av.container.InputContainer, stream: av.VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / 1e6 if container.duration else None


def _full_range(stream: av.VideoStream, first: av.VideoFrame) -> bool:
    return int(stream.codec_context.color_range) == 2 or first.format.name.startswith("yuvj")


def _pts(decoded: av.VideoFrame, info: StreamInfo, index: int) -> int:
    if decoded.pts is not None:
        return decoded.pts
    return round(index / (info.rate or Fraction(30)) / info.time_base)


def _frame(decoded: av.VideoFrame, index: int, info: StreamInfo, pts: int | None = None) -> Frame:
    matrix, colour_range = swscale_colour(info.colour)
    rgb = decoded.to_ndarray(
        format="rgb24",
        src_colorspace=matrix,
        src_color_range=colour_range,
        dst_color_range=2,
        interpolation=SWSCALE_FLAGS,
    )
    pixels = _upright(cast(Pixels, rgb), decoded)
    pixels.flags.writeable = False
    return Frame(pixels, index, _pts(decoded, info, index) if pts is None else pts, info.time_base)


def _upright(pixels: Pixels, decoded: av.VideoFrame) -> Pixels:
    """Turn a picture as its display matrix says: `rotation` is counter-clockwise degrees."""
    quarter_turns = round(decoded.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, quarter_turns)) if quarter_turns else pixels


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
