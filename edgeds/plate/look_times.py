"""When to look at the plate in use again. Knows nothing about what a look does."""

from __future__ import annotations

import math

from edgeds.plate.maintenance import PlateUpdate
from edgeds.plate.settings import MAINTENANCE
from edgeds.types import Maps

_ROUNDING_SECS = 1e-6  # times of frames are fractions: the frame at the interval itself counts


class LookTimes:
    """Looks are an interval apart, and rarer while nothing changes.

    Nothing changes while frames have the very maps that the last look saw, if that look found
    nothing to correct.
    """

    def __init__(self, interval_secs: float = MAINTENANCE.interval_secs) -> None:
        self._interval_secs = interval_secs
        self.last_secs = -math.inf
        """The time of the frame that was looked at last."""
        self._seen: Maps | None = None
        self._is_settled = False

    def is_due(self, secs: float, maps: Maps, *, doubted: bool = False) -> bool:
        """Whether it is time for the next look. `doubted`: the plate may no longer fit."""
        is_still = maps is self._seen and self._is_settled and not doubted
        interval_secs = MAINTENANCE.still_secs if is_still else self._interval_secs
        return not 0 <= secs - self.last_secs < interval_secs - _ROUNDING_SECS

    def begin(self, secs: float, maps: Maps) -> None:
        """A look at this frame begins."""
        self.last_secs, self._seen = secs, maps

    def end(self, update: PlateUpdate) -> None:
        """Take what the look found."""
        self._is_settled = update.plate is None and update.health >= MAINTENANCE.settled_health
