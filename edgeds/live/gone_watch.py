"""Asks for a new plate where something that the plate shows is gone for some seconds.

Knows nothing about commands and views.
"""

from __future__ import annotations

from edgeds.live.settings import LIVE
from edgeds.plate.gone_from_plate import GoneFromPlate
from edgeds.plate.plate import Plate
from edgeds.plate.settings import MAINTENANCE
from edgeds.sources.scaling import resized, size_at_width
from edgeds.types import Frame, Maps, Pixels


class GoneWatch:
    """Call it with looks at frames, in order. `prompt` has what to do, until the thing is back."""

    def __init__(self) -> None:
        self._find = GoneFromPlate(LIVE.gone_secs)
        self._plate: Plate | None = None
        self._small: Pixels | None = None

    @property
    def prompt(self) -> str:
        """Empty while nothing is gone."""
        found = self._find.found
        return "" if found is None else f"{found.words}: retake the plate without it (press b)"

    def __call__(self, frame: Frame, maps: Maps, plate: Plate) -> None:
        """`plate`: as it is now."""
        size = size_at_width(plate.size, min(MAINTENANCE.width_px, plate.size[1]))
        if self._find.found is not None:
            hidden = (maps.alpha_at(size) > 0.5)[self._find.found.mask]
            if hidden.mean() < LIVE.back_share:
                self._find = GoneFromPlate(LIVE.gone_secs)
        elif maps.boxes:
            if self._small is None or self._plate is not plate:
                self._plate, self._small = plate, resized(plate.pixels, size)
            self._find(frame.pts_secs, maps.alpha_at(size), frame.rgb(size), self._small)
