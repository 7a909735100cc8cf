"""One audio track: copied if the container takes its codec, else encoded again.

Knows nothing about files: packets in, packets out.
"""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from edgeds.sources.media_errors import media_errors, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import av
    from av.bitstream import BitStreamFilterContext

Packet: TypeAlias = "av.Packet[Any]"

_FALLBACK_CODEC = {"webm": "libopus"}
_AAC_RATES = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000})
_RATE = 48000
# One packet with another rate is damaged; so many in a row are another format.
_STRANGE_PACKETS = 8
_BITS_A_CHANNEL = 64_000
_MIN_BITS = 96_000
# Encoders want a named layout; for a file that has only a number of channels it is this one.
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
# The same speakers under another name, for encoders that know only that.
_ALIKE = {"5.0(side)": "5.0", "5.1(side)": "5.1", "7.1(wide)": "7.1", "4.0": "quad"}


class TrackEnd(Exception):  # noqa: N818 (it ends a track, not a run)
    """This track cannot go on, or cannot begin; `why` is the reason for people."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class AudioTrack:
    """The times of its packets always rise: otherwise a muxer ends the whole file."""

    def __init__(self, source: av.AudioStream, output: av.container.OutputContainer) -> None:
        """
        Raises:
            TrackEnd: neither copying nor encoding is possible.
        """
        self._work: _Copy | _Encode
        codec = source.codec_context
        if not codec.sample_rate or not codec.layout.nb_channels:  # as damage looks to FFmpeg
            raise TrackEnd(f"a track of {codec.name} without rate or channels is left out")
        try:
            copies = source.codec_context.name in _copyable(output.format.name)
            self._work = (_Copy if copies else _Encode)(source, output)
        except media_errors() as error:
            why = f"{source.codec_context.name} cannot be kept: {reason_of(error).why}"
            raise TrackEnd(why) from error
        self.verdict = self._work.verdict
        _label(source, self._work.target)
        self.ended = False
        self.end_secs = Fraction(0)
        self._last_dts: int | None = None

    def packets(self, packet: Packet) -> Iterator[Packet]:
        """The packets to write for a packet of the source.

        Raises:
            TrackEnd: the format changed in a way that the container cannot hold.
        """
        for ready in self._work.packets(packet):
            if self._rises(ready):
                yield ready

    def flush(self) -> Iterator[Packet]:
        for ready in self._work.flush():
            if self._rises(ready):
                yield ready

    def _rises(self, packet: Packet) -> bool:
        """Repair a time that stands still; False for a packet that is completely in the past."""
        if packet.dts is None:
            return False
        last, lasts = self._last_dts, packet.duration or 1
        if last is not None and packet.dts <= last:
            if packet.dts <= last - lasts:
                return False
            late = last + 1 - packet.dts
            packet.dts += late
            packet.pts = packet.dts if packet.pts is None else packet.pts + late
        self._last_dts = packet.dts
        self.end_secs = (packet.dts + lasts) * packet.time_base
        return True


class _Copy:
    """Copies packets; those of broadcast AAC lose the header, which MP4 stores once."""

    verdict = "copied"

    def __init__(self, source: av.AudioStream, output: av.container.OutputContainer) -> None:
        from av.bitstream import BitStreamFilterContext

        self.target: av.AudioStream = output.add_stream_from_template(source)
        self._unpack: BitStreamFilterContext | None = None
        self._header: bytes | None = None
        self._strange = 0
        if source.codec_context.name == "aac" and not source.codec_context.extradata:
            self._unpack = BitStreamFilterContext("aac_adtstoasc", source)

    def packets(self, packet: Packet) -> Iterator[Packet]:
        if packet.size == 0:
            return
        copies, time_base = [packet], packet.time_base  # the filter empties the packet
        if self._unpack is not None:
            if not self._has_header(packet):  # a lost or damaged one
                return
            copies = self._unpack.filter(packet)
        for copy in copies:
            copy.time_base = time_base  # which PyAV before 15 loses in the filter
            copy.stream = self.target
            yield copy

    def flush(self) -> Iterator[Packet]:
        return iter(())

    def _has_header(self, packet: Packet) -> bool:
        """Whether a packet has a valid beginning.

        Raises:
            TrackEnd: rate or channels change, and a file keeps one description of its AAC.
        """
        header = bytes(packet)[:4]
        if len(header) < 4 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
            return False
        described = bytes((header[2] & 0xFD, header[3] & 0xC0))
        self._header = self._header or described
        self._strange = 0 if described == self._header else self._strange + 1
        if self._strange >= _STRANGE_PACKETS:
            raise TrackEnd("its rate or channels change here")
        return self._strange == 0


class _Encode:
    """Decodes and encodes, with the channels and, for AAC, the rate of the source."""

    def __init__(self, source: av.AudioStream, output: av.container.OutputContainer) -> None:
        codec = _FALLBACK_CODEC.get(output.format.name, "aac")
        rate = source.codec_context.sample_rate
        self._rate = rate if codec == "aac" and rate in _AAC_RATES else _RATE
        self._layout = _layout(codec, source.codec_context, self._rate)
        self.target = cast("av.AudioStream", output.add_stream(codec, rate=self._rate))
        context = self.target.codec_context
        context.layout = self._layout
        channels = context.layout.nb_channels
        context.bit_rate = max(_MIN_BITS, _BITS_A_CHANNEL * channels)
        self._resampler = self._new_resampler()
        self._input: tuple[str, str, int] | None = None
        mixed = channels != source.codec_context.layout.nb_channels
        self.verdict = f"encoded as {codec.removeprefix('lib')}" + (
            f", mixed to {self._layout}" if mixed else ""
        )

    def packets(self, packet: Packet) -> Iterator[Packet]:
        import av

        try:
            decoded = cast("list[av.AudioFrame]", packet.decode())
        except av.FFmpegError:  # a damaged packet: the next one has its own time
            return
        for frame in decoded:
            described = (frame.format.name, frame.layout.name, frame.sample_rate)
            if self._input is not None and described != self._input:
                yield from self._encoded(None)
                self._resampler = self._new_resampler()
            self._input = described
            yield from self._encoded(frame)

    def flush(self) -> Iterator[Packet]:
        if self._input is not None:
            yield from self._encoded(None)
        yield from self.target.encode(None)

    def _encoded(self, frame: av.AudioFrame | None) -> Iterator[Packet]:
        for ready in self._resampler.resample(frame):
            yield from self.target.encode(ready)

    def _new_resampler(self) -> av.AudioResampler:
        import av

        return av.AudioResampler(
            format=self.target.codec_context.format, layout=self._layout, rate=self._rate
        )


def _layout(codec: str, source: av.AudioCodecContext, rate: int) -> str:
    """The source's channel layout as the encoder names it; stereo if it cannot have so many
    channels.
    """
    import av

    own = source.layout.name
    by_count = _LAYOUTS.get(source.layout.nb_channels, "stereo")
    for layout in dict.fromkeys((own, _ALIKE.get(own, by_count), by_count)):
        trial = cast("av.AudioCodecContext", av.CodecContext.create(codec, "w"))
        try:
            trial.layout, trial.sample_rate = layout, rate
            formats = trial.codec.audio_formats
            assert formats is not None
            trial.format, trial.time_base = formats[0], Fraction(1, rate)
            trial.open()
        except media_errors():
            continue
        return layout
    return "stereo"


def _label(source: av.AudioStream, target: av.AudioStream) -> None:
    """Copy language, title and role, which players show in their list of tracks."""
    for name in ("language", "title", "handler_name"):
        if name in source.metadata:
            target.metadata[name] = source.metadata[name]
    with suppress(AttributeError):  # PyAV before 15 cannot set it
        target.disposition = source.disposition.value  # type: ignore[assignment]


def _copyable(container: str) -> frozenset[str]:
    """Audio codecs that players expect in a container; FFmpeg would accept more than they play."""
    if container == "webm":
        return frozenset({"opus", "vorbis", "libopus", "libvorbis"})
    common = frozenset({"aac", "mp3", "mp3float", "ac3", "eac3", "alac"})
    if container in ("matroska", "mov"):
        return common | {
            "pcm_s16le",
            "pcm_s24le",
            *(("flac", "opus", "vorbis") if container == "matroska" else ()),
        }
    return common
