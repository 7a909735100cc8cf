"""Watches the plate in use: follows light and nudges, and checks whether it fits the view.

The maintenance does the work. A look takes as long as a frame, so it runs beside the frames, and
the next look begins when the last one has finished. Looks are rarer while nothing changes: for four
still cameras they were half of the CPU's work.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor, Future

from edgeds.live.gone_watch import GoneWatch
from edgeds.live.settings import LIVE
from edgeds.live.work_beside import WorkBeside
from edgeds.plate.check_times import CheckTimes
from edgeds.plate.maintenance import Maintenance, PlateUpdate
from edgeds.plate.plate import Plate
from edgeds.types import Frame, Maps

_STRIDE = 8  # a 64th of the pixels says how large the foreground is


class PlateWatch:
    """One plate, from its first frame on. Make another for another plate."""

    def __init__(
        self,
        plate: Plate,
        pool: Executor,
        on_event: Callable[[str], None] = lambda _text: None,
        *,
        trusted: bool,
    ) -> None:
        """
        Args:
            trusted: the plate was made from this stream, so it fits until a look finds that it does
                not. Otherwise it fits only after a look has found so."""
        self._maintenance, self._pool = Maintenance(plate), pool
        self._plate, self._gone = plate, GoneWatch()
        self._beside = WorkBeside(on_event)
        self._look: Future[PlateUpdate] | None = None
        self._times = CheckTimes()
        self._last: Frame | None = None
        self._doubted_secs = -math.inf
        self._look_share = self._share = 0.0
        self._misses = 0
        self._measured: Maps | None = None
        self._maps_share = 0.0
        self.fits = trusted

    def __call__(self, frame: Frame, maps: Maps) -> PlateUpdate | None:
        """Take a frame and its maps; return the result of the latest look, once it has finished."""
        if maps is not self._measured:
            self._measured, self._maps_share = maps, _share(maps)
        share = self._maps_share
        self._doubt(frame, share)
        if self._look is None and self._times.is_due(frame.pts_secs, maps, doubted=not self.fits):
            self._times.begin(frame.pts_secs, maps)
            self._look_share = share
            self._look = self._pool.submit(self._looked, frame, maps)
        if self._look is None or not self._look.done():
            return None
        finished, self._look = self._look, None
        update = self._beside.result(finished, "plate: a look at it failed; it stays as it is")
        if update is None:
            return None
        self._times.end(update)
        self._plate = update.plate or self._plate
        if self._times.last_secs >= self._doubted_secs:  # the look is newer than the doubt
            self._share = self._look_share
            self._misses = self._misses + 1 if update.health == 0 else 0
            if self._misses >= LIVE.lost_looks:
                self.fits = False
            elif not self._misses and self._look_share <= LIVE.proving_share:
                self.fits = True
            # Else hardly any of the plate is visible: the look found nothing new.
        return update

    @property
    def gone(self) -> str:
        """What to do, while something that the plate shows is gone; else empty."""
        return self._gone.prompt if self.fits else ""

    def _looked(self, frame: Frame, maps: Maps) -> PlateUpdate:
        if self.fits:  # of another view all is gone
            self._gone(frame, maps, self._plate)
        return self._maintenance(frame, maps)

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


def _share(maps: Maps) -> float:
    height, width = maps.size
    alpha = maps.alpha_at((max(1, height // _STRIDE), max(1, width // _STRIDE)))
    return float((alpha > 0.5).mean())
