"""Keeps the memory of a long run from growing."""

from __future__ import annotations

import ctypes
import sys

LARGE_BYTES = 8_000_000
"""Frames up to 1080p are smaller: memory that is used for every frame stays in the heap."""
_M_MMAP_THRESHOLD = -3  # of malloc.h; see mallopt(3)


def return_large_arrays() -> None:
    """Return freed arrays of LARGE_BYTES and more to the system, from now on.

    By default glibc raises this size to that of freed blocks, up to 32 MB. After one capture of a
    plate, the frames of the next capture came from the heap, between smaller objects that stay, and
    the holes grew by 60 MB in ten minutes. A fixed size prevents that. Does nothing with other C
    libraries.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # musl has no mallopt, and returns all large blocks by itself
        mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
