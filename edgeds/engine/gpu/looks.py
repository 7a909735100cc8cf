"""Where the network looks, on a device: estimate/whole_or_part.py with tensors in place of maps.

The host decides by a few numbers of each look, which are all that it reads of a frame. A look is
begun before they are known, at the part in use, else at the whole; if nothing changed, it is
dropped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from edgeds.engine.gpu.eye import NUMBERS, DeviceEngine, Seen, SeenPlate
from edgeds.engine.gpu.eyes import Eyes
from edgeds.engine.gpu.field import in_square, inside, lies_at, read_at
from edgeds.engine.gpu.watch import FLAGS, Watch
from edgeds.estimate.part_place import Place, on_frame, place_for
from edgeds.estimate.whole_or_part import LEAST_PIXELS, standing_in_part, under
from edgeds.types import Box, Size, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeds.engine.gpu.colour import Colour
    from edgeds.engine.gpu.transfer import Nv12
    from edgeds.estimate.plate_state import PlateState
    from edgeds.estimate.settings import LookSettings, Matte


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What alpha and depth of a frame are read from."""

    field: Tensor
    lies: Tensor


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
        self._eyes = Eyes(engine, full, matte, colour, compiled=compiled)
        self.side = self._eyes.side
        self._whole_eye = self._eyes.new(engine.size)
        self._watch = Watch(self._stream, engine.size, compiled=compiled)
        self._host = self._stream.host((FLAGS + NUMBERS,), torch.float32)
        self.forget()

    def forget(self) -> None:
        """Start again, as with the first frame."""
        self._watch.forget()
        self._state: PlateState | None = None
        self._whole: SeenPlate | None = None
        self._eyes.forget()
        self._fit = self._part_fit = self._identity()
        self._has_part_fit = False
        self._level = 1.0
        self._place: Place | None = None
        self._whole_age = 0
        self._last: Look | None = None
        self._reused = 0
        self._cost, self._mean_cost, self._thrifty = 0.0, 1.0, False

    def __call__(self, small: Tensor, planes: Nv12, state: PlateState) -> tuple[Look, bool]:
        """A look at the frame, and whether it is a new one. Call it inside `with stream`.

        Args:
            small: the frame at the network's size, uint8 (1, h, w, 3).
            planes: of the frame.
        """
        if state is not self._state:
            self._take(state)
        if not self._decides:  # nothing of the frame goes to the host
            return self._of_whole(self._at_whole(small, planes)), True
        place = self._place
        in_part = place is not None and not self._watch.is_empty
        in_part = in_part and self._whole_age + 1 < self._set.whole_every
        part = under(place.box, self._full, self._engine.size) if place is not None else None
        flags = self._watch(small, part)
        seen = self._part(planes, place) if in_part and place else self._at_whole(small, planes)
        changed, new_outside, *numbers = self._read(flags, seen.numbers)
        if self._last is not None and self._reused < self._set.reuse_most and not changed:
            self._reused += 1
            self._count_cost()
            return self._last, False
        look = None
        if place is not None and not self._watch.is_empty:
            self._whole_age += 1
        if in_part and not new_outside:
            self._keep(seen)
            if not _goes_on(numbers, seen.plate.box, self._full):
                self._judge(seen, part)
                look = self._of_part(seen, numbers)
        if look is None:
            if in_part:
                seen = self._at_whole(small, planes)
                _, _, *numbers = self._read(flags, seen.numbers)
            self._watch.keep_judged(seen.maps[0], None)
            look = self._whole_first(seen, numbers, planes)
        self._watch.keep_last()
        self._last, self._reused = look, 0
        self._count_cost()
        return look, True

    def _take(self, state: PlateState) -> None:
        self._state, self._last = state, None
        self._eyes.forget()
        self._watch.forget_judged()
        self._whole_age = self._set.whole_every  # what alpha says depends on the plate
        view = state.view
        self._whole = SeenPlate(
            whole(self._full), view.small, state.raw_small, view.doubt, state.middle, state.features
        )

    def _at_whole(self, small: Tensor, planes: Nv12) -> Seen:
        assert self._whole is not None
        return self._whole_eye.look(self._whole, self._fit, planes=planes, small=small)

    def _whole_first(self, seen: Seen, numbers: Sequence[float], planes: Nv12) -> Look:
        """From a look at the whole, and from one at the part that contains the foreground."""
        self._cost += 1
        self._fit = seen.fit
        bounds = _bounds(numbers, self._engine.size, whole(self._full))
        place = None
        if bounds is not None:
            place = self._placed(bounds, self._place)
        self._place, self._whole_age = None, 0
        if place is not None and not self._thrifty:
            nearer = self._part(planes, place)
            _, _, *theirs = self._read(self._watch.flags, nearer.numbers)
            self._keep(nearer)
            if not _goes_on(theirs, place.box, self._full):
                self._take_level(numbers, theirs)
                return self._of_part(nearer, theirs)
        return self._of_whole(seen)

    def _of_whole(self, seen: Seen) -> Look:
        assert self._state is not None
        near, self._fit = seen.near, seen.fit
        if self._state.standing is not None:
            near = self._stood(None, near, seen.maps[0])
        return Look(self._whole_eye.field(seen, near), self._whole_eye.lies.clone())

    def _placed(self, bounds: Box, before: Place | None) -> Place | None:
        """The part to look at next; None where it has to be the whole."""
        place = place_for(bounds, self._full, self._eyes.networks, before, self._set)
        return place if place is not None and self._eyes.has_room_for(place.network) else None

    def _part(self, planes: Nv12, place: Place) -> Seen:
        fit = self._part_fit if self._has_part_fit else self._fit
        assert self._state is not None
        plate, is_new = self._eyes.plate(place, self._state)
        self._cost += self._set.plate_cost * is_new
        return self._eyes.at(place.network).look(plate, fit, planes=planes, small=None)

    def _keep(self, seen: Seen) -> None:
        """Count a look at a part, and go on from its fit."""
        self._cost += 1
        self._part_fit, self._has_part_fit = seen.fit, True

    def _of_part(self, seen: Seen, numbers: Sequence[float]) -> Look:
        """The look; and the place of the part for the next frame."""
        place = self._eyes.place_of(seen.plate)
        near = seen.near * self._level
        assert self._state is not None
        if self._state.standing is not None:
            near = self._stood(place, near, seen.maps[0])
        eye = self._eyes.at(place.network)
        bounds = _bounds(numbers, place.network, place.box)
        self._place = place
        if bounds is not None:
            self._place = self._placed(bounds, place)
        return Look(eye.field(seen, near), eye.lies.clone())

    def _judge(self, seen: Seen, part: Box | None) -> None:
        """The part of the frame that was seen is judged."""
        size, lies = self._engine.size, self._eyes.at(self._eyes.place_of(seen.plate).network).lies
        lies = lies_at(lies, self._full, size)
        alpha = read_at(in_square(seen.maps[:1], self.side), lies, size)[0]
        self._watch.keep_judged(torch.where(inside(lies, size), alpha, 0.0), part)

    def _take_level(self, there: Sequence[float], here: Sequence[float]) -> None:
        """Bring the part's depth to the whole's: by the medians of their foregrounds."""
        (count, median), (own_count, own_median) = there[-2:], here[-2:]
        if min(count, own_count) >= LEAST_PIXELS:
            self._level = float(np.clip(median / max(own_median, 1e-6), 0.5, 2.0))

    def _stood(self, place: Place | None, near: Tensor, alpha: Tensor) -> Tensor:
        """On measured ground, depth goes through the host once a frame: it looks for feet."""
        here = [self._stream.host(tuple(one.shape), torch.float32) for one in (near, alpha)]
        for host, there in zip(here, (near, alpha), strict=True):
            self._stream.copy(host, there)
        self._stream.record_event().wait()
        state = self._state
        assert state is not None
        assert state.standing is not None
        given, alphas = (host.numpy() for host in here)
        if place is None:
            stands = state.standing(given, alphas)
        else:
            stands = standing_in_part(state, place, self._full, given, alphas)
        return torch.tensor(stands, dtype=torch.float32, device=near.device)

    def _read(self, flags: Tensor, numbers: Tensor) -> list[float]:
        """What changed, and the numbers of a look, on the host: waits for them."""
        self._stream.copy(self._host, torch.cat((flags, numbers)))
        self._stream.record_event().wait()
        return [float(value) for value in self._host.numpy()]

    def _identity(self) -> Tensor:
        return torch.tensor([1.0, 0.0], device=self._stream.device)

    def _count_cost(self) -> None:
        self._mean_cost += (self._cost - self._mean_cost) / self._set.cost_frames
        self._cost = 0.0
        limit = self._set.fair_cost if self._thrifty else self._set.most_cost
        self._thrifty = self._mean_cost > limit


def _bounds(numbers: Sequence[float], small: Size, part: Box) -> Box | None:
    """What holds all of the foreground, in pixels of the frame."""
    there, top, bottom, left, right = numbers[:5]
    if not there:
        return None
    return on_frame(Box(int(top), int(left), int(bottom), int(right)), small, part)


def _goes_on(numbers: Sequence[float], part: Box, full: Size) -> bool:
    """Whether foreground goes on past the border of a part."""
    inner = (part.top > 0, part.bottom < full[0], part.left > 0, part.right < full[1])
    return any(is_inner and touched for is_inner, touched in zip(inner, numbers[5:9], strict=True))
