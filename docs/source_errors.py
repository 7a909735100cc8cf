"""Every error that the source raises, by its words, read from the syntax tree.

Knows nothing about MkDocs. Nothing is imported or run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

UNKNOWN = "…"
"""Stands for what is known only when the error is raised."""

Values: TypeAlias = dict[str, list[ast.expr]]
"""What is assigned to each name of a function."""


@dataclass(frozen=True, slots=True, order=True)
class RaisedError:
    """One place of the source where an error is made."""

    what: str
    why: str
    fix: str
    name: str
    """Of its class."""
    where: str
    """File and line."""


def errors_of(package: Path) -> list[RaisedError]:
    """Every error a package makes, ordered by class and words."""
    names = error_names(package / "errors.py")
    found = [
        error
        for path in sorted(package.rglob("*.py"))
        for error in _errors_of_file(path, names, package.parent)
    ]
    return sorted(found, key=lambda error: (error.name, error.what.lower(), error.where))


def error_names(path: Path) -> frozenset[str]:
    """The classes of an error tree: those of a file that have a base."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.ClassDef))


def table_of(errors: list[RaisedError]) -> str:
    """The errors as Markdown, a table for each class."""
    lines = []
    for name in dict.fromkeys(error.name for error in errors):
        lines += [f"### {name}", "", "| message | why | fix |", "| --- | --- | --- |"]
        rows = [(e.what, e.why, e.fix) for e in errors if e.name == name and e.what != UNKNOWN]
        lines += [f"| {' | '.join(map(_cell, row))} |" for row in dict.fromkeys(rows)]
        lines.append("")
    return "\n".join(lines)


def _errors_of_file(path: Path, names: frozenset[str], root: Path) -> Iterator[RaisedError]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node, known in _calls(tree, {}):
        if _called(node) not in names or not node.args:
            continue
        keywords = {each.arg: _words(each.value, known) for each in node.keywords if each.arg}
        yield RaisedError(
            what=_words(node.args[0], known),
            why=keywords.get("why", ""),
            fix=keywords.get("fix", ""),
            name=_called(node),
            where=f"{path.relative_to(root)}:{node.lineno}",
        )


def _calls(node: ast.AST, known: Values) -> Iterator[tuple[ast.Call, Values]]:
    """Every call below a node, with the values that names get in the function around it."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        known = {**known, **_values(node)}
    if isinstance(node, ast.Call):
        yield node, known
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, known)


def _values(function: ast.AST) -> Values:
    values: Values = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values.setdefault(node.targets[0].id, []).append(node.value)
    return values


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _words(node: ast.expr, known: Values) -> str:
    """The text of a string expression, with `UNKNOWN` for what is not written there."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_words(part, {}) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _words(node.left, known) + _words(node.right, known)
    if isinstance(node, ast.IfExp):
        return f"{_words(node.body, known)} / {_words(node.orelse, known)}"
    if isinstance(node, ast.Name) and node.id in known:
        words = dict.fromkeys(_words(value, {}) for value in known[node.id])
        return " / ".join(each for each in words if each)
    return UNKNOWN


def _cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    for letter in "\\`*_<>|[]":
        text = text.replace(letter, f"\\{letter}")
    return " ".join(text.split())
