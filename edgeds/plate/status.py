"""The status of the plate in a live run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PlatePhase = Literal["none", "checking", "counting", "capturing", "estimating", "ready", "refused"]
"""none: there is no plate, and none is being taken. checking: a plate of an earlier run is tested.
counting, capturing: one is being captured. estimating: one is being estimated from the stream.
ready: a plate is in use. refused: no plate was taken; the verdict says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateStatus:
    """The status of the plate."""

    phase: PlatePhase = "none"
    secs_left: float = 0.0
    """Time until the phase ends, if known."""
    verdict: str = ""
    """For people: what the last capture found, or why it was refused and what to do."""
    health: float | None = None
    """1 is as good as new, 0 is unusable; None if it is not watched."""
    prompt: str = ""
    """What the user should do now, e.g. "the camera was moved: retake the plate (press b)"."""
    fits: bool = False
    """Whether the plate in use fits the camera's present view. While it does not, or that is not
    known, views that hide the room show no camera picture."""
