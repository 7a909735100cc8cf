"""Frame -> Maps for one plate and one engine.

Knows how the pieces fit, not how any of them works.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from edgeds.errors import ShapeError
from edgeds.estimate.depth_fit import depth_range, middle_of
from edgeds.estimate.feet_depth import Standing
from edgeds.estimate.kept_depth import KnownDepth, depth_by, kept_depth, kept_in
from edgeds.estimate.look_settings import LOOKS, LookSettings
from edgeds.estimate.maps_on_demand import PlateView
from edgeds.estimate.plate_depth import DepthNetwork, edges_of_plate
from edgeds.estimate.plate_depth_on_ground import GroundedDepth
from edgeds.estimate.plate_state import PlateState, check_engine_and_plate, check_fits
from edgeds.estimate.settings import MATTE, Matte
from edgeds.estimate.whole_or_part import Looks
from edgeds.plate.ground.metric_scale import MetricScale
from edgeds.plate.plate import Plate, noise_of, resized_map
from edgeds.plate.registration import Matrix, displacement, warped
from edgeds.sources.scaling import resized
from edgeds.types import Engine, FloatMap, Frame, Maps, Pixels, PlateFeatures, Size

_STILL_PX = 0.5  # a smaller move is left out of the depth, which is softer than that


class Estimator:
    """Alpha and inverse depth of frames before one plate.

    The plate is encoded, and its depth computed, once. Inverse depth of all frames is in the
    plate's units. Frames of a clip go in order: where nothing changed since the frame before, its
    maps are given again; where only a part did, the network sees that part (`whole_or_part`). So
    each camera has an estimator of its own, called from one thread at a time; the engine may be
    shared.

    Args:
        depth_network: computes the plate's depth, in a second or two, unless the plate keeps it;
            without it the engine does, at once and worse. Where that is too long, give it to
            `take_known` later.
        known: the plate's depth, which another thread computed; goes before all of these.
        looks: when the network sees a part of the frame; `WHOLE` for frames in no order.
    """

    notes: tuple[str, ...] = ()
    followed: None = None
    """How the plate was corrected: not at all, see `MaintainedEstimator`."""

    def __init__(
        self,
        engine: Engine,
        plate: Plate,
        *,
        depth_network: DepthNetwork | None = None,
        known: KnownDepth | None = None,
        matte: Matte = MATTE,
        looks: LookSettings = LOOKS,
    ) -> None:
        check_engine_and_plate(engine, plate)
        self._engine = engine
        small = resized(plate.pixels, engine.size)
        features = engine.encode_plate(small, noise_of(plate, engine.size))
        if known is None:
            known = _known(depth_network, plate)
        if known is None:
            depth = _depth_by_engine(engine, small, features)
            large = edges_of_plate(depth, plate.pixels)
            large.flags.writeable = False
        else:
            large, depth = known.raw, _at(known.raw, engine.size)
        view = PlateView(plate.pixels, small, large, _doubt(plate, engine.size))
        self._state = PlateState(plate, view, features, depth, large, depth, middle_of(depth))
        self._first = self._state
        self._move: Matrix | None = None
        self._looks = Looks(engine, matte, looks)
        self._depth_network = ""
        if known is not None:
            self.take_known(known)
        elif (kept := kept_depth(plate)) is not None:
            self.take_ground(kept)

    def take_known(self, known: KnownDepth) -> None:
        """Use this depth of the first plate from the next frame on.

        `depth_by` may have computed it in another thread. Call this from the thread that estimates,
        between two frames.

        Raises:
            ShapeError: it is not of the plate's size.
        """
        self._take(known.raw, known.grounded)
        self._depth_network = known.network
        self._first = replace(self._first, shows_depth=known.is_wanted)
        self._state = replace(self._state, shows_depth=known.is_wanted)

    def _take(self, depth: FloatMap, measured: GroundedDepth | None) -> None:
        if depth.shape != self.plate.size:
            raise ShapeError(
                f"the depth is {depth.shape} and the plate {self.plate.size} (height, width)",
                why="it is the depth of another picture",
                fix="give what plate_depth_of makes of this plate",
            )
        first, state = self._first, self._state
        self._first = _with_depth(first, _kept(depth))
        if measured is not None:
            self._first = _on_ground(self._first, measured)
        self._state = _with_depth_of(state, _moved(self._first, self._move))
        self._looks.forget()  # depth was in the units of the one before

    def take_ground(self, grounded: GroundedDepth) -> None:
        """Use the depth of the first plate on ground that people measured, from the next frame on.

        `edgeds.estimate.plate_depth_on_ground` makes it of `network_depth`, in any thread. Call
        this from the thread that estimates, between two frames.
        """
        self._first = _on_ground(self._first, grounded)
        self._state = _with_depth_of(self._state, _moved(self._first, self._move))

    def prepare(self, frame: Frame) -> None:
        """Make of a frame what the network sees, in any thread, before it is estimated."""
        self.small(frame)

    def small(self, frame: Frame) -> Pixels:
        """The frame as the network sees it: uint8 RGB (h, w, 3). Read-only."""
        return frame.rgb(self._engine.size)

    def start_over(self) -> None:
        """The next frame does not follow the last one: it is another still, or another clip."""
        self._looks.forget()

    def finish(self) -> None:
        """The last frame was estimated: there is nothing to complete."""

    def health_at(self, _: int) -> float | None:
        """The plate's health at a frame: None, as nothing looks at it."""
        return None

    @property
    def state(self) -> PlateState:
        """What is known of the plate: another object as soon as anything of it changes."""
        return self._state

    @property
    def plate(self) -> Plate:
        """The plate in use: the one that was given, or that an update put in its place."""
        return self._state.plate

    @property
    def plate_depth(self) -> FloatMap:
        """Inverse depth of the plate, float32 (H, W). Read-only."""
        return self._state.depth

    @property
    def depth_range(self) -> tuple[float, float]:
        """(far, near): one scale for showing the inverse depth of every frame."""
        return depth_range(self._first.depth_small)

    @property
    def network_depth(self) -> FloatMap:
        """Inverse depth of the first plate as a network gives it, float32 (H, W). Read-only."""
        return self._first.raw

    @property
    def grounded(self) -> GroundedDepth | None:
        """The first plate's depth with what it was measured by; None where nothing was."""
        return self._first.grounded

    @property
    def plate_to_keep(self) -> Plate:
        """The first plate with all that is known of its depth, for a plate file."""
        first = self._first
        return kept_in(first.plate, KnownDepth(first.raw, self._depth_network, first.grounded))

    @property
    def scale(self) -> MetricScale | None:
        """What turns inverse depth into metres, with `metres_of`; None where that is unknown."""
        return None if self.grounded is None else self.grounded.scale

    def replace_plate(self, plate: Plate, *, move: Matrix | None = None) -> None:
        """Go on with a corrected plate of the same scene: `edgeds.plate.maintenance` makes them.

        Only the plate is encoded again. Its depth stays that of the first plate, so the
        background's depth does not flicker with the light; where the camera moved, it is moved
        along. Call it from the thread that estimates, between two frames.

        Args:
            move: 3x3, takes (x, y, 1) of the first plate to this one, in px.

        Raises:
            ShapeError: the plate has another size.
        """
        if plate.size != self.plate.size:
            raise ShapeError(
                f"the new plate is {plate.size} and the old one {self.plate.size} (height, width)",
                why="a plate is replaced while frames of one size go by",
                fix="make another Estimator for another size",
            )
        small = resized(plate.pixels, self._engine.size)
        features = self._engine.encode_plate(small, noise_of(plate, self._engine.size))
        self._move = move
        view = replace(
            self._state.view,
            pixels=plate.pixels,
            small=small,
            doubt=_doubt(plate, self._engine.size),
        )
        state = replace(self._state, plate=plate, view=view, features=features)
        self._state = _with_depth_of(state, _moved(self._first, move))

    def __call__(self, frame: Frame) -> Maps:
        """Maps of the frame, made where they are asked for: until then they hold the frame.

        Raises:
            ShapeError: the frame is not of the plate's size, or not uint8 RGB.
        """
        state = self._state
        check_fits(frame, state.plate)
        return self._looks(frame, state)


