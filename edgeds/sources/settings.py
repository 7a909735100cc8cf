"""Settings of sources and of the hand-off, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    depth: int = 3
    """Frames waiting between two stages: enough to hide a slow one, few enough for memory at 4K."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnect:
    """Timeouts of cameras and streams, and pauses between attempts to connect."""

    stall_secs: float = 1.5
    """Silence after which a source is said to stall: people are told within 2 s."""
    abandon_secs: float = 5.0
    """Silence after which the connection is given up and made anew."""
    open_secs: float = 10.0
    """For a connection to give its first frame: RTSP waits for a key frame."""
    backoff_secs: float = 0.25
    """Before the first new attempt; doubled with each that fails."""
    max_backoff_secs: float = 5.0


HANDOFF = Handoff()
RECONNECT = Reconnect()
