"""How many threads the network may use on a CPU: the environment variable EDGEDS_THREADS."""

from __future__ import annotations

import os

from edgeds.errors import InputError


def threads_wanted() -> int | None:
    """The number of threads asked for; None where the library chooses.

    Raises:
        InputError: the variable holds something else.
    """
    threads = os.environ.get("EDGEDS_THREADS")
    if not threads:
        return None
    if not threads.isdecimal() or int(threads) < 1:
        raise InputError(
            f"EDGEDS_THREADS is {threads!r}",
            why="it must be a number of threads, 1 or more",
            fix="set it to a number such as 2, or unset it",
        )
    return int(threads)
