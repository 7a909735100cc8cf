"""A rule file (TOML) -> `Rules`. Every error names the line and the fix.

`keys_of_file` lists the keys. Knows nothing about frames and objects.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, NoReturn

from edgeds.errors import InputError
from edgeds.live.signals.rules.keys_of_file import EXAMPLES, FIELDS, SINGLE, TABLES, problem_of
from edgeds.live.signals.rules.kinds import ObjectReports, Rules
from edgeds.live.toml_file import tables_of, text_of


def rules_from_file(path: Path) -> Rules:
    """
    Raises:
        InputError: it cannot be read, or something in it is wrong; the message names the line.
    """
    return rules_from_text(text_of(path, "the rules"), name=path.name)


def rules_from_text(text: str, *, name: str = "rules.toml") -> Rules:
    """
    Raises:
        InputError: something in it is wrong; the message names the line.
    """
    tables = tables_of(text, name, example="the examples in docs/signals.md")
    return _Reader(text, name).rules(tables)


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self._lines, self._name = text.splitlines(), name

    def rules(self, tables: dict[str, Any]) -> Rules:
        for table, value in tables.items():
            if table not in TABLES:
                self._fail(
                    self._header(table, 0), f"there is no table {table!r}", _near(table, TABLES)
                )
            if table in SINGLE and not isinstance(value, dict):
                self._fail(self._header(table, 0), f"{table!r} is one table", f"write [{table}]")
            many = isinstance(value, list) and all(isinstance(one, dict) for one in value)
            if table not in SINGLE and not many:
                fix = f"write [[{table}]], with two brackets"
                self._fail(self._header(table, 0), f"there may be several {table!r}", fix)
        made = {
            table: tuple(
                self._made(table, index, one) for index, one in enumerate(tables.get(table, ()))
            )
            for table in TABLES
            if table not in SINGLE
        }
        single = {table: self._made(table, 0, tables[table]) for table in SINGLE if table in tables}
        rules = Rules(
            zones=made["zone"],
            lines=made["line"],
            nearer_than=made["nearer_than"],
            left_behind=made["left_behind"],
            removed=made["removed"],
            plate=single.get("plate"),
            objects=single.get("objects", ObjectReports()),
        )
        self._check_names(rules, tables)
        return rules

    def _made(self, table: str, index: int, values: dict[str, Any]) -> Any:
        kind, reads, needed = TABLES[table]
        fields: dict[str, Any] = {} if table == "objects" else {"name": table}
        for key, value in values.items():
            line = self._line(table, index, key)
            if key not in reads:
                self._fail(line, f"the table {table!r} has no key {key!r}", _near(key, reads))
            try:
                fields[FIELDS.get(key, key)] = reads[key](value)
            except ValueError as error:
                self._fail(line, f"{key} = {_shown(value)} cannot be used", f"give {error}")
        for key in needed:
            if key not in values:
                example = EXAMPLES.get(key, "...")
                self._fail(
                    self._header(table, index), f"{key!r} is missing", f"add {key} = {example}"
                )
        made = kind(**fields)
        if problem := problem_of(made):
            self._fail(self._header(table, index), *problem)
        return made

    def _check_names(self, rules: Rules, tables: dict[str, Any]) -> None:
        zones = {zone.name for zone in rules.zones}
        named: list[tuple[int, str]] = []
        for table in TABLES:
            raw = tables.get(table, [])
            for index, one in enumerate(raw if isinstance(raw, list) else [raw]):
                if table != "objects":
                    named.append((self._line(table, index, "name"), one.get("name", table)))
                zone = one.get("zone")
                if zone is not None and zone not in zones:
                    line = self._line(table, index, "zone")
                    fix = _near(zone, zones) if zones else "add a [[zone]] of this name"
                    self._fail(line, f"there is no zone {zone!r}", fix)
        seen: set[str] = set()
        for line, name in sorted(named):
            if name in seen:
                self._fail(line, f"two rules are called {name!r}", "give one another name")
            seen.add(name)

    def _header(self, table: str, index: int) -> int:
        """The line, from 1, where the table of this number begins."""
        header = re.compile(rf"\s*\[\[?\s*[\"']?{re.escape(table)}[\"']?\s*[\].]")
        own = re.compile(rf"\s*[\"']?{re.escape(table)}[\"']?\s*[.=]")
        found = [number for number, line in enumerate(self._lines, 1) if header.match(line)]
        found = found or [number for number, line in enumerate(self._lines, 1) if own.match(line)]
        return found[min(index, len(found) - 1)] if found else 1

    def _line(self, table: str, index: int, key: str) -> int:
        begin = self._header(table, index)
        pattern = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[.=]")
        for number, line in enumerate(self._lines[begin:], begin + 1):
            if line.lstrip().startswith("[") and not line.strip().endswith(","):
                break
            if pattern.match(line):
                return number
        return begin

    def _fail(self, line: int, why: str, fix: str) -> NoReturn:
        raise InputError(f"{self._name}, line {line}: the rules cannot be used", why=why, fix=fix)


def _near(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there are {', '.join(map(repr, sorted(known)))}"


def _shown(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
