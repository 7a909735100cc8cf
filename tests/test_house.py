"""The house stays easy to find one's way in: few rooms, short files, a docstring on each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("edgeds", "train", "calib")
FILE_LINES, FUNCTION_LINES, CLASS_LINES, ROOMS = 300, 60, 200, 12

if not (ROOT / "edgeds").is_dir():
    pytest.skip("the sources are not beside the tests", allow_module_level=True)


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def test_the_top_floor_has_few_rooms() -> None:
    found = {path.name for path in (ROOT / "edgeds").iterdir()}
    rooms = {name for name in found if not name.startswith("__") and name != "py.typed"}
    assert len(rooms) <= ROOMS, sorted(rooms)


def test_files_functions_and_classes_fit_a_reader() -> None:
    too_long = []
    for path in modules():
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > FILE_LINES:
            too_long.append(name_of(path))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                assert node.end_lineno is not None
                limit = CLASS_LINES if isinstance(node, ast.ClassDef) else FUNCTION_LINES
                if node.end_lineno - node.lineno + 1 > limit:
                    too_long.append(f"{name_of(path)} {node.name}")
    assert not too_long


def test_every_module_says_what_it_is() -> None:
    silent = []
    for path in modules():
        text = path.read_text(encoding="utf-8")
        if text.strip() and not ast.get_docstring(ast.parse(text)):
            silent.append(name_of(path))
    assert not silent


def test_docstrings_stand_alone() -> None:
    """A hover and the reference show each without the line before: no "Of a frame.", "... or"."""
    fragment = re.compile(
        r'^ *"""(Of\b|\.\.\.|The same([.,]| (for|of|with|as|at|if|from)\b))', re.M
    )
    found = [
        f"{name_of(path)}: {hit[0].strip()}"
        for path in modules()
        for hit in fragment.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found


def test_modules_named_in_backticks_exist() -> None:
    gone = []
    for path in modules():
        text = path.read_text(encoding="utf-8")
        for named in re.findall(r"`((?:edgeds|train|calib)(?:\.[a-z_]\w*)+)`", text):
            parts = named.split(".")
            places = [ROOT.joinpath(*parts[:depth]) for depth in range(2, len(parts) + 1)]
            if not any(p.is_dir() or p.with_suffix(".py").is_file() for p in places):
                gone.append(f"{name_of(path)} {named}")
    assert not gone


def test_every_file_in_the_table_of_the_code_is_there() -> None:
    """docs/how-it-works.md: a bare name is in a folder that the same cell names before it."""
    lines = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8").splitlines()
    cells = [line.split("|")[2] for line in lines if line.startswith("| ") and ".py`" in line]
    gone = []
    for cell in cells:
        folder = ROOT / "edgeds"
        for named in re.findall(r"`([\w/]+(?:/|\.py))`", cell):
            path = ROOT / "edgeds" / named
            if named.endswith("/"):
                folder = path
            elif "/" in named:
                folder = path.parent
            elif not path.is_file():
                path = folder / named
            if not path.exists():
                gone.append(f"{named} in {cell.strip()}")
    assert len(cells) > 15
    assert not gone


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
