"""How many threads each part of the program may use: the one place where that is decided.

Knows the number of cores, and nothing of what the threads do.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from edgeds.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Threads:
    """The stages run beside each other, so each gets a share of the cores, one at least."""

    decoder: int
    """Each thread of a decoder holds a frame: at 4K 12 MB."""
    encoder: int
    """On two cores it has both: what it has left to encode at the end, nothing runs beside, and of
    large frames one takes longer than all other stages (4K: 151 ms a frame instead of 174).
    """
    network: int
    """Threads of the network for a file, where frames wait for each other. Live, it may use all
    cores: there a frame's own time counts.
    """
    sampling: int
    """Threads of a decoder that reads a clip's samples, before the first frame, when little else
    runs."""
    opencv: int
    """OpenCV's own threads spin beside the stages: on 2 cores they took the network from 10 to 21
    ms a frame.
    """


def threads_for(cores: int) -> Threads:
    return Threads(
        decoder=min(8, max(1, cores // 4)),
        encoder=max(min(2, cores), cores // 2),
        network=max(1, cores // 2),
        sampling=min(8, cores),
        opencv=min(4, max(1, cores // 4)),
    )


def threads() -> Threads:
    """For the cores that this process may use."""
    may_use = getattr(os, "sched_getaffinity", None)  # only Linux has it
    return threads_for(len(may_use(0)) if may_use else os.cpu_count() or 1)


def threads_wanted() -> int | None:
    """What EDGEDS_THREADS asks for: threads of the network on a CPU; None where it says nothing.

    Raises:
        InputError: the variable holds something else.
    """
    wanted = os.environ.get("EDGEDS_THREADS")
    if not wanted:
        return None
    if not wanted.isdecimal() or int(wanted) < 1:
        raise InputError(
            f"EDGEDS_THREADS is {wanted!r}",
            why="it must be a number of threads, 1 or more",
            fix="set it to a number such as 2, or unset it",
        )
    return int(wanted)
