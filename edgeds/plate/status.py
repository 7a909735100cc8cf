"""How the plate of a live run is doing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PlatePhase = Literal["none", "checking", "counting", "capturing", "estimating", "ready", "refused"]
"""none: there is no plate, and none is being taken. checking: a plate of an earlier run is tried.
counting, capturing: the wizard takes one. estimating: it is estimated from the moving stream.
ready: it is in use. refused: none was taken; the verdict says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateStatus:
    """How the plate is doing."""

    phase: PlatePhase = "none"
    secs_left: float = 0.0
    """Until the phase ends, where that is known."""
    verdict: str = ""
    """For people: what the last capture found, or why it was refused and what to do."""
    health: float | None = None
    """1 is as good as new, 0 is past saving; None where it is not watched."""
    prompt: str = ""
    """What the user should do now, e.g. "the camera was moved: retake the plate (press b)"."""
    fits: bool = False
    """Whether the plate in use shows what the camera sees now. While it does not, or is not known
    to, views that hide the room show no camera picture."""
