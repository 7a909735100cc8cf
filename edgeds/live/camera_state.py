"""Whether the camera of a live run is there, for people while it runs and for the report."""

from __future__ import annotations

from collections.abc import Callable

from edgeds.sources import WatchedSource
from edgeds.sources.status import SourceState


class CameraState:
    """The state of one source. Call it from the thread of the run."""

    def __init__(self, source: WatchedSource, on_event: Callable[[str], None]) -> None:
        self._source, self._event = source, on_event
        self._reported: SourceState = "running"

    def report_change(self) -> None:
        """Report that the camera is away, or back."""
        state = self._source.state
        if state != self._reported:
            self._reported = state
            self._event(f"{self._source.info.name}: {self._source.message or state}")

    def why_away(self) -> str:
        """Why there is no camera now; empty where there is one, and after the end of a file."""
        if self._source.state != "reconnecting":
            return ""
        return self._source.message or "it is away"
