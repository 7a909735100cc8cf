"""Opens a video file and reads what its container says: rate, times, colour tags, size.

libavformat hides rotation, colour tags and times unless a program asks for them; this module does.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from edgeds.errors import SourceError
from edgeds.sources.container import open_container
from edgeds.sources.cut_short import lacks_index
from edgeds.sources.media_errors import media_errors, reason_of
from edgeds.sources.steady_clock import SteadyClock
from edgeds.sources.threads import threads
from edgeds.sources.tone_map import HDR_NAMES
from edgeds.sources.upright_picture import colour_of, shown_size
from edgeds.types import ColourTags, StreamInfo

if TYPE_CHECKING:
    import av
    from av.codec.hwaccel import HWAccel

# FFmpeg would show any text file as a film of a terminal.
_TEXT_ART = frozenset({"tty", "bin", "xbin", "adf", "idf"})
_GIVE_A_VIDEO = "give a video file, a folder of images or a glob in quotes"
# FFmpeg's dispositions: a cover picture; a tile, which is a picture only with the others.
_ATTACHED, _DEPENDENT = 0x400, 0x80000
# FFmpeg's AVFMT_TS_DISCONT: joined recordings of this format restart their clock.
_MAY_RESTART = 0x200
_BT709 = ColourTags(primaries=1, transfer=1, matrix=1)


def opened_video(
    path: Path, decoder: HWAccel | None = None, decoder_threads: int | None = None
) -> tuple[av.container.InputContainer, av.VideoStream]:
    """
    Args:
        decoder: that of a GPU; None is the CPU.
        decoder_threads: of the CPU; None is what `threads` gives a decoder.

    Raises:
        SourceError: it is not a video, or one that cannot be decoded.
    """
    try:
        container = open_container(path, decoder)
    except media_errors() as error:
        raise _not_opened(path, error) from error
    if container.format.name in _TEXT_ART:
        container.close()
        raise SourceError(
            f"cannot open {str(path)!r}", why="it is text, not a video", fix=_GIVE_A_VIDEO
        )
    # A song's cover picture is a video stream too, but not a video.
    streams = [s for s in container.streams.video if not s.disposition.value & _ATTACHED]
    if not streams or streams[0].codec_context is None:
        container.close()
        raise SourceError(
            f"no video in {path.name!r}",
            why="the file has no video stream, or one that cannot be decoded",
            fix="give a file with pictures in it",
        )
    tiles = sum(bool(s.disposition.value & _DEPENDENT) for s in streams)
    if tiles and container.format.name.startswith("mov"):  # HEIC: a grid of streams
        container.close()
        raise SourceError(
            f"cannot read {path.name!r}",
            why=f"the picture is stored as {tiles} tiles, and FFmpeg gives one of them",
            fix="convert it to PNG or JPEG first",
        )
    # An AVIF sequence has a still picture before its film, some cameras a thumbnail.
    stream = streams[0] if streams[0].frames != 1 else max(streams, key=lambda s: s.frames)
    own = decoder_threads or threads().decoder
    stream.codec_context.thread_count = own if decoder is None else 1
    stream.thread_type = "AUTO"
    return container, stream


def _not_opened(path: Path, error: Exception) -> SourceError:
    reason = reason_of(error)
    why = f"it is not a video that FFmpeg can read: {reason.why}"
    fix = reason.fix or _GIVE_A_VIDEO
    if path.is_file() and path.stat().st_size == 0:
        why, fix = "the file is empty", "copy or record the file again"
    elif lacks_index(path):
        why = "the recording was not finished: its index is missing"
        fix = (
            "if it is a copy, copy it again; else repair it in its camera or recorder, or with the "
            "program untrunc and a whole recording of the same camera"
        )
    return SourceError(f"cannot open {str(path)!r}", why=why, fix=fix)


def info_from_container(
    path: Path,
    container: av.container.InputContainer,
    stream: av.VideoStream,
    first: av.VideoFrame,
) -> StreamInfo:
    rate = _rate(stream, first)
    size = shown_size(first)
    aspect = stream.sample_aspect_ratio or Fraction(1)
    duration_secs = _duration_secs(container, stream)
    return StreamInfo(
        name=path.name,
        size=size,
        rate=rate,
        time_base=Fraction(stream.time_base or 1 / rate),
        frame_count=_frame_count(stream, duration_secs, rate),
        duration_secs=duration_secs,
        ends_secs=_ends_secs(container, stream, first, duration_secs),
        colour=_colour(stream, first),
        pixel_aspect=aspect if size == (first.height, first.width) else 1 / aspect,
        path=path,
        start_secs=Fraction(container.start_time or 0, 1_000_000),
        files=(path,),
        has_audio=bool(container.streams.audio),
    )


def clock_of(
    container: av.container.InputContainer, info: StreamInfo, first: av.VideoFrame
) -> SteadyClock:
    """The clock of a stream's frames; 0 is the start of the file, whatever comes first in it."""
    start = round(info.start_secs / info.time_base)
    ticks = own_time(container, first)
    if ticks is not None and (ticks < start or container.format.name == "avi"):
        start = ticks
    return SteadyClock(
        start=start,
        time_base=info.time_base,
        rate=info.rate or Fraction(30),
        may_restart=bool(container.format.flags & _MAY_RESTART),
    )


