"""No command writes over what it reads, or over another result."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from edgeds.sources import SyntheticSource

Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]
MakeClip = Callable[..., Path]
FAST = ("--engine", "difference")
LIVE = ("live", "file:clip.mp4?loop", "--no-show", *FAST, "--max-frames", "5")
BEHIND = ("--view", "replace", "--backdrop")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((*LIVE, "-b", "plate.png", "--record", "clip.mp4"), "is the input itself"),
        ((*LIVE, "-b", "plate.png", *BEHIND, "sea.mp4", "--record", "sea.mp4"), "the backdrop"),
        ((*LIVE, "-b", "plate.png", "--record", "-"), "not a known format"),
        ((*LIVE, "-b", "plate.png", "--record", "x.avi"), "'x.avi': .avi is not a known format"),
        ((*LIVE, "-b", "plate.png", "--record", "n" * 300 + ".mp4"), "name is too long"),
        (("capture", "shots", "-o", "shots/0.png", *FAST), "is the source itself"),
        (("capture", "shots", "-o", "-", *FAST), "standard output"),
        (("calibrate", "shots", "-o", "-", *FAST), "standard output"),
        (("build-engine", "-o", "-"), "standard output"),
        (("eval", "shots", "--save", "-"), "standard output"),
        (("eval", "shots", "--save", "./-"), "standard output"),
        (("capture", "shots", "-o", "n" * 300 + ".npz", *FAST), "name is too long"),
    ],
)
def test_it_is_refused_and_stays(
    edgeds: Edgeds, make_clip: MakeClip, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    make_clip()
    make_clip("sea.mp4", frame_count=5)
    source = SyntheticSource(size=(90, 160), frame_count=3)
    cv2.imwrite(str(tmp_path / "plate.png"), source.plate[..., ::-1])
    (tmp_path / "shots").mkdir()
    for frame in source:
        cv2.imwrite(str(tmp_path / "shots" / f"{frame.index}.png"), frame.pixels[..., ::-1])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = edgeds(*arguments)
    assert done.returncode == 2, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
