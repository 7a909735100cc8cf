"""Settings of a live run, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Windows of measurement, pauses and queues."""

    meter_secs: float = 5.0
    """Frames per second and latencies are reported over this long."""
    refusal_secs: float = 4.0
    """For reading why a plate was refused, before anything else happens to it."""
    recording_depth: int = 8
    """Frames a recording may lag behind: a key frame takes as long to encode as several others."""
    close_secs: float = 10.0
    """For an output to end. A file may take longer, and is waited for; a page is left behind."""
    check_secs: float = 2.0
    """For a plate of an earlier run to prove that it fits the view..."""
    check_looks: int = 3
    """... unless fewer looks than this found that it does not."""
    check_health: float = 0.2
    """How healthy it must be for that."""
    lost_looks: int = 2
    """So many looks in a row must miss the plate before it does not fit any more: one may err, and
    a view that changes at once is noticed by its foreground, from the first frame on."""
    gap_secs: float = 1.0
    """After a longer pause of the frames the camera may see something else."""
    sudden_share: float = 0.2
    """Foreground that grows by this share of the picture between two looks at the plate..."""
    large_share: float = 0.4
    """... and then covers this much, may be another view: wait for the next look."""
    proving_share: float = 0.75
    """Where foreground covers more, a look at the plate cannot prove that it fits: a plate of
    another view made foreground of 89 to 98 % of the picture."""


LIVE = Live()
