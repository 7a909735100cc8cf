"""What may be asked of a live run, and what it tells of itself.

The page, the window's keys and a script talk to a live run through this and nothing else. Knows
nothing about cameras, loops or web servers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from edgeds.plate.status import PlateStatus
from edgeds.sources.status import SourceState
from edgeds.types import Pixels, Size
from edgeds.views.settings import View


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputStatus:
    """One output of a live run: a window, a page, a virtual camera, a recording."""

    name: str
    location: str
    frames: int = 0
    """Written so far."""
    dropped: int = 0
    """Frames it was too slow for; they bothered no other output."""
    fps: float = 0.0
    latency_p50_ms: float = 0.0
    """From the grab of a frame until this output had it, over the last seconds."""
    latency_p95_ms: float = 0.0
    ended: bool = False
    message: str = ""
    """Why it ended, where it was not asked to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStatus:
    """A live run at one moment."""

    source: str
    engine: str
    size: Size
    source_state: SourceState = "running"
    source_message: str = ""
    """For people, while the source is not running: what happened, and what is being done."""
    view: View = "overlay"
    opacity: float = 0.45
    """Of the overlay's tint, 0 to 1."""
    fps: float = 0.0
    """Frames composed per second, over the last seconds."""
    latency_p50_ms: float = 0.0
    """From the grab of a frame until the slowest output that shows it had it, recordings apart."""
    latency_p95_ms: float = 0.0
    grabbed: int = 0
    """Frames the camera gave; each was delivered or dropped, or is under way."""
    delivered: int = 0
    dropped: int = 0
    """Frames a newer one overtook."""
    plate: PlateStatus = field(default_factory=PlateStatus)
    recording: str | None = None
    """Where the recording goes, while there is one."""
    recording_secs: float = 0.0
    """How long it has been going on."""
    outputs: tuple[OutputStatus, ...] = ()
    secs: float = 0.0
    """Since the start."""


class LiveControl(Protocol):
    """Ask from any thread; each call returns at once and takes effect with a frame soon after."""

    def status(self) -> LiveStatus: ...

    def take_plate(self) -> None:
        """Start the count-down to a new plate; the old one serves until the new one is good."""
        ...

    def set_view(self, view: View) -> None: ...

    def set_opacity(self, opacity: float) -> None:
        """0 to 1; values outside are clamped."""
        ...

    def set_backdrop(self, pixels: Pixels | None) -> None:
        """uint8 RGB (H, W, 3) of any size for the view "replace"; None is the default colour."""
        ...

    def start_recording(self) -> None:
        """To a new file; harmless where one is under way.

        Raises:
            SinkError: it cannot be written.
        """
        ...

    def stop_recording(self) -> Path | None:
        """Complete the recording and say where it is; None where there was none."""
        ...

    def snapshot(self) -> Path | None:
        """Write the picture now shown as PNG and say where it is; None before the first one.

        Raises:
            SinkError: it cannot be written.
        """
        ...

    def stop(self) -> None:
        """End the run; outputs are completed."""
        ...
