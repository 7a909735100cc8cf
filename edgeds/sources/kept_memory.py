"""Memory of large pictures, used again as soon as nobody has the picture any more.

The system clears each page that it gives out: of a 4K picture that is 12 MB, 3 ms of a processor's
time. Knows nothing about planes.
"""

from __future__ import annotations

import sys
import threading

import numpy as np
import numpy.typing as npt

from edgeds.sources.process_memory import LARGE_BYTES

_Bytes = npt.NDArray[np.uint8]

_ALIGNED_BYTES = 64
_UNUSED = 3
"""References to memory that nobody has: the list's, a loop's, and that of the count itself."""
_MOST_KEPT = 4

_kept: list[_Bytes] = []
_lock = threading.Lock()


def kept_memory(count: int) -> _Bytes:
    """So many bytes, whatever they were before. They are in use as long as there is a view of them:
    every array that shows a part of an array holds it.
    """
    if count < LARGE_BYTES:
        return _aligned(np.empty(count + _ALIGNED_BYTES, np.uint8), count)
    with _lock:
        # A clip's pictures are of one size: what another clip used goes.
        _kept[:] = [memory for memory in _kept if memory.size == count + _ALIGNED_BYTES]
        for memory in _kept:
            if sys.getrefcount(memory) <= _UNUSED:
                return _aligned(memory, count)
        memory = np.empty(count + _ALIGNED_BYTES, np.uint8)
        if len(_kept) < _MOST_KEPT:
            _kept.append(memory)
        return _aligned(memory, count)


def _aligned(memory: _Bytes, count: int) -> _Bytes:
    """For the wide instructions of codecs."""
    first = -memory.ctypes.data % _ALIGNED_BYTES
    return memory[first : first + count]
