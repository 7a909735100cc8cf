"""The commands that a live run takes, and the status that it reports.

The page, the window's keys and scripts use a live run through this protocol and nothing else.
Knows nothing about cameras, loops or web servers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from edgeds.live.signals.signals import Signals
from edgeds.plate.status import PlateStatus
from edgeds.sources.status import SourceState
from edgeds.types import Pixels, Size
from edgeds.views.settings import STYLE, View


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputStatus:
    """One output of a live run: a window, a page, a virtual camera, a recording."""

    name: str
    location: str
    frames: int = 0
    """Written so far."""
    dropped: int = 0
    """Frames that this output was too slow for. The other outputs got them."""
    fps: float = 0.0
    """Over the last seconds, as the latencies; once it ended, from its first frame to its last."""
    latency_p50_ms: float = 0.0
    """Median time from the grab of a frame until this output had it."""
    latency_p95_ms: float = 0.0
    ended: bool = False
    message: str = ""
    """Why it ended by itself; empty otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStatus:
    """A live run at one moment."""

    source: str
    engine: str
    size: Size
    source_state: SourceState = "running"
    source_message: str = ""
    """For people, while the source is not running: what happened, and what edgeds does about it."""
    view: View = "overlay"
    opacity: float = STYLE.opacity
    """Opacity of the overlay's tint, 0 to 1."""
    blur: float = STYLE.blur_strength
    """Strength of the background blur, 0 to 1."""
    backdrop: str = STYLE.backdrop
    """The backdrop of the view "replace": a colour (#rrggbb) or a file's name."""
    fps: float = 0.0
    """Frames composed per second, over the last seconds."""
    latency_p50_ms: float = 0.0
    """Time from the grab of a frame until the slowest output that shows it has it; without
    recordings.
    """
    latency_p95_ms: float = 0.0
    grabbed: int = 0
    """Frames from the camera; each was delivered or dropped, or is under way."""
    delivered: int = 0
    dropped: int = 0
    """Frames that were replaced by a newer one."""
    plate: PlateStatus = field(default_factory=PlateStatus)
    plates: int = 0
    """Number of plates used so far; 0 means that there is none yet."""
    plate_offer: str = ""
    """The kept plate that `use_offered_plate` would use, in words; empty where there is none."""
    recording: str | None = None
    """The path of the recording, while there is one."""
    recording_secs: float = 0.0
    """Length of the recording so far."""
    outputs: tuple[OutputStatus, ...] = ()
    secs: float = 0.0
    """Time since the start of the run."""


class LiveControl(Protocol):
    """Call it from any thread. Each call returns at once and takes effect a few frames later."""

    @property
    def signals(self) -> Signals | None:
        """Objects and rules of this run, where it looks for them."""
        ...

    def status(self) -> LiveStatus: ...

    def take_plate(self) -> None:
        """Start the count-down to a new plate. The old one is used until the new one is good."""
        ...

    def cancel_plate(self) -> None:
        """End the count-down or the capture. The old plate stays; without one, there is none."""
        ...

    def set_plate(self, pixels: Pixels) -> None:
        """Use this picture of the empty scene as the plate: uint8 RGB, of the source's shape.

        Raises:
            PlateError: its aspect ratio is not the source's.
        """
        ...

    def use_offered_plate(self) -> None:
        """Use the plate that `LiveStatus.plate_offer` names; does nothing where there is none."""
        ...

    def take_into_plate(self, number: int) -> None:
        """Make the object with this id a part of the plate: it is background from now on.

        Raises:
            InputError: there is no such object in the picture.
        """
        ...

    def plate(self) -> Pixels | None:
        """The plate in use, uint8 RGB (H, W, 3); None before the first one."""
        ...

    def set_view(self, view: View) -> None: ...

    def set_opacity(self, opacity: float) -> None:
        """Set the opacity of the overlay's tint, 0 to 1; values outside are clamped."""
        ...

    def set_blur(self, strength: float) -> None:
        """Set the strength of the view "blur", 0 to 1; values outside are clamped."""
        ...

    def set_backdrop(self, backdrop: Pixels | str | None, *, name: str = "picture") -> None:
        """Set the backdrop of the view "replace"; None is the default colour.

        Args:
            backdrop: pixels (uint8 RGB, any size), a colour (#rrggbb) or the path of a video.
            name: its name in the status, for pixels and videos.

        Raises:
            InputError: it is none of these.
        """
        ...

    def start_recording(self) -> None:
        """Record to a new file; does nothing if a recording is under way.

        Raises:
            SinkError: it cannot be written.
        """
        ...

    def stop_recording(self) -> Path | None:
        """Complete the recording and return its path; None if there was none."""
        ...

    def snapshot(self) -> Path | None:
        """Write the picture that is shown now as PNG and return its path; None before the first
        one.

        Raises:
            SinkError: it cannot be written.
        """
        ...

    def stop(self) -> None:
        """End the run and complete its outputs."""
        ...
