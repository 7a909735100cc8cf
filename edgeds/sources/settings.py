"""Settings of sources and of the hand-off, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
"""What is written and read."""
READABLE_IMAGE_SUFFIXES = IMAGE_SUFFIXES | {".avif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    max_waiting: int = 3
    """Frames that wait between two stages: they hide a slow one."""
    memory_bytes: int = 17_000_000
    """Memory of frames at one hand-off, with the one that is being made: four frames of 1080p,
    three of 1440p, one of 4K. A frame of 4K takes so long that none needs to wait.
    """


HANDOFF = Handoff()
