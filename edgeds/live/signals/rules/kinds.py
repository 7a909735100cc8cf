"""The rules of a run. Knows nothing about files: `from_file.py` reads them.

Points are (x, y) as shares of the picture's width and height, so that they fit every picture size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from edgeds.live.signals.objects.tracked_object import Point

Span: TypeAlias = tuple[float, float]
"""(from, to)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What all rules have."""

    name: str
    """For people, topics and events; no two rules of a file have the same."""
    snapshot: bool = False
    """Whether its events carry a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone(Rule):
    """A part of the picture, optionally between two distances."""

    points: tuple[Point, ...]
    at: Literal["foot", "middle"] = "foot"
    """What of an object must be inside: where it stands, or the middle of its box."""
    metres: Span | None = None
    inverse_depth: Span | None = None
    enter_secs: float = 0.3
    """Inside for so long: it has entered."""
    leave_secs: float = 0.5
    """Outside for so long: it has left."""
    dwell_secs: float | None = None
    """In the zone for so long: an event of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Rule):
    """A line that objects cross with their feet."""

    start: Point
    end: Point
    to_left: str = "left"
    """Name of the direction towards the left of somebody who looks from start to end."""
    to_right: str = "right"
    margin: float = 0.06
    """An object is on a side when its foot is so far from the line: a share of its height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearerThan(Rule):
    """Something is nearer to the camera than a distance."""

    metres: float | None = None
    inverse_depth: float | None = None
    zone: str | None = None
    """Only what is in this zone."""
    for_secs: float = 0.3
    slack: float = 0.1
    """It ends when everything is farther than the distance by this share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind(Rule):
    """Something new that does not move, such as a bag."""

    after_secs: float = 10.0
    zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed(Rule):
    """Something of the plate that is gone."""

    after_secs: float = 10.0
    zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateHealth(Rule):
    """The plate does not fit the scene any more."""

    below: float = 0.5
    """Health from 0 to 1."""
    for_secs: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All rules of a run. Without any, objects are reported when they appear and leave."""

    zones: tuple[Zone, ...] = ()
    lines: tuple[Line, ...] = ()
    nearer_than: tuple[NearerThan, ...] = ()
    left_behind: tuple[LeftBehind, ...] = ()
    removed: tuple[Removed, ...] = ()
    plate: PlateHealth | None = None
    objects: ObjectReports = field(default_factory=lambda: ObjectReports())

    @property
    def all(self) -> tuple[Rule, ...]:
        plate = () if self.plate is None else (self.plate,)
        return (
            *self.zones, *self.lines, *self.nearer_than, *self.left_behind, *self.removed, *plate,
        )  # fmt: skip

    @property
    def needs_metres(self) -> tuple[str, ...]:
        """Names of the rules that need a scale."""
        zones = [zone.name for zone in self.zones if zone.metres is not None]
        return (*zones, *(rule.name for rule in self.nearer_than if rule.metres is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectReports:
    """Which events of objects are reported, independent of the other rules."""

    events: bool = True
    """Whether `object.appeared` and `object.left` are events."""
    state_secs: float = 1.0
    """Consumers of the state get it so often while something changes; 0 is never."""
    min_height: float = 0.03
    """Lower and narrower objects are ignored: a share of the picture's height."""
