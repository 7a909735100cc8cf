"""Rule files: what is right is read, and what is wrong is named by its line, with its fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgeds.errors import InputError
from edgeds.live.signals.rules.from_file import rules_from_file, rules_from_text

WHOLE = """\
[objects]
events = false
state_secs = 0.5

[[zone]]
name = "door"
points = [[0.1, 0.5], [0.4, 0.5], [0.4, 1.0], [0.1, 1.0]]
metres = [1.0, 4]
dwell_secs = 5
snapshot = true

[[line]]
name = "entrance"
from = [0.2, 0.6]
to = [0.8, 0.6]
left = "in"
right = "out"

[[nearer_than]]
name = "too close"
metres = 1.5
zone = "door"

[[left_behind]]
name = "bag"
after_secs = 30

[[removed]]
name = "painting"

[plate]
below = 0.4
"""


def test_a_whole_file_is_read() -> None:
    rules = rules_from_text(WHOLE)
    assert rules.zones[0].metres == (1.0, 4.0)
    assert rules.lines[0].start == (0.2, 0.6)
    assert rules.lines[0].to_left == "in"
    assert rules.nearer_than[0].zone == "door"
    assert rules.left_behind[0].after_secs == 30
    assert rules.plate is not None
    assert rules.plate.name == "plate"
    assert not rules.objects.events
    assert rules.needs_metres == ("door", "too close")
    assert [rule.name for rule in rules.all] == [
        *("door", "entrance", "too close", "bag", "painting", "plate")
    ]


def test_an_empty_file_watches_objects_alone() -> None:
    assert rules_from_text("").all == ()


@pytest.mark.parametrize(
    ("text", "line", "fix"),
    [
        ("[[zone]]\nname = 'a'\npoints = [[0, 0]]\n", 3, "3 to 64 points"),
        ("[[zone]]\nname = 'a'\npoints = [[0, 0], [1, 0], [2, 1]]\n", 3, "from 0 to 1"),
        ("[[zone]]\nname = 'a'\npoints = [[0, 0], [0.5, 0.5], [1, 1]]\n", 3, "enclose an area"),
        ("[[zone]]\nname = 'a'\n", 1, "add points = [["),
        ("\n[[lines]]\nname = 'a'\n", 2, "did you mean 'line'?"),
        ("[[line]]\nname = 'a'\nfrom = [0, 0]\nto = [1, 1]\ncolor = 1\n", 5, "there are"),
        ("[[removed]]\nname = 'a'\n\n[[removed]]\nname = 'b'\nafter_sec = 3", 6, "'after_secs'"),
        ("[[removed]]\nname = 'a'\nafter_secs = 'x'", 3, "a number from 1 to 86400"),
        ("[[removed]]\nname = 'a'\nsnapshot = 1", 3, "true or false"),
        ("[[removed]]\nname = 'a'\nzone = 'b'", 3, "add a [[zone]]"),
        ("[[removed]]\nname = 'a'\n[[left_behind]]\nname = 'a'", 4, "another name"),
        ("[zone]\nname = 'a'", 1, "[[zone]]"),
        ("[[plate]]\nbelow = 1", 1, "write [plate]"),
        ("[[nearer_than]]\nname = 'a'", 1, "either metres or inverse_depth"),
        ("[[nearer_than]]\nname = 'a'\nmetres = nan", 3, "a number"),
        ("\n[[line]]\nname = 'a'\nfrom = [0, 1]\nto = [0, 1]", 2, "two different points"),
        ("[[line]]\nname = 'a'\nfrom = [0, 0]\nto = [0, 1]\nleft = 'right'", 1, "different names"),
        ("a = = 1", 1, "docs/signals.md"),
    ],
)
def test_a_mistake_is_named_by_its_line(text: str, line: int, fix: str) -> None:
    with pytest.raises(InputError) as failure:
        rules_from_text(text, name="mine.toml")
    assert failure.value.what.startswith(f"mine.toml, line {line}:")
    assert fix in failure.value.fix
    assert failure.value.why


def test_a_file_of_windows_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("[plate]\nbelow = 0.4\n", encoding="utf-8-sig")
    assert rules_from_file(tmp_path / "rules.toml").plate is not None


def test_a_missing_file_and_one_that_is_no_text_are_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the rules"):
        rules_from_file(tmp_path / "none.toml")
    (tmp_path / "picture.toml").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(InputError, match="cannot read the rules"):
        rules_from_file(tmp_path / "picture.toml")
