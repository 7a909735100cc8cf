"""When to look at the plate in use again. Knows nothing about what a look does."""

from __future__ import annotations

import math
from collections.abc import Callable

from edgeds.plate.background_change import Background, background_of, has_changed
from edgeds.plate.maintenance import PlateUpdate
from edgeds.plate.settings import MAINTENANCE
from edgeds.types import Maps, Pixels

_ROUNDING_SECS = 1e-6  # times of frames are fractions: the frame at the interval itself counts


class CheckTimes:
    """Looks are an interval apart, and rarer while nothing changes.

    Nothing changes while frames have the very maps that the last look saw, or show the background
    as it was then, if that look found nothing to correct.
    """

    def __init__(self, interval_secs: float = MAINTENANCE.interval_secs) -> None:
        self._interval_secs = interval_secs
        self.last_secs = -math.inf
        """The time of the frame that was looked at last."""
        self._asked_secs = -math.inf
        self._seen: Maps | None = None
        self._background: Background | None = None
        self._is_settled = False

    def is_due(
        self,
        secs: float,
        maps: Maps,
        *,
        doubted: bool = False,
        shown: Callable[[], Pixels] | None = None,
    ) -> bool:
        """Whether it is time for the next look.

        Args:
            doubted: the plate may no longer fit.
            shown: gives the frame, small, where its background is to be compared.
        """
        settled = self._is_settled and not doubted
        is_still = maps is self._seen and settled
        interval_secs = MAINTENANCE.still_secs if is_still else self._interval_secs
        if not self._is_over(self.last_secs, secs, interval_secs):
            return False
        if not settled or shown is None or self._background is None:
            return True
        if self._is_over(self.last_secs, secs, MAINTENANCE.still_secs):
            return True
        if not self._is_over(self._asked_secs, secs, self._interval_secs):
            return False
        self._asked_secs = secs
        return has_changed(self._background, background_of(shown(), maps))

    def begin(self, secs: float, maps: Maps, shown: Pixels | None = None) -> None:
        """A look at this frame begins."""
        self.last_secs = self._asked_secs = secs
        self._seen = maps
        self._background = None if shown is None else background_of(shown, maps)

    def end(self, update: PlateUpdate) -> None:
        """Take what the look found."""
        self._is_settled = update.plate is None and update.health >= MAINTENANCE.settled_health

    @staticmethod
    def _is_over(since_secs: float, secs: float, interval_secs: float) -> bool:
        return not 0 <= secs - since_secs < interval_secs - _ROUNDING_SECS
