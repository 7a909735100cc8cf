"""Zones and lines in the form that the page edits: names and points. Their other settings stay.

Knows nothing about pages and files.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edgeds.errors import InputError
from edgeds.live.signals.rules.from_file import rules_from_text
from edgeds.live.signals.rules.kinds import Line, Rules, Zone
from edgeds.live.signals.rules.to_text import text_from_rules


def shapes_of(rules: Rules) -> dict[str, Any]:
    """{"zones": [{"name", "points"}], "lines": [{"name", "from", "to", "left", "right"}]}."""
    return {
        "zones": [{"name": zone.name, "points": zone.points} for zone in rules.zones],
        "lines": [
            {
                "name": line.name,
                "from": line.start,
                "to": line.end,
                "left": line.to_left,
                "right": line.to_right,
            }
            for line in rules.lines
        ],
    }


def rules_with_shapes(rules: Rules, shapes: Any) -> Rules:
    """The rules with these zones and lines; a known name keeps its other settings.

    Raises:
        InputError: a shape is wrong, or a rule names a zone that does not exist any more.
    """
    zones = {zone.name: zone for zone in rules.zones}
    lines = {line.name: line for line in rules.lines}
    try:
        changed = replace(
            rules,
            zones=tuple(_zone(zones, shape) for shape in shapes["zones"]),
            lines=tuple(_line(lines, shape) for shape in shapes["lines"]),
        )
        text = text_from_rules(changed)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError(
            "these are not zones and lines",
            why="names or points are missing",
            fix="send what GET /api/shapes gives, changed",
        ) from None
    return rules_from_text(text, name="the rules")  # the checks of a file hold here, too


def _zone(known: dict[str, Zone], shape: Any) -> Zone:
    points = tuple((float(x), float(y)) for x, y in shape["points"])
    zone = known.get(shape["name"])
    if zone is not None:
        return replace(zone, points=points)
    return Zone(name=str(shape["name"]), points=points)


def _line(known: dict[str, Line], shape: Any) -> Line:
    ends = [(float(x), float(y)) for x, y in (shape["from"], shape["to"])]
    line = known.get(shape["name"], Line(name=str(shape["name"]), start=ends[0], end=ends[1]))
    left, right = str(shape["left"]), str(shape["right"])
    return replace(line, start=ends[0], end=ends[1], to_left=left, to_right=right)
