"""Settings of the matte, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Matte:
    """Alpha from the network's size to the frame's."""

    lift: float = 0.25
    """Coarse alpha grows by this times a (1 - a). On composites of the training split, IoU .930 to
    .932 with exact plates and .867 to .868 with wrong ones.
    """
    sure: float = 0.8
    """Coarse alpha over it is foreground whose colour is known, under 1 - it background."""
    band: float = 0.02
    """Alpha closer than this to 0 or 1 is left alone."""
    noise_levels: float = 10.0
    """Difference between foreground and plate at which their colours tell half the truth."""
    texture: float = 2.0
    """Weight of the foreground's own variance beside that noise."""
    residual_levels: float = 24.0
    """Misfit of the mixing equation at which its alpha is no longer believed."""


MATTE = Matte()
