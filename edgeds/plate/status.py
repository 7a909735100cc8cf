"""How the plate of a live run is doing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PlatePhase = Literal["none", "counting", "capturing", "ready", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateStatus:
    """How the plate is doing."""

    phase: PlatePhase = "none"
    secs_left: float = 0.0
    """Of the count-down or the capture, while there is one."""
    verdict: str = ""
    """For people: what the last capture found, or why it was refused and what to do."""
    health: float | None = None
    """1 is as good as new, 0 is past saving; None where it is not watched."""
    prompt: str = ""
    """What the user should do now, e.g. "the camera was moved: retake the plate (press b)"."""