def _known(network: DepthNetwork | None, plate: Plate) -> KnownDepth | None:
    """What a depth network says now, or said in an earlier run; None where none did."""
    if network is not None:
        return depth_by(network, plate)
    if plate.network_depth is not None:
        return KnownDepth(plate.network_depth, plate.depth_network, kept_depth(plate))
    return None


def _doubt(plate: Plate, size: Size) -> FloatMap | None:
    return None if plate.doubt is None else resized_map(plate.doubt, size)


def _moved(first: PlateState, move: Matrix | None) -> PlateState:
    """The first plate's state with its depth where the camera's move took it."""
    if move is None or displacement(move, first.plate.size) <= _STILL_PX:
        return first
    moved = _with_depth(first, warped(first.raw, move))
    if first.grounded is None:
        return moved
    # The camera turned by less than the ground is known to.
    return _on_ground(moved, replace(first.grounded, depth=warped(first.depth, move)))


def _with_depth(state: PlateState, depth: FloatMap) -> PlateState:
    """The state with another network's depth, at the plate's size; it becomes read-only."""
    view, small = _viewed(state, depth)
    return replace(
        state, view=view, depth_small=small, raw=depth, raw_small=small, middle=middle_of(small),
        grounded=None, standing=None, shows_depth=True,
    )  # fmt: skip


