"""The audio packets of a file, with times that fit its frames. Knows nothing about output.

Recordings joined with `cat` have a clock that restarts. All streams of such a file are shifted by
the same time, so that the video goes on one frame after its last. So the sound stays with the
pictures for any number of parts.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from edgeds.sources.container import open_container, packets_of
from edgeds.sources.media_errors import media_errors
from edgeds.types import Closing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import av

Packet: TypeAlias = "av.Packet[Any]"

_TS_DISCONT = 0x0200  # FFmpeg's flag of formats whose clock may jump
_BACK_SECS = Fraction(1, 2)
_AHEAD_SECS = Fraction(10)
# Audio of the next part may come before its video; after so many packets there is none.
_MAX_WAITING = 2000
_MAX_ERRORS = 100


class AudioPackets(Closing):
    """Iterate with `until`. Time 0 is that of the video."""

    def __init__(self, path: Path, *, start_secs: Fraction) -> None:
        """
        Raises:
            FFmpegError, OSError, ValueError: the file cannot be read.
        """
        self._input = open_container(path)
        self.streams = [s for s in self._input.streams.audio if s.codec_context is not None]
        self._clocks = {stream.index: _Clock() for stream in self.streams}
        read: list[av.stream.Stream] = list(self.streams)
        self._video: int | None = None
        if self._input.format.flags & _TS_DISCONT and self._input.streams.video:
            video = self._input.streams.video[0]
            self._video = video.index
            self._clocks[video.index] = _Clock(gap=1 / Fraction(video.average_rate or 30))
            read.append(video)
        self._shifts = [-start_secs]
        """Seconds to add to the input's times, one for each part of a joined recording."""
        self._waiting: deque[tuple[Packet, int]] = deque()
        self._read_streams = read
        self._packets: Iterator[Packet] = (
            packets_of(self._input, *read) if self.streams else iter(())
        )
        self._ended = not self.streams

    def until(self, secs: Fraction | None) -> Iterator[tuple[Packet, int]]:
        """(packet, index of its stream) in order, up to a time; None gives all the rest."""
        while self._fetch():
            packet, part = self._waiting[0]
            index = packet.stream.index
            assert packet.dts is not None
            shift = self._shifts[part]
            if secs is not None and packet.dts * packet.time_base + shift >= secs:
                return
            self._waiting.popleft()
            ticks = round(shift / packet.time_base)
            packet.dts += ticks
            packet.pts = packet.dts if packet.pts is None else packet.pts + ticks
            yield packet, index

    def close(self) -> None:
        self._waiting.clear()
        self._ended = True
        self._packets = iter(())
        self._input.close()

    def _fetch(self) -> bool:
        """Read on until the first waiting packet's shift is known; False at the end."""
        while not self._waiting or self._waiting[0][1] >= len(self._shifts):
            if not self._ended and len(self._waiting) < _MAX_WAITING:
                self._read()
            elif self._waiting:  # a part without video: its sound goes on alone
                packet, _ = self._waiting[0]
                self._shifts.append(self._clocks[packet.stream.index].own_shift(self._shifts[-1]))
            else:
                return False
        return True

    def _read(self) -> None:
        packet = self._next()
        if packet is None:
            self._ended = True
            return
        if packet.dts is None:
            packet.dts = packet.pts
        clock = self._clocks[packet.stream.index]
        if packet.dts is None:
            if packet.size == 0 or clock.end is None:  # the demuxer's last, empty packet
                return
            packet.dts = round(clock.end / packet.time_base)
        jumped = clock.tick(packet, watched=self._video is not None)
        if packet.stream.index != self._video:
            self._waiting.append((packet, clock.part))
        elif jumped and clock.part >= len(self._shifts):
            self._shifts.append(clock.own_shift(self._shifts[-1]))

    def _next(self) -> Packet | None:
        """The next packet; parts that cannot be read are skipped."""
        for _ in range(_MAX_ERRORS):
            try:
                return next(self._packets, None)
            except media_errors():
                self._packets = packets_of(self._input, *self._read_streams)
        return None


class _Clock:
    """One stream's times: the end of its last packet, and how often its clock jumped."""

    def __init__(self, *, gap: Fraction | None = None) -> None:
        self._gap = gap
        self._last: Fraction | None = None
        self.end: Fraction | None = None
        """Seconds of the input's clock."""
        self.part = 0
        self._before = self._after = Fraction(0)

    def tick(self, packet: Packet, *, watched: bool) -> bool:
        """Take a packet's time; return whether it is a jump."""
        assert packet.dts is not None
        now = packet.dts * packet.time_base
        jumped = False
        if watched and self._last is not None:
            jumped = now < self._last - _BACK_SECS or now > self._last + _AHEAD_SECS
        if jumped:
            assert self.end is not None
            self.part += 1
            self._before, self._after = self.end, now
        lasts = packet.duration * packet.time_base if packet.duration else Fraction(0)
        self._last, self.end = now, now + (self._gap or lasts)
        return jumped

    def own_shift(self, shift: Fraction) -> Fraction:
        """The shift that joins the part after this stream's last jump to the part before."""
        return shift + self._before - self._after
