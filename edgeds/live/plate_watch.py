"""Watches the plate in use: follows light and nudges, and checks whether it fits the view.

The maintenance does the work. A look takes as long as a frame, so it runs beside the frames, and
the next look begins when the last one has finished.
"""

from __future__ import annotations

import math
from concurrent.futures import Executor, Future

from edgeds.live.settings import LIVE
from edgeds.plate.maintenance import Maintenance, PlateUpdate
from edgeds.plate.plate import Plate
from edgeds.plate.settings import MAINTENANCE
from edgeds.types import FloatMap, Frame, Maps

_STRIDE = 8  # a 64th of the pixels says how large the foreground is


class PlateWatch:
    """One plate, from its first frame on. Make another for another plate."""

    def __init__(self, plate: Plate, pool: Executor, *, trusted: bool) -> None:
        """
        Args:
            trusted: the plate was made from this stream, so it fits until a look finds that it does
                not. Otherwise it fits only after a look has found so."""
        self._maintenance, self._pool = Maintenance(plate), pool
        self._look: Future[PlateUpdate] | None = None
        self._looked_secs = -math.inf
        self._last: Frame | None = None
        self._doubted_secs = -math.inf
        self._look_share = self._share = 0.0
        self._misses = 0
        self.fits = trusted

    def __call__(self, frame: Frame, maps: Maps) -> PlateUpdate | None:
        """Take a frame and its maps; return the result of the latest look, once it has finished."""
        share = _share(maps.alpha)
        self._doubt(frame, share)
        if self._look is None and self._is_due(frame.pts_secs):
            self._looked_secs, self._look_share = frame.pts_secs, share
            self._look = self._pool.submit(self._maintenance, frame, maps)
        if self._look is None or not self._look.done():
            return None
        update, self._look = self._look.result(), None
        if self._looked_secs >= self._doubted_secs:  # the look is newer than the doubt
            self._share = self._look_share
            self._misses = self._misses + 1 if update.health == 0 else 0
            if self._misses >= LIVE.lost_looks:
                self.fits = False
            elif not self._misses and self._look_share <= LIVE.proving_share:
                self.fits = True
            # Else hardly any of the plate is visible: the look found nothing new.
        return update

    def _is_due(self, secs: float) -> bool:
        return not 0 <= secs - self._looked_secs < MAINTENANCE.interval_secs

    def _doubt(self, frame: Frame, share: float) -> None:
        """A view that changed at once looks like foreground everywhere, until the next look."""
        sudden = share > LIVE.large_share and share - self._share > LIVE.sudden_share
        last, self._last = self._last, frame
        if sudden or (last is not None and _is_pause(last, frame)):
            self.fits, self._doubted_secs = False, frame.pts_secs


def _is_pause(last: Frame, frame: Frame) -> bool:
    """Whether the camera was away: if only this computer is slow, frames are left out."""
    gap_secs = (frame.pts_secs - last.pts_secs) / max(1, frame.index - last.index)
    return not 0 <= gap_secs <= LIVE.gap_secs


def _share(alpha: FloatMap) -> float:
    return float((alpha[::_STRIDE, ::_STRIDE] > 0.5).mean())
