"""The time of a stream, taken from its frames."""

from __future__ import annotations

from edgeds.types import Frame


class FrameClock:
    """Seconds from the first frame on; it never runs back."""

    def __init__(self) -> None:
        self.secs = 0.0
        self._last_secs: float | None = None

    def advanced_to(self, frame: Frame) -> float:
        if self._last_secs is not None:
            self.secs += max(0.0, frame.pts_secs - self._last_secs)
        self._last_secs = frame.pts_secs
        return self.secs
