"""A reader that goes away, such as `head`, is no failure, and ends no run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import pytest

from edgeds.sources import SyntheticSource

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")

ROOT = Path(__file__).parents[1]


@contextmanager
def _nobody_reads() -> Iterator[int]:
    """The end to write to of a pipe that nobody reads."""
    read, write = os.pipe()
    os.close(read)
    try:
        yield write
    finally:
        os.close(write)


def _run(folder: Path, *arguments: str | Path, **streams: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgeds", *map(str, arguments)],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, timeout=120, **streams,
    )  # fmt: skip


@pytest.mark.parametrize("arguments", [["doctor"], ["doctor", "--json"], ["--help"], ["--version"]])
def test_what_nobody_reads_to_its_end_is_done(tmp_path: Path, arguments: list[str]) -> None:
    with _nobody_reads() as gone:
        done = _run(tmp_path, *arguments, stdout=gone, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize("stderr", ["read", "gone"])
def test_a_run_that_nobody_listens_to_is_whole(
    tmp_path: Path, make_clip: Callable[..., Path], form: list[str], stderr: str
) -> None:
    clip = make_clip(frame_count=5)
    cv2.imwrite(str(tmp_path / "plate.png"), SyntheticSource(size=(90, 160)).plate[..., ::-1])
    with _nobody_reads() as gone:
        done = _run(
            tmp_path, "video", clip, "-b", "plate.png", "-o", "out.mp4", "--engine", "difference",
            *form, stdout=gone, stderr=gone if stderr == "gone" else subprocess.PIPE,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.mp4").stat().st_size
    if stderr == "read":
        assert "video: out.mp4" in done.stderr or form, done.stderr


@pytest.mark.parametrize("arguments", [["video", "none.mp4"], ["video", "--nonsense"]])
def test_what_fails_fails_also_where_nobody_reads(tmp_path: Path, arguments: list[str]) -> None:
    with _nobody_reads() as gone:
        done = _run(tmp_path, *arguments, stdout=gone, stderr=gone)
    assert done.returncode == 2
