"""Rules about the places of objects: zones, lines, distances. Each watch keeps its own memory.

A watch gets the objects of every frame, in order, and returns what happened. Knows nothing about
frames and delivery.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from edgeds.live.signals.events import Kind
from edgeds.live.signals.objects.tracked_object import Point, TrackedObject
from edgeds.live.signals.rules.kinds import Line, NearerThan, Rule, Span, Zone
from edgeds.types import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What becomes an event: what happened, the object, and the rule if there is one."""

    kind: Kind
    rule: Rule | None = None
    object: TrackedObject | None = None
    facts: dict[str, Any] = field(default_factory=dict)


class Polygon:
    """A zone's place in frames of one size."""

    def __init__(self, zone: Zone, size: Size) -> None:
        self.zone = zone
        height, width = size
        self._points = np.array(zone.points, np.float32) * np.array([width, height], np.float32)

    def holds(self, thing: TrackedObject) -> bool:
        """Whether an object is in the zone now."""
        left, top, width, height = thing.box
        x, y = thing.foot if self.zone.at == "foot" else (left + width / 2, top + height / 2)
        # The lower edge of a box may lie on the border of the picture, and of the zone.
        if cv2.pointPolygonTest(self._points, (float(x), float(y) - 1.0), measureDist=False) < 0:
            return False
        return is_within(thing.metres, self.zone.metres) and is_within(
            thing.inverse_depth, self.zone.inverse_depth
        )


def is_within(value: float | None, span: Span | None) -> bool:
    """Whether a value is in a span; no span holds everything, and an unknown value is in none."""
    return span is None or (value is not None and span[0] <= value <= span[1])


@dataclass(slots=True)
class _Visit:
    """What a zone knows of an object."""

    is_in: bool = False
    is_near: bool = False
    """Inside at the last look, before the time that it takes to enter."""
    changed_secs: float = 0.0
    entered_secs: float = 0.0
    has_dwelled: bool = False
    thing: TrackedObject | None = None


class ZoneWatch:
    """Which objects are in a zone; delays on entering and leaving prevent flicker at its border."""

    def __init__(self, zone: Zone, size: Size) -> None:
        self.rule = zone
        self._polygon = Polygon(zone, size)
        self._visits: dict[int, _Visit] = {}

    @property
    def inside(self) -> list[int]:
        """Ids of those who have entered."""
        return [visit.thing.id for visit in self._visits.values() if visit.is_in and visit.thing]

    def __call__(self, things: Sequence[TrackedObject], secs: float) -> Iterator[Happening]:
        self._exchange(things)
        for body in self._visits.keys() - {thing.body for thing in things}:
            visit = self._visits.pop(body)
            if visit.is_in and visit.thing is not None:
                yield self._left(visit, visit.thing, secs)
        for thing in things:
            visit = self._visits.setdefault(thing.body, _Visit(changed_secs=secs - thing.age_secs))
            visit.thing = thing
            is_near = self._polygon.holds(thing)
            if is_near != visit.is_near:
                visit.is_near, visit.changed_secs = is_near, secs
            yield from self._judged(visit, thing, secs)

    def _exchange(self, things: Sequence[TrackedObject]) -> None:
        """Where ids of two inside were exchanged, each keeps the time of its own entry."""
        inside = {
            visit.thing.id: visit for visit in self._visits.values() if visit.is_in and visit.thing
        }
        for thing in things:
            if thing.id in inside and thing.body in self._visits and self._visits[thing.body].is_in:
                self._visits[thing.body] = inside[thing.id]

    def _judged(self, visit: _Visit, thing: TrackedObject, secs: float) -> Iterator[Happening]:
        lasted = secs - visit.changed_secs
        if visit.is_near and not visit.is_in and lasted >= self.rule.enter_secs:
            visit.is_in, visit.has_dwelled = True, False
            visit.entered_secs = visit.changed_secs
            yield self._happened("zone.entered", thing)
        elif not visit.is_near and visit.is_in and lasted >= self.rule.leave_secs:
            visit.is_in = False
            yield self._left(visit, thing, visit.changed_secs)
        dwell = self.rule.dwell_secs
        stay = secs - visit.entered_secs
        if visit.is_in and dwell is not None and not visit.has_dwelled and stay >= dwell:
            visit.has_dwelled = True
            yield self._happened("zone.dwelled", thing, stay_secs=round(stay, 2))

    def _left(self, visit: _Visit, thing: TrackedObject, secs: float) -> Happening:
        return self._happened("zone.left", thing, stay_secs=round(secs - visit.entered_secs, 2))

    def _happened(self, kind: Kind, thing: TrackedObject, **facts: Any) -> Happening:
        facts["count"] = len(self.inside)
        return Happening(kind=kind, rule=self.rule, object=thing, facts=facts)


