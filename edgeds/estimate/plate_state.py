"""Everything that an engine and a fit computed of a plate, and whether a frame fits it."""

from __future__ import annotations

from dataclasses import dataclass

from edgeds.errors import EngineError, ShapeError
from edgeds.estimate.feet_depth import Standing
from edgeds.estimate.maps_on_demand import PlateView
from edgeds.estimate.plate_depth_on_ground import GroundedDepth
from edgeds.plate.plate import Plate, check_plate
from edgeds.sources.argument_checks import check_argument, check_frame
from edgeds.types import FloatMap, Frame, PlateFeatures, RgbPicture, described, is_rgb


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
    """The median of `raw`."""
    grounded: GroundedDepth | None = None
    standing: Standing | None = None
    """Where the depth is that of measured ground."""
    shows_depth: bool = True
    """False where nobody looks at depth: the plate's stands for that of the foreground."""

    @property
    def depth(self) -> FloatMap:
        return self.view.depth

    @property
    def units(self) -> float:
        """Another number where the units of the depth, as it is shown, are others."""
        return 0.0 if self.grounded is None else self.grounded.scale.per_unit


def check_fits(frame: Frame, plate: Plate) -> None:
    """
    Raises:
        ShapeError: it is no Frame, not of the plate's size, or not uint8 RGB.
    """
    check_frame(frame)
    picture = frame.picture
    if isinstance(picture, RgbPicture) and not is_rgb(picture.pixels):
        raise ShapeError(
            f"the frame's pixels are {described(picture.pixels)}",
            why="a frame is uint8 RGB of shape (height, width, 3), with values from 0 to 255",
            fix="convert it: np.dstack([grey] * 3), rgba[..., :3], (255 * floats).astype('uint8')",
        )
    if frame.size != plate.size:
        raise ShapeError(
            f"the frame is {frame.size} and the plate {plate.size} (height, width)",
            why="frame and plate must be the same view at the same size",
            fix="bring the plate to the frame's size: edgeds.plate_at_size(plate, frame.size)",
        )


def check_engine_and_plate(engine: object, plate: object, *, must: bool = True) -> None:
    """`must`: there has to be a plate already.

    Raises:
        InputError: one of them is something else.
    """
    check_argument(
        engine, hasattr(engine, "encode_plate"), name="the engine", wanted="an engine",
        fix="open one, and give it first: Estimator(open_engine(), plate)", error=EngineError,
    )  # fmt: skip
    if must or plate is not None:
        check_plate(plate)
