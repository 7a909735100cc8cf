"""Settings of sources and of the hand-off, measured or decided once."""

from __future__ import annotations

from dataclasses import dataclass

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
"""What is written and read."""
READABLE_IMAGE_SUFFIXES = IMAGE_SUFFIXES | {".avif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    depth: int = 3
    """Frames that wait between two stages: they hide a slow one, and fit into memory at 4K."""
    memory_bytes: int = 400_000_000
    """Memory of frames and maps at one hand-off: three frames up to 4K, one at 8K."""


HANDOFF = Handoff()
