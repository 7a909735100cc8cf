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

from dataclasses import dataclass

import cv2
import numpy as np

from edgeds.estimate.depth_fit import Fit, fit_to_plate
from edgeds.estimate.foreground_depth import foreground_depth
from edgeds.estimate.frame_change import Change, Judged
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
from edgeds.estimate.settings import LOOKS, LookSettings, Matte
from edgeds.plate.plate import noise_of
from edgeds.plate.robust_fit import median
from edgeds.types import AnySizeEngine, Box, Engine, FloatMap, Frame, Maps, Pixels, Size, whole

KEPT_PARTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A look at a part."""

    shown: Frame
    """The part, as if it were the frame."""
    part: Part
    alpha: FloatMap
    near: FloatMap
    """Inverse depth of the foreground in the plate's units."""
    trust: float
    """Of the fit to those."""


class Looks:
    """Maps of the frames of one stream, in their order. `forget` starts another stream."""

    def __init__(self, engine: Engine, matte: Matte, settings: LookSettings = LOOKS) -> None:
        self._engine, self._matte, self._set = engine, matte, settings
        many = isinstance(engine, AnySizeEngine)
        networks = networks_like(engine.size) if many else (engine.size,)
        self._use = PartInUse(networks, settings)
        self.forget()

    def forget(self) -> None:
        """Start again, as with the first frame."""
        self._use.forget()
        self._change, self._judged = Change(), Judged()
        self._scene: PlateState | None = None
        self._parts: dict[Place, Part] = {}
        self._fit: Fit | None = None
        self._last: tuple[Pixels, Maps] | None = None
        self._reused = 0

    def __call__(self, frame: Frame, scene: PlateState) -> Maps:
        small = frame.rgb(self._engine.size)
        smooth = self._change.smooth(small)
        self._use.begin_frame()
        if scene is not self._scene:
            self._scene, self._parts, self._last = scene, {}, None
            self._judged.forget()
            self._use.see_whole_next()
        if self._last is not None and self._same(self._last[0], smooth):
            self._reused += 1
            self._use.end_frame()
            return self._last[1]
        maps = self._part_alone(frame, smooth, scene)
        if maps is None:
            maps = self._whole_first(frame, small, smooth, scene)
        self._last, self._reused = (smooth, maps), 0
        self._use.end_frame()
        return maps

    def _same(self, earlier: Pixels, smooth: Pixels) -> bool:
        """Whether the last maps are still valid: nothing changed since their frame."""
        if self._use.is_due or self._reused >= self._set.reuse_most:
            return False
        return not self._change.between(earlier, smooth)

    def _part_alone(self, frame: Frame, smooth: Pixels, scene: PlateState) -> Maps | None:
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
        seen = self._seen_in_part(frame, scene, place)
        if _goes_on(seen, frame):
            return None
        alpha = onto_whole(seen.alpha, place.box, frame.size, smooth.shape[:2])
        self._judged.take(smooth, alpha, part)
        return self._maps_of_part(frame, scene, seen)

    def _whole_first(self, frame: Frame, small: Pixels, smooth: Pixels, scene: PlateState) -> Maps:
        """Maps from a look at the whole; and from one at the part that contains the foreground,
        where `PartInUse` says so.
        """
        raw = self._engine.infer(small, scene.features)
        self._judged.take(smooth, raw.alpha, whole(raw.alpha.shape))
        self._use.count(1)
        near, self._fit = self._fitted(raw, scene.raw_small, scene)
        bounds = bounds_of(raw.alpha, whole(frame.size))
        level = _median_depth(near, raw.alpha) if scene.shows_depth else None
        place = self._use.after_whole(bounds, level, frame.size)
        if place is not None:
            seen = self._seen_in_part(frame, scene, place)
            if not _goes_on(seen, frame):
                return self._maps_of_part(frame, scene, seen)
        if scene.standing is not None:
            near = scene.standing(near, raw.alpha)
        maker = FrameMaps(frame, small, scene.view, alpha=raw.alpha, near=near, matte=self._matte)
        return Maps.on_demand(maker)

    def _seen_in_part(self, frame: Frame, scene: PlateState, place: Place) -> _Seen:
        part = self._part(scene, place)
        shown = frame.with_picture(PartPicture(frame.picture, place.box))
        raw = self._engine_of(place.network).infer(shown.rgb(place.network), part.features)
        self._use.count(1)
        near, fit = self._fitted(raw, part.depth_small, scene)
        return _Seen(shown, part, raw.alpha, near, fit.trust)

    def _fitted(self, raw: Maps, plate_depth: FloatMap, scene: PlateState) -> tuple[FloatMap, Fit]:
        """Inverse depth of the foreground in the plate's units, and the fit to those."""
        if not scene.shows_depth:
            return plate_depth, Fit(trust=0)
        fit = fit_to_plate(raw.inverse_depth, plate_depth, raw.alpha, before=self._fit)
        depth = fit.scale * raw.inverse_depth + fit.shift
        return foreground_depth(depth, raw.alpha, plate_depth, scene.middle), fit

    def _engine_of(self, size: Size) -> Engine:
        """The engine at a size. It is made when it is first needed, which takes half a second."""
        if size == self._engine.size:
            return self._engine
        assert isinstance(self._engine, AnySizeEngine)
        return self._engine.at_size(size)

    def _part(self, scene: PlateState, place: Place) -> Part:
        """The plate's part, encoded; those used last are kept."""
        part = self._parts.pop(place, None)
        if part is None:
            view = view_of_part(scene.view, place)
            seen = scene.raw[place.box.of]
            depth = cv2.resize(seen, place.network[::-1], interpolation=cv2.INTER_AREA)
            noise = noise_of(scene.plate, place.network, place.box)
            features = self._engine_of(place.network).encode_plate(view.small, noise)
            self._use.count(self._set.plate_cost)
            part = Part(place, view, features, np.asarray(depth, np.float32))
        self._parts[place] = part
        while len(self._parts) > KEPT_PARTS:
            del self._parts[next(iter(self._parts))]
        return part

    def _maps_of_part(self, frame: Frame, scene: PlateState, seen: _Seen) -> Maps:
        """The maps; and the part for the next frame is placed."""
        place = seen.part.place
        bounds = bounds_of(seen.alpha, place.box)
        level = _median_depth(seen.near, seen.alpha) if scene.shows_depth else None
        factor = self._use.after_part(place, bounds, level, frame.size, seen.trust)
        near = seen.near
        if scene.shows_depth:
            near = np.maximum(np.float32(factor) * near, seen.part.depth_small)
        if scene.standing is not None:
            near = standing_in_part(scene, place, frame.size, near, seen.alpha)
        small = seen.shown.rgb(place.network)
        maker = FrameMaps(
            seen.shown, small, seen.part.view, alpha=seen.alpha, near=near, matte=self._matte
        )
        return Maps.on_demand(RegionMaps(frame, place.box, maker, scene.view))


def standing_in_part(
    scene: PlateState, place: Place, size: Size, near: FloatMap, alpha: FloatMap
) -> FloatMap:
    """`PlateState.standing` for a part: it knows the whole picture alone."""
    assert scene.standing is not None
    small = scene.view.small.shape[:2]
    whole_alpha = onto_whole(alpha, place.box, size, small)
    whole_near = onto_whole(near, place.box, size, small, border=cv2.BORDER_REPLICATE)
    return out_of_whole(scene.standing(whole_near, whole_alpha), place, size)


def _median_depth(near: FloatMap, alpha: FloatMap) -> float | None:
    """Of the sure foreground; None where there is too little."""
    known = near[alpha > 0.5]
    return median(known) if known.size >= LEAST_PIXELS else None


def _goes_on(seen: _Seen, frame: Frame) -> bool:
    return reaches_out(seen.alpha, seen.part.place.box, frame.size)


def under(box: Box, size: Size, small: Size) -> Box:
    """The pixels of the small frame that lie wholly under a box of the frame."""
    down, across = small[0] / size[0], small[1] / size[1]
    return Box(
        int(np.ceil(box.top * down)),
        int(np.ceil(box.left * across)),
        int(box.bottom * down),
        int(box.right * across),
    )
