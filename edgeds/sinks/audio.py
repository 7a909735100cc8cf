"""The audio of one file beside the video of another. Knows nothing about pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from edgeds.sources.container import open_container
from edgeds.types import Closing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import av
    from av.bitstream import BitStreamFilterContext

_Packet: TypeAlias = "av.Packet[Any]"
_FALLBACK_CODEC = {"webm": "libopus"}


class AudioCopy(Closing):
    """Copies all audio tracks packet by packet, or encodes one that the container cannot hold.

    `mux_until` is called with the video's time, so that the file is interleaved as it grows.
    """

    def __init__(self, path: Path, output: av.container.OutputContainer) -> None:
        self._input = open_container(path)
        self._output = output
        self._tracks = {
            stream.index: _Track(stream, output)
            for stream in self._input.streams.audio
            if stream.codec_context is not None
        }
        self.verdict = ", ".join(sorted({t.verdict for t in self._tracks.values()})) or "none"
        streams = [s for s in self._input.streams.audio if s.index in self._tracks]
        self._packets: Iterator[_Packet] = self._input.demux(*streams) if streams else iter(())
        self._next: _Packet | None = None
        self._ended = not streams

    def mux_until(self, secs: Fraction | None) -> None:
        """Write audio up to a time of the stream; None writes all that is left."""
        while not self._ended:
            packet = self._next or self._read()
            self._next = None
            if packet is None:
                break
            time = packet.dts if packet.dts is not None else packet.pts
            if secs is not None and time is not None and time * packet.time_base > secs:
                self._next = packet
                return
            for ready in self._tracks[packet.stream.index].packets(packet):
                self._output.mux(ready)

    def close(self) -> None:
        self._input.close()

    def _read(self) -> _Packet | None:
        import av

        try:
            packet = next(self._packets, None)
        except av.FFmpegError:  # audio that breaks off ends; the pictures go on
            packet = None
        if packet is None:
            self._end()
        return packet

    def _end(self) -> None:
        self._ended = True
        for track in self._tracks.values():
            for ready in track.flush():
                self._output.mux(ready)


class _Track:
    """One audio stream, copied where the container takes its codec, else encoded anew."""

    def __init__(self, source: av.AudioStream, output: av.container.OutputContainer) -> None:
        import av
        from av.bitstream import BitStreamFilterContext

        self._unpack: BitStreamFilterContext | None = None
        self._encodes = source.codec_context.name not in _copyable(output.format.name)
        if not self._encodes:
            self._target: av.AudioStream = output.add_stream_from_template(source)
            self.verdict = "copied"
            # Broadcast streams carry a header in every AAC packet, which MP4 keeps once.
            if source.codec_context.name == "aac" and not source.codec_context.extradata:
                self._unpack = BitStreamFilterContext("aac_adtstoasc", source)
            return
        codec = _FALLBACK_CODEC.get(output.format.name, "aac")
        self._target = cast("av.AudioStream", output.add_stream(codec, rate=48000))
        self._resampler = av.AudioResampler(
            format=self._target.codec_context.format, layout="stereo", rate=48000
        )
        self.verdict = f"encoded as {codec.removeprefix('lib')}"

    def packets(self, packet: _Packet) -> Iterator[_Packet]:
        import av

        if not self._encodes:
            # The demuxer's last, empty packet has no time.
            copies = [packet] if packet.dts is not None else []
            if self._unpack is not None and copies:
                copies = self._unpack.filter(packet)
            for copy in copies:
                copy.stream = self._target
                yield copy
            return
        try:
            decoded = cast("list[av.AudioFrame]", packet.decode())
        except av.FFmpegError:
            return
        for frame in decoded:
            for ready in self._resampler.resample(frame):
                yield from self._target.encode(ready)

    def flush(self) -> Iterator[_Packet]:
        if self._encodes:
            for ready in self._resampler.resample(None):
                yield from self._target.encode(ready)
            yield from self._target.encode(None)


def _copyable(container: str) -> frozenset[str]:
    """Audio codecs that players expect in a container; FFmpeg would mux more than they play."""
    if container == "webm":
        return frozenset({"opus", "vorbis", "libopus", "libvorbis"})
    common = frozenset({"aac", "mp3", "mp3float", "ac3", "eac3", "alac"})
    if container in ("matroska", "avi", "mov"):
        return common | {
            "pcm_s16le",
            "pcm_s24le",
            *(("flac", "opus", "vorbis") if container == "matroska" else ()),
        }
    return common
