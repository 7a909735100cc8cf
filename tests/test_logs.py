"""What the library logs: on the terminal with -v, in a file with --log-file."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]


def test_the_log_is_printed_when_asked_for(
    edgeds: Edgeds, make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    clip = make_clip()
    quiet = edgeds("video", clip, "-o", "a.mp4", "--engine", "difference")
    assert quiet.returncode == 0, quiet.stderr
    assert "INFO edgeds." not in quiet.stderr
    loud = edgeds(
        "video", clip, "-o", "b.mp4", "--engine", "difference", "-v", "--log-file", "run.log"
    )
    assert loud.returncode == 0, loud.stderr
    assert "INFO edgeds." in loud.stderr
    assert "INFO MainThread edgeds." in (tmp_path / "run.log").read_text(encoding="utf-8")


def test_a_log_that_cannot_be_written_is_told_before_the_work(edgeds: Edgeds) -> None:
    done = edgeds("doctor", "--log-file", "nowhere/run.log")
    assert done.returncode == 2
    assert "cannot write the log" in done.stderr
    assert "fix:" in done.stderr
