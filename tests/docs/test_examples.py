"""Each script of the folder of examples does what its first line says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edgeds.sources import SyntheticSource

ROOT = Path(__file__).parents[2]
FRAMES = 8


@pytest.fixture
def example(tmp_path: Path, make_clip: Callable[..., Path]) -> Callable[..., str]:
    """A function that runs an example beside in.mp4 and empty.png, and returns what it printed."""
    make_clip("in.mp4", frame_count=FRAMES)
    cv2.imwrite(str(tmp_path / "empty.png"), SyntheticSource(size=(90, 160)).plate[..., ::-1])

    def run(name: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, str(ROOT / "examples" / name), *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_there_are_five_examples_and_each_is_tested() -> None:
    names = {path.name for path in (ROOT / "examples").glob("*.py")}
    assert len(names) == 5
    source = Path(__file__).read_text(encoding="utf-8")
    assert all(f'example("{name}"' in source for name in names)


def test_cutout_writes_images_with_alpha(example: Callable[..., str], tmp_path: Path) -> None:
    example("cutout.py", "in.mp4", "cut", "--plate", "empty.png")
    pictures = sorted((tmp_path / "cut").glob("*.png"))
    assert len(pictures) == FRAMES
    alpha = cv2.imread(str(pictures[-1]), cv2.IMREAD_UNCHANGED)[..., 3]
    assert alpha.min() == 0
    assert alpha.max() == 255


def test_count_finds_what_moves(example: Callable[..., str]) -> None:
    printed = example("count.py", "in.mp4", "--plate", "empty.png")
    counts = {float(time): int(count) for time, _, count in map(str.split, printed.splitlines())}
    assert min(counts) == 0
    assert max(counts.values()) == 1


def test_presence_wakes(example: Callable[..., str]) -> None:
    first, *rest = example("presence.py", "file:in.mp4", "empty.png").splitlines()
    assert "watching: 0.0% of the picture" in first
    assert any("somebody is here" in line for line in rest)


@pytest.mark.parametrize("name", ["anonymise.py", "occlude.py"])
def test_a_view_of_ones_own_changes_the_picture(
    example: Callable[..., str], tmp_path: Path, name: str
) -> None:
    if name == "anonymise.py":
        example("anonymise.py", "in.mp4", "out.mp4", "--plate", "empty.png")
    else:
        example("occlude.py", "in.mp4", "out.mp4", "--plate", "empty.png")
    before, after = _last_frame(tmp_path / "in.mp4"), _last_frame(tmp_path / "out.mp4")
    changed = abs(before.astype(int) - after).max(axis=-1) > 40
    assert 0.001 < changed.mean() < 0.9


def _last_frame(path: Path) -> npt.NDArray[np.uint8]:
    with av.open(str(path)) as container:
        *_, last = container.decode(video=0)
        return last.to_ndarray(format="rgb24")
