"""Keeps the memory of a long run from growing, and measures it."""

from __future__ import annotations

import ctypes
import gc
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeds.types import Size

LARGE_BYTES = 8_000_000
"""Frames up to 1080p are smaller: memory that is used for every frame stays in the heap."""
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # of malloc.h; see mallopt(3)
_KEPT_BYTES = 32_000_000
"""At the end of a heap."""
_KEPT_OF_LAYERS_BYTES = 64_000_000
"""As much as the heap of a thread holds."""


def return_large_arrays() -> None:
    """Return freed arrays of LARGE_BYTES and more to the system, from now on.

    By default glibc raises this size to that of freed blocks, up to 32 MB. After one capture of a
    plate, the frames of the next capture came from the heap, between smaller objects that stay, and
    the holes grew by 60 MB in ten minutes. A fixed size prevents that. It would also fix at 128 kB
    how much free memory the end of a heap may hold: with every array of a frame the system took
    pages back and gave them again, which was a fifth of the CPU time of 4K video. Does nothing with
    other C libraries.
    """
    _set(_M_MMAP_THRESHOLD, LARGE_BYTES)
    _set(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def keep_arrays_of_layers() -> None:
    """Keep freed memory at the end of heaps, from now on: for files with layers, and for views
    whose border is drawn at the frame's size.

    These need many arrays of a frame's size at once, of float32 too, for which glibc had the
    system make 6,000 to 9,000 pages anew in each frame of 1920x1080: 54 to 78 of 240 ms of CPU
    time, now 2, with as much memory at the most. Border and drawing of a cutout: 49 of 172 ms, now
    1, of `replace` 37 of 101, with 70 MB more at the most. Not for live runs, for the sake of
    `return_large_arrays`. Does nothing with other C libraries.
    """
    _set(_M_TOP_PAD, _KEPT_OF_LAYERS_BYTES)


def return_what_opening_used(size: Size) -> None:
    """Return memory that is free by now to the system, where frames of a (height, width) are large.

    Before the first frame of a 4K clip this was 238 of 668 MB: the depth network and what looked
    for people, which refer to each other, and holes in the heap. It takes some 50 ms.
    """
    if size[0] * size[1] * 3 // 2 < LARGE_BYTES:
        return
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _set(option: int, value: int) -> None:
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:  # musl has no mallopt, and returns all large blocks by itself
            mallopt(option, value)


def peak_bytes() -> int | None:
    """The most that was resident; None where the system does not report it."""
    # Linux: getrusage counts what the starting process had before this program was loaded
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    if found is not None:
        return int(found[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
