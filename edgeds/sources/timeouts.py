"""Timeouts of cameras and streams, decided once. `reconnecting` and the feeds keep them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnect:
    """Timeouts of cameras and streams, and pauses between attempts to connect."""

    stall_secs: float = 1.5
    """Silence after which a source is reported as stalled, which is within 2 s."""
    abandon_secs: float = 5.0
    """Silence after which the connection is given up, and a new one made."""
    open_secs: float = 10.0
    """Silence after which a new connection is given up."""
    key_frame_secs: float = 60.0
    """Timeout for a connection that sends data and no picture: it waits for a key frame."""
    say_secs: float = 1.0
    """Time after which a message says that a connection is being made."""
    backoff_secs: float = 0.25
    """Pause before the first new attempt; doubled with each one that fails."""
    max_backoff_secs: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Timeouts of a network stream inside FFmpeg."""

    open_secs: float = 8.0
    """Timeout for the other side to answer."""
    read_secs: float = 4.0
    """Timeout between two packets."""


STREAM = Stream()
RECONNECT = Reconnect()
