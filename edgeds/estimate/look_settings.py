"""Settings of looks: what changes between frames, and what the network sees of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLimits:
    """What counts as a change between two frames, at the network's size."""

    floor_levels: float = 4.0
    """Smaller differences of the mean of 3x3 pixels are no change: rounding, and slow light until
    it has added up to this.
    """
    noises: float = 6.0
    """Factor on the median difference of successive frames. For Gaussian noise that is six
    deviations: none of 60,000 pixels passes it by chance.
    """
    learn_every: int = 4
    """Frames between two measurements of the noise, which cost half a millisecond."""
    noise_kept: float = 0.8
    """Weight of the earlier measurements of the noise when a new one comes."""
    foreground: float = 0.06
    """Coarse alpha above this is foreground: its colours are not judged background."""
    entering_levels: float = 8.0
    """What enters beside the foreground differs by more than this. On two clips of people most
    looks at the whole were due to 1 to 13 of 61,440 pixels that a codec changed by 5 to 8 levels;
    what really entered differed by 9 to 160.
    """
    range_kept: float = 15 / 16
    """How much of a range of colours is left after each look that did not see its ends again."""


CHANGE = ChangeLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class LookSettings:
    """When the network sees the whole frame, a part of it, or nothing."""

    whole_every: int = 40
    """Frames between two looks at the whole while nothing outside the part changes."""
    reuse_most: int = 50
    """Largest number of frames that reuse the maps of an earlier frame."""
    least_zoom: float = 1.25
    """Least enlargement for which a look at a part is worth its cost."""
    least_zoom_kept: float = 1.15
    """As `least_zoom`, while parts are in use. The two differ so that parts do not come and go."""
    most_stretch: float = 1.3
    """Parts as high or wide as the frame may be stretched by this. The whole is, a bit."""
    foreground: float = 0.06
    """Coarse alpha above this is foreground that the part must contain."""
    margin: float = 0.15
    """Margin around the foreground, as a share of its height and width."""
    margin_px: int = 24
    """Least margin, in pixels of the frame."""
    ahead_frames: int = 3
    """A part is placed so that it holds the foreground for so many frames, if it moves on as it
    does. See train/NOTES.md for what this costs and saves.
    """
    kept_margin: float = 0.03
    kept_margin_px: int = 6
    """Least margin that may be left before the part is placed again."""
    kept_zoom: float = 1.5
    """A part that is this many times as high as necessary is placed again."""
    most_cost: float = 1.12
    """Most looks per frame, on average, before edgeds gives parts up: if something outside the part
    changes again and again, each frame would take two looks.
    """
    fair_cost: float = 1.02
    """Looks a frame at which parts are tried again."""
    cost_frames: int = 150
    """How many frames that mean is of."""
    plate_cost: float = 0.65
    """A look at the plate's part, in looks at a frame."""


LOOKS = LookSettings()
WHOLE = LookSettings(least_zoom=float("inf"), least_zoom_kept=float("inf"), reuse_most=0)
"""The network sees the whole of every frame."""
