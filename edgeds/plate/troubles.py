"""In which ways a plate can stop fitting: how bad each one is, and what the user should do.

Knows no pictures, only what was measured in them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgeds.plate.health import Trouble
from edgeds.plate.light_change import GAMMA
from edgeds.plate.lost_picture import Loss
from edgeds.plate.settings import PlateMaintenance

RETAKE = "retake the plate (press b)"
_GIVE = "give a plate of this view, or none"
_CUT = "cut the clip there, and give each part a plate of its own"
_WRONG = "the mask may be wrong there"
OTHER_SCENE = f"the plate shows another scene, or another view of it, from the start: {RETAKE}"
BLACK = "the picture is black: uncover the camera, or give it light"
FLAT = "the picture is one flat colour: uncover the lens, or check the camera and its cable"
TOO_WHITE = "much of the picture is clipped to white: lower the exposure, or take light away"
NO_PICTURE = (BLACK, TOO_WHITE, FLAT)
"""The frames' faults, not the plate's."""
MOVED = f"the camera was moved: {RETAKE}"
OTHER_VIEW = f"the view changed: {RETAKE}"
COVERED = f"the view is covered, or changed: clear it, or {RETAKE}"
CUTS = (OTHER_VIEW, COVERED)
"""What a cut to another scene looks like, now this and now that."""
SEEN_AT_ONCE = (*NO_PICTURE, *CUTS)
"""What one look after a sudden change decides: a flash, or a cut to another scene and back."""
AT_THE_END = (OTHER_SCENE, MOVED, *NO_PICTURE, *CUTS)
"""What the last look of a clip decides: no later one can. Other light is followed at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a look found. Shares are of the picture; those of the background, of what is visible."""

    is_found: bool | None
    """Whether the plate's structure is in the picture; None where too little of it is visible."""
    never_fitted: bool | None
    """Whether no look has found the plate; None where this one cannot decide."""
    moved: float
    """How far the camera moved, as a share of the picture's width."""
    gain: float
    """How much brighter the light is than when the plate was taken."""
    loss: Loss | None
    """What has become of a picture that shows nothing."""
    foreground: float
    fooled: float
    """Foreground by alpha that has the plate's own structure or colours."""
    wrong: float
    """Background that differs from the plate."""
    white: float
    """What has turned white of the background, or of the picture."""


def troubles(found: Measured, limits: PlateMaintenance) -> tuple[Trouble, ...]:
    """The first one that has lasted long enough gives the prompt."""
    stops = abs(GAMMA * np.log2(float(np.clip(found.gain, 1e-3, 1e3))))
    differs: float | None = found.wrong / 0.5
    if found.wrong < 0.5 and not found.is_found:
        differs = None if found.is_found is None else 1.0
    never_fitted = found.never_fitted if found.loss is None else None
    return (
        Trouble(OTHER_SCENE, never_fitted, limits.foreign_secs, lowers_health=False),
        Trouble(MOVED, found.moved / limits.max_move, limits.prompt_secs),
        Trouble(BLACK, found.loss == "black", limits.prompt_secs),
        Trouble(TOO_WHITE, found.white / limits.max_clipped, limits.prompt_secs),
        Trouble(FLAT, found.loss == "flat", limits.prompt_secs),
        Trouble(
            f"the light changed too far: {RETAKE}",
            max(stops / limits.max_stops, found.fooled / 0.3),
            limits.prompt_secs,
        ),
        Trouble(OTHER_VIEW, differs, limits.lost_secs),
        # Foreground close to the camera is no fault of the plate, unless it stays.
        Trouble(COVERED, found.foreground / 0.95, limits.covered_secs, lowers_health=False),
    )


def in_a_file(prompt: str, *, whole: bool = True) -> str:
    """The prompt for a clip that is there already: its camera cannot be changed any more.

    `whole`: all of the clip has the trouble, so that another plate helps; else only a part has.
    """
    if prompt in CUTS and not whole:
        return f"the view changed, or is covered: {_WRONG}; if it changed, cut the clip there"
    what = "the view changed, or is covered" if prompt in CUTS else prompt.partition(": ")[0]
    if prompt in NO_PICTURE:
        return f"{what}: {_WRONG}"
    return f"{what}: {_GIVE if whole else _CUT}"
