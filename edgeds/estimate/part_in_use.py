"""Which part the network looks at next, at which level its depth lies, and what looks cost.

The same on a CPU and on a GPU: it takes bounds and medians of looks, and knows neither maps nor
devices. `whole_or_part` looks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgeds.estimate.part_place import Place, Track, place_for
from edgeds.estimate.settings import LookSettings
from edgeds.types import Box, Size

LEAST_PIXELS = 12  # of sure foreground that tells a depth


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
        """Factor on the depth in a part, to that of the whole."""
        self.is_due = False
        """The part was placed and not looked at yet: there are better maps than the last."""
        self.whole_age = 0
        """Frames since the last look at the whole."""
        self._median_of_whole: float | None = None
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
        self._is_first, self._median_of_whole, self.whole_age = False, median, 0
        self.place = None if too else place
        self.is_due = self.place is not None
        return place if too else None

    def after_part(
        self, place: Place, bounds: Box | None, median: float | None, size: Size
    ) -> float:
        """The level of a part's depth: by the medians of both looks' foregrounds. The part for the
        next frame is placed.

        Args:
            median: of the foreground's inverse depth in the plate's units; None: not known.
        """
        self.is_due = False
        whole, self._median_of_whole = self._median_of_whole, None
        if whole is not None and median is not None:
            self.level = float(np.clip(whole / max(median, 1e-6), 0.5, 2.0))
        self.place = place if bounds is None else self._placed(bounds, size, place)
        return self.level

    def _placed(self, bounds: Box | None, size: Size, before: Place | None) -> Place | None:
        if bounds is None:
            self._track.forget()
            return None
        motion = self._track.take(bounds, self._number)
        place = place_for(bounds, size, self._networks, before, self._set, motion)
        return place if place is not None and self._has_room(place.network) else None
