"""Rules -> the TOML text of a rule file. What it writes, from_file.py reads as the same rules."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from edgeds.live.signals.rules.keys_of_file import FIELDS
from edgeds.live.signals.rules.kinds import ObjectReports, Rules

_KEYS = {field: key for key, field in FIELDS.items()}


def text_from_rules(rules: Rules) -> str:
    """Only what differs from the defaults is written."""
    tables: list[tuple[str, Any]] = [
        *(("[[zone]]", rule) for rule in rules.zones),
        *(("[[line]]", rule) for rule in rules.lines),
        *(("[[nearer_than]]", rule) for rule in rules.nearer_than),
        *(("[[left_behind]]", rule) for rule in rules.left_behind),
        *(("[[removed]]", rule) for rule in rules.removed),
    ]
    if rules.plate is not None:
        tables.append(("[plate]", rules.plate))
    if rules.objects != ObjectReports():
        tables.append(("[objects]", rules.objects))
    return "\n".join("\n".join([header, *_lines(rule), ""]) for header, rule in tables)


def _lines(rule: Any) -> list[str]:
    lines = []
    for field in fields(rule):
        value = getattr(rule, field.name)
        if value != field.default:
            lines.append(f"{_KEYS.get(field.name, field.name)} = {_value(value)}")
    return lines


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, float):
        return repr(round(value, 4))
    return json.dumps(value, ensure_ascii=False)  # JSON's strings and booleans are TOML's, too
