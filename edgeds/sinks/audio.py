"""Copies the audio of one file to the video of another. Knows nothing about pictures.

Audio may fail alone: a track that cannot go on ends, the verdict gives the time and the reason, and
the pictures go on.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from edgeds.sinks.audio_packets import AudioPackets
from edgeds.sinks.audio_track import AudioTrack, TrackEnd
from edgeds.sources.media_errors import media_errors, reason_of
from edgeds.types import Closing

if TYPE_CHECKING:
    import av


class AudioCopy(Closing):
    """Copies all audio tracks packet by packet, or encodes those the container cannot hold.

    `mux_until` is called with the video's time, so that the file is interleaved as it grows.
    """

    def __init__(
        self, path: Path, output: av.container.OutputContainer, *, start_secs: Fraction
    ) -> None:
        """
        Args:
            start_secs: time of the input's clock where the video's times are 0.
        """
        self._output = output
        self._tracks: dict[int, AudioTrack] = {}
        self._problems: list[str] = []
        self._packets: AudioPackets | None = None
        try:
            self._packets = AudioPackets(path, start_secs=start_secs)
        except media_errors() as error:
            self._problems.append(f"it cannot be read: {reason_of(error).why}")
            return
        for stream in self._packets.streams:
            try:
                self._tracks[stream.index] = AudioTrack(stream, output)
            except TrackEnd as end:
                self._problems.append(end.why)

    @property
    def verdict(self) -> str:
        """The result for the audio: "copied", "encoded as aac" or "none", and what went wrong."""
        done = ", ".join(dict.fromkeys(track.verdict for track in self._tracks.values())) or "none"
        return f"{done} ({'; '.join(self._problems)})" if self._problems else done

    def mux_until(self, secs: Fraction | None) -> None:
        """Write audio up to a time of the video; None writes all the rest.

        Raises:
            OSError, MemoryError: the output cannot be written any more.
        """
        if self._packets is None:
            return
        for packet, index in self._packets.until(secs):
            track = self._tracks.get(index)
            if track is None or track.ended:
                continue
            try:
                for ready in track.packets(packet):
                    self._output.mux(ready)
            except TrackEnd as end:
                self._end(track, end.why)
            except media_errors() as error:
                if _is_output_failure(error):
                    raise
                self._end(track, reason_of(error).why)

    def flush(self) -> None:
        """Write the audio that is still in the encoders. Raises as `mux_until` does."""
        for track in self._tracks.values():
            if track.ended:
                continue
            try:
                for ready in track.flush():
                    self._output.mux(ready)
            except media_errors() as error:
                if _is_output_failure(error):
                    raise
                self._end(track, reason_of(error).why)

    def close(self) -> None:
        if self._packets is not None:
            self._packets.close()

    def _end(self, track: AudioTrack, why: str) -> None:
        track.ended = True
        self._problems.append(f"ended after {float(track.end_secs):.1f} s: {why}")


def _is_output_failure(error: BaseException) -> bool:
    """A full disk ends the film; data that FFmpeg refuses ends the track."""
    return isinstance(error, OSError | MemoryError)
