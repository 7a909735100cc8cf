"""What the network sees of each frame: the whole, the part that holds foreground, or nothing.

    nothing changed since the last maps         the last maps again
    all changes lie in a part with foreground   the network sees that part, larger
    every 40th frame; something new beside it   the whole, then the part
    it leaves the part, or there was none       the whole; with the next frame, another part

In a part, the network sees a small person as a large one. Alpha of the part is used unchanged; its
depth is brought to the level of the whole frame's, and stays there where its background is too flat
to fit by (`PartInUse.after_part`). Every comparison is with what the network saw, not with the
frame before, so that a slow change adds up until it counts.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import cv2
import numpy as np

from edgeds.errors import RunError
from edgeds.estimate.depth_fit import Fit, fit_to_plate
from edgeds.estimate.depth_over_time import DepthOverTime
from edgeds.estimate.foreground_depth import foreground_depth
from edgeds.estimate.frame_change import ChangeDetector, JudgedColours
from edgeds.estimate.held_foreground import HeldForeground
from edgeds.estimate.look_settings import LOOKS, LookSettings
from edgeds.estimate.maps_on_demand import FrameMaps
from edgeds.estimate.part_in_use import LEAST_PIXELS, PartInUse
from edgeds.estimate.part_maps import (
    Part,
    PartPicture,
    RegionMaps,
    onto_whole,
    out_of_whole,
    view_of_part,
)
from edgeds.estimate.part_place import Place, bounds_of, networks_like, reaches_out
from edgeds.estimate.plate_state import PlateState
from edgeds.estimate.settings import Matte
from edgeds.plate.plate import noise_of
from edgeds.plate.robust_fit import median
from edgeds.types import AnySizeEngine, Box, Engine, FloatMap, Frame, Maps, Pixels, Size, whole

KEPT_PARTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class _PartEstimate:
    """What the network gives of a part."""

    shown: Frame
    """The part, as if it were the frame."""
    part: Part
    alpha: FloatMap
    near: FloatMap
    """Inverse depth of the foreground in the plate's units."""
    trust: float
    """How far the fit to these units can be trusted, 0 to 1."""


