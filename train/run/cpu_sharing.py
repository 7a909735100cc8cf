"""CPU sharing: use only the cores that no process of a better priority wants.

A step that is split over two threads is as slow as the slower one. Measured on 2 cores at nice 10:
beside one busy process, a step of 0.5 s took 5 s with two threads, and 0.9 s with one.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import torch

STAT = Path("/proc/stat")


class SharedCores:
    """Call `adjust` once per step."""

    def __init__(self, threads: int, *, every_secs: float = 1.0, stat: Path = STAT) -> None:
        self.threads, self.every_secs, self.stat = threads, every_secs, stat
        self.seen_secs, self.seen_at = user_secs(stat), time.monotonic()
        torch.set_num_threads(threads)

    def adjust(self) -> int:
        """Set torch's number of threads by what others used since the last call; return it."""
        passed = time.monotonic() - self.seen_at
        if passed >= self.every_secs:
            now = user_secs(self.stat)
            busy = (now - self.seen_secs) / passed
            self.seen_secs, self.seen_at = now, time.monotonic()
            free = (os.cpu_count() or 1) - round(busy)
            torch.set_num_threads(max(1, min(self.threads, free)))
        return torch.get_num_threads()


def user_secs(stat: Path) -> float:
    """CPU seconds that processes of normal priority have used since boot; 0 where unknown."""
    if not stat.exists():
        return 0.0
    user_ticks = int(stat.read_text().split()[1])
    return user_ticks / os.sysconf("SC_CLK_TCK")
