"""Settings of engines (GPU buffers, INT8 calibration, the gate), measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass

from edgeds.estimate.settings import Preset
from edgeds.types import Size

DEFAULT_ENGINE = "edgeds-192x320-fp32"
SHIPPED_WEIGHTS = "edgeds.safetensors"

FAST_SIZE: Size = (160, 256)
"""The network's size in the preset `fast`: the same weights on two thirds of the pixels. At
224x128, .46 of the time, the mask of moving_person lost 1.5 points of IoU (256x160: .7) and depth
its delta1 fell from .88 to .61."""
FINE_SIZE: Size = (288, 512)
"""The network's size in the preset `fine`: the same weights on 2.4 times the pixels."""
PRESET_SIZES: dict[Preset, Size | None] = {"fast": FAST_SIZE, "balanced": None, "fine": FINE_SIZE}
"""None is the engine's own size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    frames_in_flight: int = 3
    """Page-locked slots: one is filled, one computed, one read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """How much worse a lower precision may be on held-out frames before the gate refuses it."""

    alpha_mad: float = 2e-3
    iou_loss: float = 0.01
    depth_abs_rel: float = 0.03
    """Relative."""
    pixel_abs_rel: float = 1.0
    """The most that a pixel counts in AbsRel: as much as one that is put at distance 0. Without a
    bound one close-up of 38 frames, in which the fit of scale and shift put 6 % of the pixels
    behind its far end, raised the mean by 16 %; INT8 was as good as float in the other 37."""
    least_mask: float = 1e-3
    """Share of the picture. Where both engines find less, a pixel of difference counts as in a mask
    of this size. Without it two frames, in which float finds 1 and 3 pixels and INT8 none, were
    four fifths of the IoU by which the method of calibration is chosen."""
    latency_ratio: float = 1.03
    """Most that the candidate's time may be over float's, as a ratio: up to this it is noise."""
    turns: int = 60
    warm_up_turns: int = 5


GPU = Gpu()
GATE = Gate()
