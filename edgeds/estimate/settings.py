"""Settings of the matte and of the plate's depth, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Preset: TypeAlias = Literal["balanced", "fine"]
"""What a run prefers: speed and quality alike, or thin things and small people."""


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
    """Residual of the mixing equation at which its alpha is no longer believed."""
    faint: float = 0.15
    """In a cutout the foreground's colour beside it stands in for what un-mixing a fainter alpha
    gives, which is mostly noise.
    """
    bleed_px: int = 8
    """They are carried this far past its border, so that scaling and lossy encoding mix nothing
    dark into it.
    """


MATTE = Matte()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateDepth:
    """The plate's depth, from several looks of its own network."""

    parts_from: float = 1.5
    """A plate so many times as large as the network's picture is looked at in parts, too."""
    part_share: float = 0.6
    """Of the plate's sides: neighbours overlap by a third."""
    least_scale: float = 0.2
    """A part that has to be stretched by more than this, or its inverse, is not believed."""
    fit_stride: int = 4
    """A sixteenth of the pixels fits a part as well as all of them."""
    detail_share: float = 0.1
    """Of the plate's shorter side: what is coarser comes from the look at the whole."""
    guide_height: int = 256
    """The picture on which edges are fitted."""
    guide_radius: int = 8
    """Of the windows, in pixels of that picture."""
    guide_epsilon: float = 3e-4
    """Variance of the plate's colours, in 0..1, that is no edge: its deviation is 4.4 levels."""
    guide_floor: float = 0.2
    """Of the plate's median inverse depth: added before the logarithm is taken."""
    guide_rounds: int = 2
    """Each sharpens what the one before left. On 21 plates of the training rooms (192x320, mirrored
    look) this took boundary recall from .139 to .207 and delta1 from .955 to .957. With 1e-4 recall
    is .214, and the plate's noise shows.
    """


PLATE_DEPTH = PlateDepth()
