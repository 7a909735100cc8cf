"""Options of commands: what is refused before anything is opened, and how help shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
import typer

from edgeds.cli import app
from edgeds.cli.batch.command import _made_by
from edgeds.errors import InputError, SourceError, counted
from edgeds.sources import open_live_source

COMMANDS: Any = typer.main.get_command(app)


def parsed(command: str, *options: str) -> None:
    COMMANDS.commands[command].make_context(command, list(options)).close()


@pytest.mark.parametrize(
    "line",
    [
        ("video", "in.mp4", "--fog", "inf"),
        ("video", "in.mp4", "--stereo", "nan"),
        ("video", "in.mp4", "--opacity", "nan"),
        ("capture", "--countdown", "inf"),
        ("calibrate", "-o", "set", "--every", "nan"),
    ],
)
def test_a_number_without_an_end_is_refused(line: tuple[str, ...]) -> None:
    with pytest.raises(Exception, match=r"finite|should be|range") as caught:
        parsed(*line)
    assert getattr(caught.value, "exit_code", None) == 2


def test_finite_numbers_are_taken() -> None:
    parsed("video", "in.mp4", "--fog", "0.2")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--view=mask", "--opacity=0.2"], "--opacity"),
        (["--fog=0.1", "--opacity=0.2"], "--opacity"),
        (["--backdrop=#00b140"], "--backdrop"),
        (["--view=mask", "--layers=alpha"], "--view and --layers"),
        (["--aperture=0.1"], "--aperture"),
        (["--focus=foreground", "--stereo=0.02"], "--focus and --stereo"),
    ],
)
def test_a_batch_refuses_contradictions_before_the_first_clip(
    options: list[str], what: str
) -> None:
    with pytest.raises(InputError) as caught:
        _made_by(options)
    assert what in caught.value.what
    assert caught.value.why
    assert caught.value.fix


def test_a_batch_takes_options_that_fit() -> None:
    assert _made_by(["--view=side-by-side", "--opacity=0.2"]) == "side-by-side"
    assert _made_by(["--view=replace", "--backdrop=#00b140", "--shadow=keep"]) == "replace"


def test_an_unknown_option_of_a_clip_names_the_one_there_is(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"")
    with pytest.raises(SourceError) as caught:
        open_live_source(f"file:{clip}?lop")
    assert "'lop' is not an option" in caught.value.why
    assert "?loop" in caught.value.fix


@pytest.mark.parametrize("command", sorted(COMMANDS.commands))
def test_help_of_a_command_with_many_options_has_headings(command: str) -> None:
    options = COMMANDS.commands[command].params
    text = COMMANDS.commands[command].get_help(click.Context(COMMANDS.commands[command]))
    headings = [line for line in text.splitlines() if line.endswith(":") and line[0] != " "]
    assert len(headings) >= (3 if len(options) > 8 else 1), text


def test_one_is_not_many() -> None:
    assert [counted(n, "frame") for n in (0, 1, 2)] == ["0 frames", "1 frame", "2 frames"]
