"""Presentation times that start at 0 and only go forward, whatever a file's own clock does.

Recordings joined end to end (MPEG-TS, VOB) restart their clock; broadcasts start it anywhere; raw
streams have none. Knows nothing about pictures.
"""

from __future__ import annotations

from fractions import Fraction

# A clock that goes back or ahead by more than this was restarted. Streams that may not restart
# (MP4, MKV) keep their pauses: a time-lapse has long ones.
RESTART_BACK_SECS = Fraction(1, 2)
RESTART_AHEAD_SECS = Fraction(10)


class SteadyClock:
    """Converts ticks of a stream's own clock to ticks from the start of the film."""

    def __init__(
        self, *, start: int, time_base: Fraction, rate: Fraction, may_restart: bool
    ) -> None:
        """
        Args:
            start: the stream's time, in ticks, that becomes 0.
            rate: frames a second, for frames without a time and for the step over a restart.
            may_restart: whether a jump means that the clock was restarted.
        """
        self._shift = -start
        self._gap = 1 / rate / time_base
        self._back = RESTART_BACK_SECS / time_base
        self._ahead = RESTART_AHEAD_SECS / time_base
        self._may_restart = may_restart
        self._last: int | None = None
        self._last_duration = 0
        self._timed_last, self._untimed = 0, 0
        self.restarts = 0
        """How often the clock was restarted so far."""

    def __call__(self, ticks: int | None, duration: int = 0) -> int:
        """The time of the next frame. `ticks` is None where the stream has none for it."""
        last = self._last
        if ticks is None:
            self._untimed += 1
            since = self._untimed if last is not None else 0
            time = self._timed_last + round(since * self._gap)
            self._untimed = since
        else:
            time = ticks + self._shift
            if last is not None and self._may_restart and self._jumped(time, last):
                restart = last + (self._last_duration or max(1, round(self._gap)))
                self._shift += restart - time
                time = restart
                self.restarts += 1
            self._untimed = 0
        if last is not None:  # an encoder refuses a time that stands still or runs back
            time = max(time, last + 1)
        if ticks is not None:
            self._timed_last = time
        self._last, self._last_duration = time, duration
        return time

    def own(self, time: int) -> int:
        """The stream's own clock at a time of ours, if it was not restarted since."""
        return time - self._shift

    def seek(self, time: int) -> None:
        """Expect the next frame at about `time`, after a seek: that is no restart."""
        self._last, self._timed_last, self._untimed = None, time, 0

    def _jumped(self, time: int, last: int) -> bool:
        return time < last - self._back or time > last + self._ahead
