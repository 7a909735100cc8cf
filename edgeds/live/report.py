"""The report of a live run, after its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgeds.live.control import OutputStatus
from edgeds.plate.status import PlateStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveReport:
    """The figures of a live run. The counts add up: grabbed == delivered + dropped."""

    secs: float
    first_frame_secs: float | None
    """From the start of the run to the first picture."""
    frames: int
    """Composed and handed to the outputs."""
    grabbed: int
    delivered: int
    dropped: int
    fps: float
    latency_p50_ms: float
    """From the grab of a frame until it was handed to the outputs, over the whole run."""
    latency_p95_ms: float
    plate: PlateStatus
    """At the end: its last verdict, its health, and the prompt that was still open."""
    outputs: tuple[OutputStatus, ...]
    camera_away: str = ""
    """Why there was no camera at the end; empty where there was one."""
    depth: dict[str, Any] | None = None
    """Where depth comes from at the end, with ground and scale; None without a plate."""