def own_time(container: av.container.InputContainer, frame: av.VideoFrame) -> int | None:
    """A frame's time on the stream's own clock. AVI has decoding times only, which rise too."""
    return frame.dts if container.format.name == "avi" else frame.pts


def stream_tags(stream: av.VideoStream) -> ColourTags:
    context = stream.codec_context
    return ColourTags(
        primaries=int(context.color_primaries),
        transfer=int(context.color_trc),
        matrix=int(context.colorspace),
        full_range=int(context.color_range) == 2,
    )


def hdr_name(stream: av.VideoStream, first: av.VideoFrame) -> str:
    """HLG or PQ; "" for SDR."""
    return HDR_NAMES.get(colour_of(first, stream_tags(stream)).transfer, "")


def _colour(stream: av.VideoStream, first: av.VideoFrame) -> ColourTags:
    """The colour tags of the frames' RGB: HDR comes out as SDR."""
    tags = colour_of(first, stream_tags(stream))
    return _BT709 if tags.transfer in HDR_NAMES else tags


def _rate(stream: av.VideoStream, first: av.VideoFrame) -> Fraction:
    # Raw streams have no times: their average is a default of the demuxer, the guess the codec's.
    rates = [stream.average_rate, stream.guessed_rate, stream.base_rate]
    if first.pts is None:
        rates = [stream.guessed_rate, stream.codec_context.framerate, stream.average_rate]
    return next((Fraction(rate) for rate in rates if rate and 0 < rate <= 1000), Fraction(30))


def _duration_secs(container: av.container.InputContainer, stream: av.VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if (own_secs := _tagged_secs(stream)) is not None:
        return own_secs - (container.start_time or 0) / 1e6
    return _container_secs(container)


def _ends_secs(
    container: av.container.InputContainer,
    stream: av.VideoStream,
    first: av.VideoFrame,
    duration_secs: float | None,
) -> float | None:
    """On the frames' clock, which starts with the file: its picture may begin after its sound."""
    time = own_time(container, first)
    if duration_secs is None or time is None or container.format.flags & _MAY_RESTART:
        return None
    begins_secs = float(time * (stream.time_base or 0)) - (container.start_time or 0) / 1e6
    return duration_secs + max(0.0, begins_secs)


def promised_secs(container: av.container.InputContainer, stream: av.VideoStream) -> float | None:
    """The picture's duration by the header; None if the header may mean the sound."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.streams.audio else _container_secs(container)


def _container_secs(container: av.container.InputContainer) -> float | None:
    """The container's own duration, which is that of its longest stream."""
    if not container.duration:
        return None
    secs, start_secs = container.duration / 1e6, (container.start_time or 0) / 1e6
    # Matroska states the end of its clock, which need not start at 0.
    if "matroska" in container.format.name and 0 < start_secs < secs:
        return secs - start_secs
    return secs


def _tagged_secs(stream: av.VideoStream) -> float | None:
    """What Matroska writers note of each stream: "00:01:02.500"."""
    try:
        hours, minutes, secs = stream.metadata.get("DURATION", "").split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(secs) or None
    except ValueError:
        return None


def _frame_count(stream: av.VideoStream, duration_secs: float | None, rate: Fraction) -> int | None:
    """As far as the header promises: a count includes what an edit list hides."""
    by_duration = round(duration_secs * rate) if duration_secs else None
    if stream.frames and by_duration:
        return min(stream.frames, by_duration)
    return stream.frames or by_duration
