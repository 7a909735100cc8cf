"""Memory of a run that goes on for days."""

from __future__ import annotations

import ctypes
import sys

LARGE_BYTES = 8_000_000
"""Frames up to 1080p are smaller: what comes and goes with every frame stays in the heap."""
_M_MMAP_THRESHOLD = -3  # of malloc.h; see mallopt(3)


def return_large_arrays() -> None:
    """Have freed arrays of LARGE_BYTES and more go back to the system, from now on.

    glibc raises that size to whatever it has seen freed, up to 32 MB: after a plate's capture
    the next one's frames came from the heap, among smaller things that stay, and the holes they
    left grew for ten minutes by 60 MB. Naming a size ends the raising. Does nothing where the C
    library is another.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # musl has none, and gives all large ones back by itself
        mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
