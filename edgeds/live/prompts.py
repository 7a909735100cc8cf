"""One-line messages to people: what they should know or do now."""

from __future__ import annotations

import math

from edgeds.plate.status import PlateStatus


def plate_prompt(plate: PlateStatus) -> str:
    """What to do about the plate; empty if nothing."""
    if plate.phase == "checking":
        return "checking whether the last plate still fits"
    if plate.phase == "counting":
        return f"leave the picture: the plate is taken in {whole_secs(plate.secs_left)} s"
    if plate.phase == "capturing":
        return "taking the plate: keep out of the picture"
    if plate.phase == "estimating":
        return plate.verdict or "estimating the plate: whatever stays in its place is background"
    if plate.phase == "refused":
        return f"no plate: {plate.verdict}"
    return plate.prompt


def hidden_because(plate: PlateStatus) -> str:
    """Why a view that hides the room shows no camera picture. Never empty."""
    if prompt := plate_prompt(plate):
        return prompt
    if plate.phase == "none":
        return "no plate: take one"
    return "checking whether the plate fits the view: step back, so that it can be seen"


def whole_secs(secs_left: float) -> int:
    """The number of a count-down: 3, 2, 1."""
    return max(1, math.ceil(secs_left))
