"""Rules about things that do not move: left behind, removed, and the plate itself.

Does not know how to decide whether a thing is new: `new_or_removed` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from edgeds.live.signals.events import Kind
from edgeds.live.signals.objects.tracked_object import TrackedObject
from edgeds.live.signals.rules.kinds import LeftBehind, PlateHealth, Removed
from edgeds.live.signals.rules.zones_lines_distances import Happening, Polygon

Newness: TypeAlias = Callable[[TrackedObject], float]
"""-1 (gone from the plate) to 1 (new in the frame)."""

_PIECE_AREA = 0.2
"""A piece has at most this share of the larger thing's pixels."""
_SAME_SECS = 0.6
"""A piece is motionless since the same time, give or take so much."""
_BESIDE = 0.1
"""A piece is no farther away than this share of the larger one's longer side."""
_RECOVERED = 0.1  # so much healthier than the limit the plate must be


class StandingWatch:
    """Objects that were motionless for a long time: new things, or places of removed ones."""

    def __init__(self, rule: LeftBehind | Removed, zone: Polygon | None) -> None:
        self.rule = rule
        self._zone = zone
        self._is_for_new = isinstance(rule, LeftBehind)
        self._found: dict[int, TrackedObject] = {}
        self._others: dict[int, float] = {}
        """Objects that this rule is not about, and since when they have been motionless."""

    @property
    def found(self) -> list[int]:
        """Ids of the objects that are left behind, or removed, now."""
        return [thing.id for thing in self._found.values()]

    def __call__(
        self, things: Sequence[TrackedObject], secs: float, newness: Newness
    ) -> Iterator[Happening]:
        here = {thing.body: thing for thing in things}
        for body, thing in list(self._found.items()):
            now = here.get(body)
            self._found[body] = now or thing
            if now is None or (now.still_secs < 0.5 and not now.is_hidden):
                del self._found[body]
                yield self._happening("left_behind.gone", "removed.returned", now or thing)
        for thing in things:
            if thing.body in self._found or not self._is_due(thing):
                continue
            if any(is_piece(thing, other) for other in things):
                continue
            since = round(secs - thing.motionless_secs, 2)
            if self._others.get(thing.body) == since:
                continue
            if (newness(thing) > 0) is self._is_for_new:
                self._found[thing.body] = thing
                yield self._happening("left_behind.found", "removed.found", thing)
            else:
                self._others[thing.body] = since
        for body in self._others.keys() - here.keys():
            del self._others[body]

    def _is_due(self, thing: TrackedObject) -> bool:
        if thing.is_hidden or thing.motionless_secs < self.rule.after_secs:
            return False
        return self._zone is None or self._zone.holds(thing)

    def _happening(self, new: Kind, gone: Kind, thing: TrackedObject) -> Happening:
        return Happening(kind=new if self._is_for_new else gone, rule=self.rule, object=thing)


def is_piece(thing: TrackedObject, other: TrackedObject) -> bool:
    """Whether a thing is a piece of a much larger one, or its reflection: beside it since the same
    moment. One thing that was left or taken away is reported once.
    """
    if thing.area_px > _PIECE_AREA * other.area_px:
        return False
    if abs(thing.motionless_secs - other.motionless_secs) > _SAME_SECS:
        return False
    margin = _BESIDE * max(other.box[2:])
    return all(
        low - margin <= high_of and low_of <= high + margin
        for low, high, low_of, high_of in (
            (other.box[0], other.box[0] + other.box[2], thing.box[0], thing.box[0] + thing.box[2]),
            (other.box[1], other.box[1] + other.box[3], thing.box[1], thing.box[1] + thing.box[3]),
        )
    )


class PlateHealthWatch:
    """Whether the plate's health has been below a limit for long enough."""

    def __init__(self, rule: PlateHealth) -> None:
        self.rule = rule
        self.is_worn = False
        self._since: float | None = None

    def __call__(self, health: float | None, secs: float) -> Iterator[Happening]:
        if health is None:
            return
        limit = self.rule.below + (_RECOVERED if self.is_worn else 0.0)
        if (health < limit) == self.is_worn:
            self._since = None
            return
        if self._since is None:
            self._since = secs
        if secs - self._since < self.rule.for_secs:
            return
        self.is_worn, self._since = not self.is_worn, None
        kind: Kind = "plate.worn" if self.is_worn else "plate.recovered"
        yield Happening(kind=kind, rule=self.rule, facts={"health": round(health, 3)})
