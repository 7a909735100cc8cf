"""Where the network looks, on a device: estimate/whole_or_part.py with tensors in place of maps.

The host decides by a few numbers of each look, which are all that it reads of a frame. A look is
begun before they are known, at the part in use, else at the whole; if nothing changed, it is
dropped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from edgeds.engine.gpu.eye import NUMBERS, DeviceEngine, Seen, SeenPlate
from edgeds.engine.gpu.eyes import Eyes
from edgeds.engine.gpu.field import in_square, inside, lies_at, read_at
from edgeds.engine.gpu.watch import FLAGS, Watch
from edgeds.estimate.part_in_use import LEAST_PIXELS, PartInUse
from edgeds.estimate.part_place import Place, on_frame
from edgeds.estimate.whole_or_part import standing_in_part, under
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
        self._use = PartInUse(self._eyes.networks, settings, self._eyes.has_room_for)
        self._host = self._stream.host((FLAGS + NUMBERS,), torch.float32)
        self.forget()

    def forget(self) -> None:
        """Start again, as with the first frame."""
        self._watch.forget()
        self._state: PlateState | None = None
        self._whole: SeenPlate | None = None
        self._eyes.forget()
        self._fit = torch.tensor([1.0, 0.0, 1.0], device=self._stream.device)
        self._use.forget()
        self._last: Look | None = None
        self._reused = 0

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
        self._use.begin_frame()
        place = self._use.place
        in_part = place is not None and not self._watch.is_empty
        in_part = in_part and self._use.whole_age + 1 < self._set.whole_every
        part = under(place.box, self._full, self._engine.size) if place is not None else None
        flags = self._watch(small, part)
        seen = self._part(planes, place) if in_part and place else self._at_whole(small, planes)
        changed, new_outside, *numbers = self._read(flags, seen.numbers)
        may_reuse = not self._use.is_due and self._reused < self._set.reuse_most
        if self._last is not None and may_reuse and not changed:
            self._reused += 1
            self._use.end_frame()
            return self._last, False
        look = None
        if place is not None and not self._watch.is_empty:
            self._use.whole_age += 1
        if in_part and not new_outside:
            self._use.count(1)
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
        self._use.end_frame()
        return look, True

    def _take(self, state: PlateState) -> None:
        self._state, self._last = state, None
        self._eyes.forget()
        self._watch.forget_judged()
        self._use.see_whole_next()
        view = state.view
        self._whole = SeenPlate(
            whole(self._full), view.small, state.raw_small, view.doubt, state.middle, state.features
        )

    def _at_whole(self, small: Tensor, planes: Nv12) -> Seen:
        assert self._whole is not None
        return self._whole_eye.look(self._whole, self._fit, planes=planes, small=small)

    def _whole_first(self, seen: Seen, numbers: Sequence[float], planes: Nv12) -> Look:
        """From a look at the whole; and from one at the part that contains the foreground, where
        `PartInUse` says so.
        """
        self._use.count(1)
        self._fit = seen.fit
        bounds = _bounds(numbers, self._engine.size, whole(self._full))
        median = _median_depth(numbers)
        place = self._use.after_whole(bounds, median, self._full)
        if place is not None:
            nearer = self._part(planes, place)
            _, _, *theirs = self._read(self._watch.flags, nearer.numbers)
            self._use.count(1)
            if not _goes_on(theirs, place.box, self._full):
                return self._of_part(nearer, theirs)
        return self._of_whole(seen)

    def _of_whole(self, seen: Seen) -> Look:
        assert self._state is not None
        near, self._fit = seen.near, seen.fit
        if self._state.standing is not None:
            near = self._stood(None, near, seen.maps[0])
        return Look(self._whole_eye.field(seen, near), self._whole_eye.lies.clone())

    def _part(self, planes: Nv12, place: Place) -> Seen:
        assert self._state is not None
        plate, is_new = self._eyes.plate(place, self._state)
        self._use.count(self._set.plate_cost * is_new)
        return self._eyes.at(place.network).look(plate, self._fit, planes=planes, small=None)

    def _of_part(self, seen: Seen, numbers: Sequence[float]) -> Look:
        """The look; and the part for the next frame is placed."""
        place = self._eyes.place_of(seen.plate)
        bounds, median = _bounds(numbers, place.network, place.box), _median_depth(numbers)
        eye = self._eyes.at(place.network)
        factor = self._use.after_part(place, bounds, median, self._full, numbers[-1])
        near = torch.maximum(seen.near * factor, eye.depth)
        assert self._state is not None
        if self._state.standing is not None:
            near = self._stood(place, near, seen.maps[0])
        return Look(eye.field(seen, near), eye.lies.clone())

    def _judge(self, seen: Seen, part: Box | None) -> None:
        """The part of the frame that was seen is judged."""
        size, lies = self._engine.size, self._eyes.at(self._eyes.place_of(seen.plate).network).lies
        lies = lies_at(lies, self._full, size)
        alpha = read_at(in_square(seen.maps[:1], self.side), lies, size)[0]
        self._watch.keep_judged(torch.where(inside(lies, size), alpha, 0.0), part)

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


def _median_depth(numbers: Sequence[float]) -> float | None:
    """Of the sure foreground; None where there is too little."""
    count, median = numbers[-3:-1]
    return median if count >= LEAST_PIXELS else None


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
