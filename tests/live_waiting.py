"""Waits for what a live run reports."""

from __future__ import annotations

import time
from collections.abc import Callable

from edgeds.live.control import LiveStatus
from edgeds.live.run import LiveRun


def wait_for(run: LiveRun, what: Callable[[LiveStatus], object]) -> LiveStatus:
    """The first status that `what` is true of, within a minute."""
    end = time.monotonic() + 60
    while not what(status := run.status()):
        assert time.monotonic() < end, status
        time.sleep(0.01)
    return status
