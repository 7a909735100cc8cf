"""Settings of a live run, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Windows of measurement, pauses and queues."""

    meter_secs: float = 5.0
    """Frames per second and latencies are told over this long."""
    refusal_secs: float = 4.0
    """For reading why a plate was refused, before anything else happens to it."""
    recording_depth: int = 8
    """Frames a recording may lag behind: a key frame takes as long to encode as several others."""


LIVE = Live()
