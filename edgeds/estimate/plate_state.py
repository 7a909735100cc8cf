"""Everything that an engine and a fit computed of a plate. Knows no frames."""

from __future__ import annotations

from dataclasses import dataclass

from edgeds.estimate.feet_depth import Standing
from edgeds.estimate.maps_on_demand import PlateView
from edgeds.estimate.plate_depth_on_ground import GroundedDepth
from edgeds.plate.plate import Plate
from edgeds.types import FloatMap, PlateFeatures


@dataclass(frozen=True, slots=True, eq=False)
class PlateState:
    """All that is known of a plate, in one object, so that it can be replaced in one step."""

    plate: Plate
    view: PlateView
    features: PlateFeatures
    depth_small: FloatMap
    raw: FloatMap
    """Its depth as a network gives it: frames are fitted to that."""
    raw_small: FloatMap
    middle: float
    """Of that."""
    grounded: GroundedDepth | None = None
    standing: Standing | None = None
    """Where the depth is that of measured ground."""
    shows_depth: bool = True
    """False where nobody looks at depth: the plate's stands for that of the foreground."""

    @property
    def depth(self) -> FloatMap:
        return self.view.depth
