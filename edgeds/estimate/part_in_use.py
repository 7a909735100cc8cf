"""Which part the network looks at next, at which level its depth lies, and what looks cost.

The same on a CPU and on a GPU: it takes bounds and medians of looks, and knows neither maps nor
devices. `whole_or_part` looks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgeds.estimate.look_settings import LookSettings
from edgeds.estimate.part_place import Place, Track, place_for
from edgeds.types import Box, Size

LEAST_PIXELS = 12  # of sure foreground that has a depth


class PartInUse:
    """Decides for the frames of one stream, in their order. `forget` starts another stream."""

    def __init__(
        self,
        networks: tuple[Size, ...],
        settings: LookSettings,
        has_room: Callable[[Size], bool] = lambda _: True,
    ) -> None:
        """
        Args:
            networks: the sizes that the network can have; the whole is seen at the first.
            has_room: whether a look at a part is possible with the network at a size.
        """
        self._networks, self._set, self._has_room = networks, settings, has_room
        self.forget()

    def forget(self) -> None:
        self.place: Place | None = None
        self.level = 1.0
        """Factor on the depth in a part that can be trusted, to that of the whole."""
        self.is_due = False
        """The part was placed and not looked at yet: there are better maps than the last."""
        self.whole_age = 0
        """Frames since the last look at the whole."""
        self._near: float | None = None
        """The median depth of the foreground, as far as looks could be trusted."""
        self._whole_is_new = False
        self._track, self._number, self._is_first = Track(), 0, True
        self._cost, self._mean_cost, self._thrifty = 0.0, 1.0, False

    def see_whole_next(self) -> None:
        """What alpha says depends on the plate, and that is another one."""
        self.whole_age = self._set.whole_every

    def begin_frame(self) -> None:
        self._number += 1

    def end_frame(self) -> None:
        self._mean_cost += (self._cost - self._mean_cost) / self._set.cost_frames
        self._cost = 0.0
        limit = self._set.fair_cost if self._thrifty else self._set.most_cost
        self._thrifty = self._mean_cost > limit

    def count(self, looks: float) -> None:
        """Looks of this frame; a look at the plate's part costs less than one."""
        self._cost += looks

    def after_whole(self, bounds: Box | None, median: float | None, size: Size) -> Place | None:
        """The part to look at in this frame, too, after a look at the whole; None: the whole's maps
        count. There is one in the first frame, and while a part stays in use. Another part is
        looked at from the next frame on: this one has had a look already.

        Args:
            bounds: of the foreground, in pixels of the frame of `size`.
            median: of the foreground's depth, as `after_part` has it.
        """
        place = None if self._thrifty else self._placed(bounds, size, self.place)
        too = self._is_first or place is self.place
        self._is_first, self.whole_age = False, 0
        self._near, self._whole_is_new = median, True
        self.place = None if too else place
        self.is_due = self.place is not None
        return place if too else None

    def after_part(
        self, place: Place, bounds: Box | None, median: float | None, size: Size, trust: float = 1.0
    ) -> float:
        """The factor on a part's depth. The part for the next frame is placed.

        After a look at the whole it comes from the medians of both looks' foregrounds. Then it
        stays, as far as the part's own depth can be trusted; else the foreground's median stays.

        Args:
            median: of the foreground's inverse depth in the plate's units; None: not known.
            trust: of the part's fit to those, 0 to 1.
        """
        self.is_due = False
        factor = self._factor(median, trust)
        self._whole_is_new = False
        self.place = place if bounds is None else self._placed(bounds, size, place)
        return factor

    def _factor(self, median: float | None, trust: float) -> float:
        if median is None:
            self._near = None
            return self.level
        median = max(median, 1e-6)
        if self._near is None:
            self._near = median * self.level
            return self.level
        held = max(self._near, 1e-6) / median
        if self._whole_is_new:
            factor = float(np.clip(held, 0.5, 2.0))
            self.level *= (factor / self.level) ** trust
        else:
            factor = self.level**trust * held ** (1 - trust)
        self._near = factor * median
        return factor

    def _placed(self, bounds: Box | None, size: Size, before: Place | None) -> Place | None:
        if bounds is None:
            self._track.forget()
            return None
        motion = self._track.take(bounds, self._number)
        place = place_for(bounds, size, self._networks, before, self._set, motion)
        return place if place is not None and self._has_room(place.network) else None
