"""The keys that a rule file may have, table by table, and the values of each.

Knows nothing about files: `from_file` reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from edgeds.live.signals.objects.tracked_object import Point
from edgeds.live.signals.rules.kinds import (
    LeftBehind,
    Line,
    NearerThan,
    ObjectReports,
    PlateHealth,
    Removed,
    Span,
    Zone,
)

Read: TypeAlias = Callable[[Any], Any]
"""The value of a key, checked; raises ValueError with what it should be."""

_MAX_NAME = 60


def _text(value: Any) -> str:
    if isinstance(value, str) and 0 < len(value.strip()) <= _MAX_NAME and value.isprintable():
        return value.strip()
    raise ValueError(f"a text of 1 to {_MAX_NAME} characters, in quotes")


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def _choice(*choices: str) -> Read:
    def read(value: Any) -> str:
        if value in choices:
            return str(value)
        raise ValueError(" or ".join(f'"{choice}"' for choice in choices))

    return read


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _number(low: float, high: float) -> Read:
    def read(value: Any) -> float:
        if _is_number(value) and low <= value <= high:
            return float(value)
        raise ValueError(f"a number from {low:g} to {high:g}")

    return read


def _span(high: float) -> Read:
    def read(value: Any) -> Span:
        is_pair = isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))
        if is_pair and 0 <= value[0] < value[1] <= high:
            return float(value[0]), float(value[1])
        raise ValueError(f"two numbers, the smaller first, from 0 to {high:g}: [1.0, 2.5]")

    return read


def _point(value: Any) -> Point:
    is_pair = isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))
    if is_pair and all(0 <= share <= 1 for share in value):
        return float(value[0]), float(value[1])
    raise ValueError("[x, y], shares of the picture's width and height from 0 to 1: [0.25, 0.8]")


def _polygon(value: Any) -> tuple[Point, ...]:
    if not isinstance(value, list) or not 3 <= len(value) <= 64:
        raise ValueError("3 to 64 points: [[0.1, 0.5], [0.4, 0.5], [0.4, 1.0]]")
    points = tuple(_point(one) for one in value)
    turned = zip(points, (*points[1:], points[0]), strict=True)
    if abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in turned)) < 1e-5:
        raise ValueError("points that enclose an area")
    return points


_SECS = _number(0, 86400)
_COMMON: dict[str, Read] = {"name": _text, "snapshot": _flag}
_STANDING: dict[str, Read] = {**_COMMON, "after_secs": _number(1, 86400), "zone": _text}
FIELDS = {"from": "start", "to": "end", "left": "to_left", "right": "to_right"}
SINGLE = ("plate", "objects")
EXAMPLES = {
    "name": '"door"',
    "points": "[[0.1, 0.5], [0.4, 0.5], [0.4, 1.0], [0.1, 1.0]]",
    "from": "[0.2, 0.6]",
    "to": "[0.8, 0.6]",
}
TABLES: dict[str, tuple[type, dict[str, Read], tuple[str, ...]]] = {
    "zone": (
        Zone,
        {
            **_COMMON,
            "points": _polygon,
            "at": _choice("foot", "middle"),
            "metres": _span(1000),
            "inverse_depth": _span(1000),
            "enter_secs": _SECS,
            "leave_secs": _SECS,
            "dwell_secs": _SECS,
        },
        ("name", "points"),
    ),
    "line": (
        Line,
        {
            **_COMMON,
            "from": _point,
            "to": _point,
            "left": _text,
            "right": _text,
            "margin": _number(0, 1),
        },
        ("name", "from", "to"),
    ),
    "nearer_than": (
        NearerThan,
        {
            **_COMMON,
            "metres": _number(0.01, 1000),
            "inverse_depth": _number(0, 1000),
            "zone": _text,
            "for_secs": _SECS,
            "slack": _number(0, 1),
        },
        ("name",),
    ),
    "left_behind": (LeftBehind, _STANDING, ("name",)),
    "removed": (Removed, _STANDING, ("name",)),
    "plate": (PlateHealth, {**_COMMON, "below": _number(0, 1), "for_secs": _SECS}, ()),
    "objects": (
        ObjectReports,
        {"events": _flag, "state_secs": _number(0, 3600), "min_height": _number(0.005, 1)},
        (),
    ),
}


def problem_of(rule: object) -> tuple[str, str] | None:
    """(What is wrong, how to mend it) where values that are right alone do not fit together."""
    if isinstance(rule, NearerThan) and (rule.metres is None) == (rule.inverse_depth is None):
        return "'nearer_than' needs one distance", "give either metres or inverse_depth"
    if isinstance(rule, Line) and rule.start == rule.end:
        return "the line ends where it begins", "give two different points as from and to"
    if isinstance(rule, Line) and rule.to_left == rule.to_right:
        return (
            f"both directions of the line are called {rule.to_left!r}",
            "give left and right different names",
        )
    return None
