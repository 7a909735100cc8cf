"""Where the network looks, on a device: estimate/whole_or_part.py with tensors in place of maps.

The host decides by a few numbers of each look, which are all that it reads of a frame. A look
begins before they are known, at the part in use, else at the whole; if nothing changed, it is
dropped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from edgeds.engine.device_engine import DeviceEngine
from edgeds.engine.gpu.change_detector import FLAGS, ChangeDetector
from edgeds.engine.gpu.field import crop_at, in_square, inside, read_at
from edgeds.engine.gpu.held_foreground import FrameBefore
from edgeds.engine.gpu.part_network import STATISTICS, PartEstimate, PlatePart
from edgeds.engine.gpu.part_networks import PartNetworks
from edgeds.estimate.depth_over_time import MIDDLE, SHRINK, DepthOverTime
from edgeds.estimate.part_in_use import LEAST_PIXELS, PartInUse
from edgeds.estimate.part_place import Place, on_frame
from edgeds.estimate.whole_or_part import standing_in_part, under
from edgeds.types import Box, FloatMap, Size, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeds.engine.cuda_stream import DeviceStream
    from edgeds.engine.gpu.colour import Colour
    from edgeds.engine.gpu.transfer import Nv12
    from edgeds.estimate.look_settings import LookSettings
    from edgeds.estimate.plate_state import PlateState
    from edgeds.estimate.settings import Matte


@dataclass(frozen=True, slots=True, eq=False)
class CroppedField:
    """What alpha and depth of a frame are read from."""

    field: Tensor
    crop: Tensor
    part: Box
    """The part of the frame that the network saw."""
    network: Size


class DeviceLooks:
    """Looks at the frames of one stream, in their order."""

    def __init__(
        self,
        engine: DeviceEngine,
        full: Size,
        matte: Matte,
        colour: Colour,
        settings: LookSettings,
        *,
        compiled: bool,
    ) -> None:
        """
        Args:
            full: of frames, (height, width).
        """
        self._engine, self._full, self._set = engine, full, settings
        self._stream = engine.stream
        self._decides = settings.reuse_most > 0 or math.isfinite(settings.least_zoom)
        self._networks = PartNetworks(engine, full, matte, colour, compiled=compiled)
        self.side = self._networks.side
        self._whole_network = self._networks.new(engine.size)
        self._before = FrameBefore(self.side, self._whole_network.crop, settings)
        self._changes = ChangeDetector(self._stream, engine.size, compiled=compiled)
        self._use = PartInUse(self._networks.sizes, settings, self._networks.has_room_for)
        self._calmed, self._secs = DepthOverTime(), 0.0
        self._host = self._stream.host((FLAGS + STATISTICS,), torch.float32)
        self.forget()

    def forget(self) -> None:
        """Start again, as with the first frame."""
        self._changes.forget()
        self._state: PlateState | None = None
        self._whole: PlatePart | None = None
        self._networks.forget()
        self._fit = torch.tensor([1.0, 0.0, 1.0], device=self._stream.device)
        self._use.forget()
        self._calmed.forget()
        self._last: CroppedField | None = None
        self._reused = 0
        self._before.forget()

    def __call__(
        self, small: Tensor, planes: Nv12, state: PlateState, secs: float
    ) -> tuple[CroppedField, bool]:
        """A look at the frame, and whether it is a new one. Call it inside `with stream`.

        Args:
            small: the frame at the network's size, uint8 (1, h, w, 3).
            planes: of the frame.
            secs: its time.
        """
        self._secs = secs
        if state is not self._state:
            self._take(state)
        if not self._decides:  # nothing of the frame goes to the host
            return self._of_whole(self._at_whole(small, planes)), True
        self._use.begin_frame()
        place = self._use.place
        in_part = place is not None and not self._changes.is_empty
        in_part = in_part and self._use.whole_age + 1 < self._set.whole_every
        part = under(place.box, self._full, self._engine.size) if place is not None else None
        flags = self._changes(small, part)
        estimate = self._part(planes, place) if in_part and place else self._at_whole(small, planes)
        changed, new_outside, *statistics = self._read(flags, estimate.statistics)
        may_reuse = self._calmed.is_settled and self._reused < self._set.reuse_most
        if self._last is not None and may_reuse and not (changed or self._use.is_due):
            self._reused += 1
            self._use.end_frame()
            self._calmed.still(secs)
            return self._last, False
        field = None
        if place is not None and not self._changes.is_empty:
            self._use.whole_age += 1
        if in_part and not new_outside:
            self._use.count(1)
            if not _crosses_border(statistics, estimate.plate.box, self._full):
                self._judge(estimate, part)
                field = self._of_part(estimate, statistics)
        if field is None:
            if in_part:
                estimate = self._at_whole(small, planes)
                _, _, *statistics = self._read(flags, estimate.statistics)
            self._changes.keep_judged(estimate.maps[0], None)
            field = self._whole_first(estimate, statistics, planes)
        self._changes.keep_last()
        self._last, self._reused = field, 0
        self._use.end_frame()
        return field, True

    def _take(self, state: PlateState) -> None:
        if self._state is None or state.units != self._state.units:
            self._calmed.forget()
        self._state, self._last = state, None
        self._networks.forget()
        self._changes.forget_judged()
        self._before.forget()
        self._use.see_whole_next()
        view = state.view
        self._whole = PlatePart(
            whole(self._full), view.small, state.raw_small, view.doubt, state.middle, state.features
        )

    def _at_whole(self, small: Tensor, planes: Nv12) -> PartEstimate:
        assert self._whole is not None
        return self._whole_network.look(
            self._whole, self._fit, planes=planes, small=small, before=self._before.maps
        )

    def _whole_first(
        self, estimate: PartEstimate, statistics: Sequence[float], planes: Nv12
    ) -> CroppedField:
        """From a look at the whole; and from one at the part that contains the foreground, where
        `PartInUse` says so.
        """
        self._use.count(1)
        self._fit = estimate.fit
        bounds = _bounds(statistics, self._engine.size, whole(self._full))
        place = self._use.after_whole(bounds, _median_depth(statistics), self._full)
        if place is not None:
            nearer = self._part(planes, place)
            _, _, *theirs = self._read(self._changes.flags, nearer.statistics)
            self._use.count(1)
            if not _crosses_border(theirs, place.box, self._full):
                return self._of_part(nearer, theirs)
        return self._of_whole(estimate)

    def _of_whole(self, estimate: PartEstimate) -> CroppedField:
        assert self._state is not None
        near, self._fit = estimate.near, estimate.fit
        if self._state.standing is not None:
            near = self._standing_depth(None, near, estimate.maps[0])
        near = self._over_time(near, estimate.maps[0], self._whole_network.depth, whole(self._full))
        field, crop = self._whole_network.field(estimate, near), self._whole_network.crop.clone()
        self._before.keep(estimate.remembered, crop)
        return CroppedField(field, crop, whole(self._full), self._engine.size)

    def _part(self, planes: Nv12, place: Place) -> PartEstimate:
        assert self._state is not None
        plate, is_new = self._networks.plate(place, self._state)
        self._use.count(self._set.plate_cost * is_new)
        return self._networks.at(place.network).look(
            plate, self._fit, planes=planes, small=None, before=self._before.maps
        )

    def _of_part(self, estimate: PartEstimate, statistics: Sequence[float]) -> CroppedField:
        """The look; and the part for the next frame is placed."""
        place = self._networks.place_of(estimate.plate)
        bounds, median = _bounds(statistics, place.network, place.box), _median_depth(statistics)
        network = self._networks.at(place.network)
        factor = self._use.after_part(place, bounds, median, self._full, statistics[-1])
        near = torch.maximum(estimate.near * factor, network.depth)
        assert self._state is not None
        if self._state.standing is not None:
            near = self._standing_depth(place, near, estimate.maps[0])
        near = self._over_time(near, estimate.maps[0], network.depth, place.box)
        field, crop = network.field(estimate, near), network.crop.clone()
        self._before.keep(estimate.remembered, crop)
        return CroppedField(field, crop, place.box, place.network)

    def _judge(self, estimate: PartEstimate, part: Box | None) -> None:
        """The part of the frame that was seen is judged."""
        size, place = self._engine.size, self._networks.place_of(estimate.plate)
        crop = crop_at(self._networks.at(place.network).crop, self._full, size)
        alpha = read_at(in_square(estimate.maps[:1], self.side), crop, size)[0]
        self._changes.keep_judged(torch.where(inside(crop, size), alpha, 0.0), part)

    def _standing_depth(self, place: Place | None, near: Tensor, alpha: Tensor) -> Tensor:
        """On measured ground, depth goes through the host once a frame: it looks for feet."""
        state = self._state
        assert state is not None
        assert state.standing is not None
        given, alphas = _on_host(self._stream, near, alpha)
        if place is None:
            stands = state.standing(given, alphas)
        else:
            stands = standing_in_part(state, place, self._full, given, alphas)
        return torch.tensor(stands, dtype=torch.float32, device=near.device)

    def _over_time(self, near: Tensor, alpha: Tensor, raw: Tensor, box: Box) -> Tensor:
        """With regard to the frames before: a sixteenth of the maps goes to the host and back."""
        assert self._state is not None
        if not self._decides or not self._state.shows_depth:
            return near
        shown = F.avg_pool2d(alpha[None], SHRINK)[0]
        maps = torch.stack((near[MIDDLE::SHRINK, MIDDLE::SHRINK], shown))
        near_on_host, alpha_on_host = _on_host(self._stream, maps)[0]
        factor = self._calmed.factor(near_on_host, alpha_on_host, box, self._secs)
        if factor is None:
            return near
        factors = torch.from_numpy(factor).to(near.device)[None, None]
        near = near * F.interpolate(factors, size=near.shape, mode="bilinear")[0, 0]
        return near if self._state.standing is not None else torch.maximum(near, raw)

    def _read(self, flags: Tensor, statistics: Tensor) -> list[float]:
        """What changed, and the numbers of a look, on the host: waits for them."""
        self._stream.copy(self._host, torch.cat((flags, statistics)))
        self._stream.record_event().wait()
        return [float(value) for value in self._host.numpy()]


def _on_host(stream: DeviceStream, *tensors: Tensor) -> list[FloatMap]:
    """Copies of float32 tensors; waits for them."""
    copies = [stream.host(tuple(one.shape), torch.float32) for one in tensors]
    for on_host, on_device in zip(copies, tensors, strict=True):
        stream.copy(on_host, on_device)
    stream.record_event().wait()
    return [copy.numpy() for copy in copies]


def _median_depth(statistics: Sequence[float]) -> float | None:
    """The median depth of the sure foreground; None where there is too little."""
    count, median = statistics[-3:-1]
    return median if count >= LEAST_PIXELS else None


def _bounds(statistics: Sequence[float], small: Size, part: Box) -> Box | None:
    """What holds all of the foreground, in pixels of the frame."""
    is_any, top, bottom, left, right = statistics[:5]
    if not is_any:
        return None
    return on_frame(Box(int(top), int(left), int(bottom), int(right)), small, part)


def _crosses_border(statistics: Sequence[float], part: Box, full: Size) -> bool:
    """Whether foreground goes on past the border of a part."""
    inner = (part.top > 0, part.bottom < full[0], part.left > 0, part.right < full[1])
    return any(
        is_inner and touched for is_inner, touched in zip(inner, statistics[5:9], strict=True)
    )
