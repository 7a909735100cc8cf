"""Settings of calibration sets and of their recording, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How many frames calibration needs, and how a set is split."""

    min_frames: int = 100
    """Fewer are refused."""
    good_frames: int = 500
    """Fewer are warned about."""
    held_out_share: float = 0.2
    """Share of the frames that the result is judged on."""
    choosing_share: float = 0.1
    """Share of the frames that the method is chosen by: neither calibrated nor judged on."""
    percentile: float = 99.99
    """Share of the values that the percentile method keeps from saturating."""
    stretches: int = 20
    """A set is cut into at least this many pieces of one scene each; whole pieces are held out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRecording:
    """Recording of a calibration set from a camera or clip."""

    frames: int = 600
    every_secs: float = 1.0
    """Between frames of a camera: 600 are ten minutes of use."""
    new_levels: int = 8
    """A frame is new where a cell of its 32x18 thumbnail differs by this much from every other
    frame's.
    """
    empty_share: float = 0.06
    """Share of empty frames that is kept although they are alike."""
    empty_foreground: float = 0.0005
    """Share of foreground up to which a frame is empty."""
    extreme_share: float = 0.02
    """Share of the darkest, and of the brightest, frames that thinning out leaves in."""
    new_plate_levels: float = 1.0
    """A corrected plate is written where its mean pixel changed by this much: one a frame, of a
    megabyte and more, would add nothing new to a calibration.
    """
    max_side_px: int = 1280


SET_RECORDING = SetRecording()
CALIBRATION = Calibration()
