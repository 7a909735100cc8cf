"""Settings of a live run, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Windows of measurement, pauses and queues."""

    meter_secs: float = 5.0
    """Frames per second and latencies are reported over this long."""
    refusal_secs: float = 4.0
    """Time to read why a plate was refused, before anything else happens."""
    recording_max_waiting: int = 8
    """Frames a recording may lag behind: a key frame takes as long to encode as several others."""
    close_secs: float = 10.0
    """Time for an output to end. The run waits longer for a file; a page is left behind."""
    check_secs: float = 2.0
    """Time for a plate of an earlier run to prove that it fits the view."""
    check_looks: int = 3
    """Least number of looks that must fail before such a plate is given up."""
    check_health: float = 0.2
    """The health that it needs for that."""
    lost_looks: int = 2
    """So many looks in a row must fail before the plate counts as not fitting: one look may be
    wrong, and a view that changes at once is noticed by its foreground, from the first frame on."""
    people_secs: float = 0.7
    """Between two looks for people: walkers have gone on by half a step and more."""
    better_ground: float = 0.85
    """A fit of the ground is taken over where its error is less than this of the one in use."""
    gone_secs: float = 5.0
    """So long something that the plate shows must be gone: a file can wait for less, since nobody
    is asked to do anything."""
    back_share: float = 0.2
    """It is back if a smaller share of its place counts as foreground."""
    gap_secs: float = 1.0
    """After a longer pause of the frames the camera may see something else."""
    sudden_share: float = 0.2
    """Growth of foreground between two looks at the plate, as a share of the picture, from which on
    it may be another view: wait for the next look."""
    large_share: float = 0.4
    """Share of the picture that such foreground covers at least."""
    proving_share: float = 0.75
    """If foreground covers more, a look cannot prove that the plate fits: with a plate of another
    view, 89 to 98 % of the picture were foreground."""


LIVE = Live()
