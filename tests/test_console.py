"""What commands draw on a terminal: bars that stay on their line and are not drawn in vain."""

from __future__ import annotations

import io
import sys

import pytest

from edgeds.cli.console import progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> _Terminal:
    """Not a fixture: pytest sets stderr anew between these and the test."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    found = _Terminal()
    monkeypatch.setattr(sys, "stderr", found)
    return found


def test_a_bar_that_stands_still_is_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _on_a_terminal(monkeypatch)
    with progress() as bar:
        task = bar.add_task("video", total=10, completed=3)
        bar.refresh()
        drawn = terminal.tell()
        for _ in range(20):
            bar.refresh()
        assert terminal.tell() == drawn
        bar.advance(task)
        bar.refresh()
        assert terminal.tell() > drawn


@pytest.mark.parametrize("columns", [12, 24, 80])
def test_a_bar_takes_one_line_of_the_narrowest_terminal(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    terminal = _on_a_terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", str(columns))
    with progress() as bar:
        task = bar.add_task("plate from the clip", total=1000)
        for _ in range(5):
            bar.advance(task, 100)
            bar.refresh()
    assert terminal.getvalue().count("\n") == 1
