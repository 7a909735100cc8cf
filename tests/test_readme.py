"""What README says people can type, works."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeds.sources import SyntheticSource

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    (edgeds \w+.*?)(?:  +#.*)?$", README, flags=re.MULTILINE)
EXAMPLES = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture
def scene(tmp_path: Path, make_clip: Callable[..., Path]) -> Path:
    """A folder with every file the README's commands name."""
    make_clip("in.mp4", frame_count=10)
    plate = SyntheticSource(size=(90, 160)).plate
    cv2.imwrite(str(tmp_path / "empty.jpg"), plate[..., ::-1])
    cv2.imwrite(str(tmp_path / "beach.jpg"), np.full((60, 90, 3), 200, np.uint8))
    (tmp_path / "shots").mkdir()
    for frame in SyntheticSource(frame_count=10):
        cv2.imwrite(str(tmp_path / "shots" / f"{frame.index}.png"), frame.pixels[..., ::-1])
    return tmp_path


def test_readme_has_commands_and_an_example() -> None:
    assert len([c for c in COMMANDS if c.startswith("edgeds video")]) >= 5
    assert len(EXAMPLES) == 2


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("edgeds video")])
def test_a_command_of_the_readme_runs(
    scene: Path, edgeds: Callable[..., subprocess.CompletedProcess[str]], command: str
) -> None:
    done = edgeds(*shlex.split(command)[1:])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_python_example_runs(scene: Path, example: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=scene,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "out.mp4" not in example or (scene / "out.mp4").stat().st_size > 0


@pytest.mark.parametrize(
    "command",
    ["", "live", "video", "capture", "calibrate", "build-engine", "eval", "bench", "doctor"],
)
def test_help_tells_every_option(
    edgeds: Callable[..., subprocess.CompletedProcess[str]], command: str
) -> None:
    done = edgeds(*command.split(), "--help")
    assert done.returncode == 0
    assert "Usage:" in done.stdout


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_every_file_readme_links_to_is_there(target: str) -> None:
    assert (ROOT / target).exists()