def _on_ground(state: PlateState, grounded: GroundedDepth) -> PlateState:
    """The state with its depth on measured ground, or with a scale."""
    if grounded.ground is None:  # frames are fitted to the depth that has the scale
        return replace(_with_depth(state, _kept(grounded.depth)), grounded=grounded)
    view, small = _viewed(state, grounded.depth)
    standing = Standing(grounded.ground.view, grounded.per_height, small, state.raw_small)
    return replace(state, view=view, depth_small=small, grounded=grounded, standing=standing)


def _kept(depth: FloatMap) -> FloatMap:
    """The depth as nobody else can change it: a copy of 33 MB at 4K, unless it is read-only."""
    return np.array(depth, np.float32) if depth.flags.writeable else depth


def _viewed(state: PlateState, depth: FloatMap) -> tuple[PlateView, FloatMap]:
    """(the view with this depth, the depth at the engine's size)."""
    depth.flags.writeable = False
    height, width = state.view.small.shape[:2]
    return replace(state.view, depth=depth, depths={}), _at(depth, (height, width))


def _at(depth: FloatMap, size: Size) -> FloatMap:
    small: FloatMap = cv2.resize(depth, size[::-1], interpolation=cv2.INTER_AREA)
    return small


def _with_depth_of(state: PlateState, other: PlateState) -> PlateState:
    view = replace(state.view, depth=other.view.depth, depths=other.view.depths)
    return replace(other, plate=state.plate, features=state.features, view=view)


def _depth_by_engine(engine: Engine, small: Pixels, features: PlateFeatures) -> FloatMap:
    """Inverse depth of the plate: the mean of what the network says of it and of its mirror image.

    It is computed once and is the background's depth from then on, so that a second look, some
    20 ms, is cheap. On rooms never seen it took AbsRel from .185 to .184, on others .098 to .093.
    """
    straight = engine.infer(small, features).inverse_depth
    mirrored = np.ascontiguousarray(small[:, ::-1])
    turned_back = engine.infer(mirrored, engine.encode_plate(mirrored)).inverse_depth[:, ::-1]
    return np.asarray((straight + turned_back) / 2, np.float32)