class Looks:
    """Maps of the frames of one stream, in their order, from one thread at a time. `forget` starts
    another stream.
    """

    def __init__(self, engine: Engine, matte: Matte, settings: LookSettings = LOOKS) -> None:
        self._engine, self._matte, self._set = engine, matte, settings
        many = isinstance(engine, AnySizeEngine)
        networks = networks_like(engine.size) if many else (engine.size,)
        self._use = PartInUse(networks, settings)
        self._calmed = DepthOverTime()
        # Frames in no order have none before them.
        self._held = HeldForeground() if settings.reuse_most > 0 else None
        self._is_in_use = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Start again, as with the first frame."""
        self._use.forget()
        self._calmed.forget()
        self._forget_held()
        self._change, self._judged = ChangeDetector(), JudgedColours()
        self._state: PlateState | None = None
        self._parts: dict[Place, Part] = {}
        self._fit: Fit | None = None
        self._last: tuple[Pixels, Maps] | None = None
        self._reused = 0

    def __call__(self, frame: Frame, state: PlateState) -> Maps:
        """
        Raises:
            RunError: another thread is in here. Its frame would be taken for the one before.
        """
        if not self._is_in_use.acquire(blocking=False):
            raise RunError(
                "two threads use one Estimator at the same time",
                why="it compares each frame with the one before, of one camera",
                fix="make an Estimator for each camera; they may share the engine",
            )
        try:
            return self._maps_of(frame, state)
        finally:
            self._is_in_use.release()

    def _maps_of(self, frame: Frame, state: PlateState) -> Maps:
        small = frame.rgb(self._engine.size)
        smooth = self._change.smooth(small)
        self._use.begin_frame()
        if state is not self._state:
            if self._state is None or state.units != self._state.units:
                self._calmed.forget()
            self._state, self._parts, self._last = state, {}, None
            self._judged.forget()
            self._forget_held()
            self._use.see_whole_next()
        if self._last is not None and self._same(self._last[0], smooth):
            self._reused += 1
            self._use.end_frame()
            self._calmed.still(frame.pts_secs)
            return self._last[1]
        if self._held is not None:
            self._held.begin_frame()
        maps = self._part_alone(frame, smooth, state)
        if maps is None:
            maps = self._whole_first(frame, small, smooth, state)
        self._last, self._reused = (smooth, maps), 0
        self._use.end_frame()
        return maps

    def _same(self, earlier: Pixels, smooth: Pixels) -> bool:
        """Whether the last maps are still valid: nothing changed since their frame."""
        if self._use.is_due or self._reused >= self._set.reuse_most:
            return False
        return not self._change.between(earlier, smooth) and self._calmed.is_settled

    def _part_alone(self, frame: Frame, smooth: Pixels, state: PlateState) -> Maps | None:
        """Maps from the part in use; None if the network must see the whole frame."""
        place = self._use.place
        if place is None or self._judged.is_empty:
            return None
        self._use.whole_age += 1
        if self._use.whole_age >= self._set.whole_every:
            return None
        part = under(place.box, frame.size, smooth.shape[:2])
        if self._judged.left(smooth, self._change.limit, outside=part):
            return None
        estimate = self._estimate_of_part(frame, state, place)
        if _crosses_border(estimate, frame):
            return None
        alpha = onto_whole(estimate.alpha, place.box, frame.size, smooth.shape[:2])
        self._judged.take(smooth, alpha, part)
        return self._maps_of_part(frame, state, estimate)

    def _whole_first(self, frame: Frame, small: Pixels, smooth: Pixels, state: PlateState) -> Maps:
        """Maps from a look at the whole; and from one at the part that contains the foreground,
        where `PartInUse` says so.
        """
        raw = self._engine.infer(small, state.features)
        raw = self._with_held(raw, small, state.view.small, whole(frame.size))
        self._judged.take(smooth, raw.alpha, whole(raw.alpha.shape))
        self._use.count(1)
        near, self._fit = self._fitted(raw, state.raw_small, state)
        bounds = bounds_of(raw.alpha, whole(frame.size))
        level = _median_depth(near, raw.alpha) if state.shows_depth else None
        place = self._use.after_whole(bounds, level, frame.size)
        if place is not None:
            estimate = self._estimate_of_part(frame, state, place)
            if not _crosses_border(estimate, frame):
                return self._maps_of_part(frame, state, estimate)
        if state.standing is not None:
            near = state.standing(near, raw.alpha)
        box = whole(frame.size)
        near = self._over_time(near, raw.alpha, state.raw_small, box, frame, state)
        maker = FrameMaps(frame, small, state.view, alpha=raw.alpha, near=near, matte=self._matte)
        return Maps.on_demand(maker)

    def _estimate_of_part(self, frame: Frame, state: PlateState, place: Place) -> _PartEstimate:
        part = self._part(state, place)
        shown = frame.with_picture(PartPicture(frame.picture, place.box))
        small = shown.rgb(place.network)
        raw = self._engine_of(place.network).infer(small, part.features)
        raw = self._with_held(raw, small, part.view.small, place.box)
        self._use.count(1)
        near, fit = self._fitted(raw, part.depth_small, state)
        return _PartEstimate(shown, part, raw.alpha, near, fit.trust)

    def _forget_held(self) -> None:
        if self._held is not None:
            self._held.forget()

    def _with_held(self, raw: Maps, small: Pixels, plate: Pixels, part: Box) -> Maps:
        """The network's maps, without holes that were not there a frame ago."""
        if self._held is None:
            return raw
        return Maps(self._held(raw.alpha, small, plate, part), raw.inverse_depth)

    def _fitted(self, raw: Maps, plate_depth: FloatMap, state: PlateState) -> tuple[FloatMap, Fit]:
        """Inverse depth of the foreground in the plate's units, and the fit to those."""
        if not state.shows_depth:
            return plate_depth, Fit(trust=0)
        fit = fit_to_plate(raw.inverse_depth, plate_depth, raw.alpha, before=self._fit)
        depth = fit.scale * raw.inverse_depth + fit.shift
        return foreground_depth(depth, raw.alpha, plate_depth, state.middle), fit

    def _engine_of(self, size: Size) -> Engine:
        """The engine at a size. It is made when it is first needed, which takes half a second."""
        if size == self._engine.size:
            return self._engine
        assert isinstance(self._engine, AnySizeEngine)
        return self._engine.at_size(size)

    def _part(self, state: PlateState, place: Place) -> Part:
        """The plate's part, encoded; those used last are kept."""
        part = self._parts.pop(place, None)
        if part is None:
            view = view_of_part(state.view, place)
            raw = state.raw[place.box.of]
            depth = cv2.resize(raw, place.network[::-1], interpolation=cv2.INTER_AREA)
            noise = noise_of(state.plate, place.network, place.box)
            features = self._engine_of(place.network).encode_plate(view.small, noise)
            self._use.count(self._set.plate_cost)
            part = Part(place, view, features, np.asarray(depth, np.float32))
        self._parts[place] = part
        while len(self._parts) > KEPT_PARTS:
            del self._parts[next(iter(self._parts))]
        return part

    def _maps_of_part(self, frame: Frame, state: PlateState, estimate: _PartEstimate) -> Maps:
        """The maps; and the part for the next frame is placed."""
        place = estimate.part.place
        bounds = bounds_of(estimate.alpha, place.box)
        level = _median_depth(estimate.near, estimate.alpha) if state.shows_depth else None
        factor = self._use.after_part(place, bounds, level, frame.size, estimate.trust)
        near = estimate.near
        if state.shows_depth:
            near = np.maximum(np.float32(factor) * near, estimate.part.depth_small)
        if state.standing is not None:
            near = standing_in_part(state, place, frame.size, near, estimate.alpha)
        behind = estimate.part.depth_small
        near = self._over_time(near, estimate.alpha, behind, place.box, frame, state)
        small = estimate.shown.rgb(place.network)
        maker = FrameMaps(
            estimate.shown,
            small,
            estimate.part.view,
            alpha=estimate.alpha,
            near=near,
            matte=self._matte,
        )
        return Maps.on_demand(RegionMaps(frame, place.box, maker, state.view))

    def _over_time(
        self, near: FloatMap, alpha: FloatMap, raw: FloatMap, box: Box, frame: Frame,
        state: PlateState,
    ) -> FloatMap:  # fmt: skip
        """The foreground's depth with regard to that of the frames before."""
        if not state.shows_depth or self._set.reuse_most == 0:  # frames in no order
            return near
        behind = raw if state.standing is None else None
        return self._calmed(near, alpha, box, frame.pts_secs, behind=behind)


def standing_in_part(
    state: PlateState, place: Place, size: Size, near: FloatMap, alpha: FloatMap
) -> FloatMap:
    """`PlateState.standing` for a part: it knows the whole picture alone."""
    assert state.standing is not None
    small = state.view.small.shape[:2]
    whole_alpha = onto_whole(alpha, place.box, size, small)
    whole_near = onto_whole(near, place.box, size, small, border=cv2.BORDER_REPLICATE)
    return out_of_whole(state.standing(whole_near, whole_alpha), place, size)


def _median_depth(near: FloatMap, alpha: FloatMap) -> float | None:
    """The median depth of the sure foreground; None where there is too little."""
    known = near[alpha > 0.5]
    return median(known) if known.size >= LEAST_PIXELS else None


def _crosses_border(estimate: _PartEstimate, frame: Frame) -> bool:
    return reaches_out(estimate.alpha, estimate.part.place.box, frame.size)


def under(box: Box, size: Size, small: Size) -> Box:
    """The pixels of the small frame that lie wholly under a box of the frame."""
    down, across = small[0] / size[0], small[1] / size[1]
    return Box(
        int(np.ceil(box.top * down)),
        int(np.ceil(box.left * across)),
        int(box.bottom * down),
        int(box.right * across),
    )
