"""Settings of objects and tracks, measured or decided once. Times in seconds, sizes as shares."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """How regions of alpha become objects."""

    width_px: int = 384
    """Maps are looked at with this width: the network's own is 320."""
    alpha: float = 0.5
    """Alpha from which on a pixel counts as foreground."""
    sure_alpha: float = 0.8
    """Alpha that a region has at least somewhere: else it is no object."""
    min_area: float = 0.00025
    """Smaller regions are not objects; a share of the picture."""
    min_height: float = 0.03
    """Objects lower and narrower than this share of the picture's height are not objects."""
    depth_gap: float = 0.12
    """Two layers of one region differ in inverse depth by this share of the nearer one."""
    depth_contrast: float = 5.0
    """They also differ by so many sigmas of what is inside a layer; an even slope has 3.5."""
    part_area: float = 0.12
    """A layer has at least this share of its region."""
    claim: float = 0.15
    """A track claims a region that overlaps this share of the smaller of the two."""
    split_secs: float = 0.4
    """Layers that touch must differ for so long before they are two objects."""
    apart_secs: float = 0.5
    """Pieces of the same height, side by side, must be apart for so long."""
    confirm_secs: float = 0.25
    """So long an object must be there before it is reported."""
    confirm_looks: int = 3
    """In so many frames an object must be there before it is reported."""
    lost_secs: float = 1.5
    """An object that is not seen for so long is gone."""
    hidden_secs: float = 4.0
    """As `lost_secs`, while something nearer covers the place where it should be."""
    rest_secs: float = 60.0
    """As `lost_secs`, if it had not moved before that."""
    edge_secs: float = 0.3
    """As `lost_secs`, where it walked out of the picture."""
    fragment_gap: float = 0.3
    """Pieces of one object are not farther apart than this share of the larger piece's width."""
    still_share: float = 0.12
    """An object is still while its foot stays within this share of its height."""
    still_levels: float = 18.0
    """Pixels that differ by more levels of 255 have changed."""
    still_changed: float = 0.03
    """An object is motionless while no larger share of its pixels has changed."""
    still_outline: float = 0.06
    """It is motionless, too, only while its outline changes by no larger share of its area."""
    rest_after_secs: float = 1.5
    """What has been still for so long does not move while something passes before it."""
    sure_secs: float = 0.25
    """After objects part, so long one must be seen alone until its colours decide who it is."""
    sure_gain: float = 0.1
    """By so much another one must fit better (logarithm of likeness)."""
    one_likeness: float = 0.8
    """A region is one of those that share it if it is as large and so alike: 9 of 10 looks at a
    drawn person, seconds apart, are more alike."""
    as_two: float = 1.3
    """Two who came as one object were stouter than one of them by this factor."""
    as_tall: float = 0.7
    """What parts from such a pair has at least this share of its height: else it is a piece."""
    post_width: float = 0.12
    """A post of the plate before people is not wider than this share of their height."""
    smooth_secs: float = 0.25
    """Over which speed and depth are averaged."""


TRACKING = Tracking()
