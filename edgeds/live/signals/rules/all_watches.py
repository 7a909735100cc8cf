"""The watches of a set of rules, and their current state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from edgeds.live.signals.objects.tracked_object import TrackedObject
from edgeds.live.signals.rules.kinds import Rules
from edgeds.live.signals.rules.left_behind_removed import PlateHealthWatch, StandingWatch
from edgeds.live.signals.rules.zones_lines_distances import (
    Happening,
    LineWatch,
    NearWatch,
    Polygon,
    ZoneWatch,
)
from edgeds.types import Size


class RuleWatches:
    """All watches of a set of rules."""

    def __init__(self, rules: Rules, size: Size) -> None:
        self.rules = rules
        places = {zone.name: Polygon(zone, size) for zone in rules.zones}

        def place(name: str | None) -> Polygon | None:
            return None if name is None else places[name]

        self._zones = [ZoneWatch(zone, size) for zone in rules.zones]
        self._lines = [LineWatch(line, size) for line in rules.lines]
        self._near = [NearWatch(rule, place(rule.zone)) for rule in rules.nearer_than]
        self._left = [StandingWatch(rule, place(rule.zone)) for rule in rules.left_behind]
        self._removed = [StandingWatch(rule, place(rule.zone)) for rule in rules.removed]
        self._plate = None if rules.plate is None else PlateHealthWatch(rules.plate)

    def __call__(
        self,
        things: list[TrackedObject],
        secs: float,
        how_new: Callable[[TrackedObject], float],
        health: float | None,
    ) -> Iterator[Happening]:
        for zone in self._zones:
            yield from zone(things, secs)
        for line in self._lines:
            yield from line(things, secs)
        for near in self._near:
            yield from near(things, secs)
        for standing in (*self._left, *self._removed):
            yield from standing(things, secs, how_new)
        if self._plate is not None:
            yield from self._plate(health, secs)

    def state(self) -> dict[str, Any]:
        return {
            "zones": {
                watch.rule.name: {"count": len(watch.inside), "ids": watch.inside}
                for watch in self._zones
            },
            "lines": {watch.rule.name: dict(watch.counts) for watch in self._lines},
            "near": {watch.rule.name: watch.is_on for watch in self._near},
            "left_behind": {watch.rule.name: watch.found for watch in self._left},
            "removed": {watch.rule.name: watch.found for watch in self._removed},
            "plate_worn": self._plate is not None and self._plate.is_worn,
        }
