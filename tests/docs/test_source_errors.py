"""The list of every error in the documentation is complete, and is the source's."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from edgeds import errors

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from source_errors import UNKNOWN, error_names, errors_of, table_of  # noqa: E402


def test_the_error_classes_are_those_of_the_tree() -> None:
    names = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.EdgedsError)
    }
    assert error_names(ROOT / "edgeds/errors.py") == names


def test_every_error_that_is_raised_is_listed() -> None:
    """Counted another way: lines of the source that call an error's class."""
    names = error_names(ROOT / "edgeds/errors.py")
    calls = 0
    for path in (ROOT / "edgeds").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                calls += node.func.id in names
    found = errors_of(ROOT / "edgeds")
    assert len(found) == calls
    assert len(found) > 100


def test_nearly_every_error_has_words_that_can_be_listed() -> None:
    """Some pass on another error's words; a list of errors of which many do would be useless."""
    found = errors_of(ROOT / "edgeds")
    wordless = [error.where for error in found if not error.what.strip(f" {UNKNOWN}/")]
    assert len(wordless) < 0.05 * len(found), wordless


def test_words_are_read_from_every_kind_of_string(tmp_path: Path) -> None:
    (tmp_path / "errors.py").write_text("class OurError(Exception): ...\n")
    (tmp_path / "module.py").write_text(
        'raise OurError(f"cannot open {name!r}", why="a" + "b", fix=f"give | {one}" " or two")\n'
        'raise OurError("late" if late else "early", why=reason)\n'
        "raise ValueError('not ours')\n"
        "def check():\n"
        "    if late: what = 'it is late'\n"
        "    else: what = f'{name} is early'\n"
        "    raise OurError(what)\n"
    )
    first, third, second = errors_of(tmp_path)
    assert third.what == f"it is late / {UNKNOWN} is early"
    assert (first.what, first.why) == (f"cannot open {UNKNOWN}", "ab")
    assert first.fix == f"give | {UNKNOWN} or two"
    assert (second.what, second.why, second.fix) == ("late / early", UNKNOWN, "")
    table = table_of([first, second])
    assert "### OurError" in table
    assert "give \\| … or two" in table