class LineWatch:
    """Counts feet that cross a line, by direction.

    A foot is on a side only if it is clear of the line, so a person who stands on the line and
    sways is not counted twice. An id that jumps to another place has not crossed: sides are those
    of bodies.
    """

    def __init__(self, line: Line, size: Size) -> None:
        self.rule = line
        height, width = size
        scale = np.array([width, height], np.float64)
        self._start, end = np.array(line.start) * scale, np.array(line.end) * scale
        along = end - self._start
        self._length = float(np.hypot(*along))
        self._along = along / max(self._length, 1e-9)
        self._sides: dict[int, tuple[int, Point]] = {}
        self.counts = {line.to_left: 0, line.to_right: 0}

    def __call__(self, things: Sequence[TrackedObject], secs: float) -> Iterator[Happening]:
        del secs
        for body in self._sides.keys() - {thing.body for thing in things}:
            del self._sides[body]
        for thing in things:
            if thing.is_hidden:
                continue
            if thing.body not in self._sides:
                self._note(thing, thing.born_foot)
            before = self._sides.get(thing.body)
            self._note(thing, thing.foot)
            now = self._sides.get(thing.body)
            if before is None or now is None or before[0] == now[0]:
                continue
            if self._is_through(before[1], now[1]):
                direction = self.rule.to_left if now[0] < 0 else self.rule.to_right
                self.counts[direction] += 1
                yield Happening(
                    kind="line.crossed",
                    rule=self.rule,
                    object=thing,
                    facts={"direction": direction, "counts": dict(self.counts)},
                )

    def _note(self, thing: TrackedObject, foot: Point) -> None:
        """Remember the side of a foot that is clear of the line, and where it was there."""
        away = self._across(foot)
        if abs(away) >= max(1.0, self.rule.margin * thing.box[3]):
            self._sides[thing.body] = (1 if away > 0 else -1, foot)

    def _across(self, point: Point) -> float:
        """Pixels to the right of the line, for somebody who looks from its start to its end."""
        x, y = point[0] - self._start[0], point[1] - self._start[1]
        return float(self._along[0] * y - self._along[1] * x)

    def _is_through(self, one: Point, other: Point) -> bool:
        """Whether the way from one point to another passes between the line's ends."""
        first, second = self._across(one), self._across(other)
        share = first / (first - second)
        x = one[0] + share * (other[0] - one[0]) - self._start[0]
        y = one[1] + share * (other[1] - one[1]) - self._start[1]
        place = float(self._along[0] * x + self._along[1] * y)
        return 0 <= place <= self._length


class NearWatch:
    """Whether anything is nearer than a distance. The limit for the end is a little farther."""

    def __init__(self, rule: NearerThan, zone: Polygon | None) -> None:
        self.rule = rule
        self._zone = zone
        self.is_on = False
        self._changed_secs: float | None = None

    def __call__(self, things: Sequence[TrackedObject], secs: float) -> Iterator[Happening]:
        near = [thing for thing in things if self._is_near(thing)]
        if bool(near) == self.is_on:
            self._changed_secs = None
            return
        if self._changed_secs is None:
            self._changed_secs = secs
        if secs - self._changed_secs < self.rule.for_secs:
            return
        self.is_on, self._changed_secs = bool(near), None
        nearest = max(near, key=lambda thing: thing.inverse_depth, default=None)
        kind: Kind = "near.began" if self.is_on else "near.ended"
        yield Happening(kind=kind, rule=self.rule, object=nearest)

    def _is_near(self, thing: TrackedObject) -> bool:
        if self._zone is not None and not self._zone.holds(thing):
            return False
        slack = 1 + self.rule.slack if self.is_on else 1.0
        if self.rule.metres is not None:
            return thing.metres is not None and thing.metres < self.rule.metres * slack
        assert self.rule.inverse_depth is not None  # from_file.py checks that there is one of them
        return thing.inverse_depth > self.rule.inverse_depth / slack
