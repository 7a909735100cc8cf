"""Events in the form that other programs get. Schema version 1: docs/signals.schema.json.

Knows nothing about rules, and nothing about delivery.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal, TypeAlias

from edgeds.live.signals.objects.tracked_object import TrackedObject

SCHEMA = 1
"""Grows when a field changes its meaning or goes; new fields and events may come any time."""

Kind: TypeAlias = Literal[
    "object.appeared",
    "object.left",
    "zone.entered",
    "zone.left",
    "zone.dwelled",
    "line.crossed",
    "near.began",
    "near.ended",
    "left_behind.found",
    "left_behind.gone",
    "removed.found",
    "removed.returned",
    "plate.worn",
    "plate.recovered",
]
KINDS: tuple[str, ...] = Kind.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened."""

    kind: Kind
    number: int
    """From 1; gaps are events that got lost on the way."""
    secs: float
    """On the clock of the stream, whose first frame is at 0."""
    source: str
    """Name of the camera or file."""
    wall_secs: float | None = None
    """Seconds since 1970 when the frame was grabbed; None for files."""
    rule: str = ""
    """Name of the rule; empty for events of objects alone."""
    object: TrackedObject | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    """What this kind of event has besides, as JSON."""
    snapshot: bytes | None = None
    """JPEG of the frame, where the rule asks for one."""

    def as_json(self) -> dict[str, Any]:
        """Without the snapshot, which does not fit into every channel."""
        return {
            "schema": SCHEMA,
            "event": self.kind,
            "number": self.number,
            "source": self.source,
            "secs": round(self.secs, 3),
            **({} if self.wall_secs is None else {"time": iso_time(self.wall_secs)}),
            **({"rule": self.rule} if self.rule else {}),
            **self.facts,
            **({} if self.object is None else {"object": self.object.as_json()}),
        }


def iso_time(wall_secs: float) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    stamp = datetime.fromtimestamp(wall_secs, timezone.utc)
    return stamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_line(message: dict[str, Any]) -> str:
    """One line of JSON, without its line end. NaN and infinity raise: they are not JSON."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
