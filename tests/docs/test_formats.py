"""docs/files.md says what commands print and write, no more and no less."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeds import Plate, plate_to_file
from edgeds.cli.doctor.diagnosis import diagnose
from edgeds.evaluation.dataset import Item
from edgeds.plate.settings import PLATE_CAPTURE
from edgeds.sources import SyntheticSource

TEXT = (Path(__file__).parents[2] / "docs/files.md").read_text(encoding="utf-8")
Edgeds = Callable[..., subprocess.CompletedProcess[str]]


def documented(command: str) -> set[str]:
    (row,) = re.findall(rf"^\| `edgeds {command}` \| (.*) \|$", TEXT, flags=re.MULTILINE)
    return set(re.findall(r"`(\w+)`", row))


def keys_of(section: str) -> set[str]:
    """The names in the first column of a section's table."""
    text = TEXT.partition(f"## {section}\n")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", text, flags=re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_video(edgeds: Edgeds, make_clip: Callable[..., Path]) -> None:
    done = edgeds("video", make_clip(frame_count=8), "--json")
    assert done.returncode == 0, done.stderr
    assert documented("video") == set(json.loads(done.stdout))


def test_capture_and_the_plate_file(edgeds: Edgeds, tmp_path: Path) -> None:
    (tmp_path / "still").mkdir()
    plate = SyntheticSource(size=(90, 160)).plate
    rng = np.random.default_rng(0)
    for index in range(40):
        noisy = np.clip(plate + rng.normal(0, 1.5, plate.shape), 0, 255).astype(np.uint8)
        cv2.imwrite(str(tmp_path / f"still/{index:02d}.png"), noisy)
    done = edgeds("capture", "still", "-o", "plate.npz", "--json")
    assert done.returncode == 0, done.stderr
    assert documented("capture") == set(json.loads(done.stdout))
    # a captured plate has a noise, an estimated one may have a doubt
    ones = np.ones((90, 160), np.float32)
    doubted = Plate(plate, origin="clip", doubt=ones, depth=ones, network_depth=ones)
    plate_to_file(doubted, tmp_path / "doubted.npz")
    with np.load(tmp_path / "plate.npz") as file, np.load(tmp_path / "doubted.npz") as other:
        assert keys_of("Plate file") == {*file.files, *other.files}
        about = json.loads(str(file["about"]))
    (row,) = re.findall(r"^\| `about` \| (.*) \|$", TEXT, flags=re.MULTILINE)
    assert set(about) <= set(re.findall(r"`(\w+)`", row))


def test_live(edgeds: Edgeds, make_clip: Callable[..., Path], tmp_path: Path) -> None:
    make_clip("in.mp4", frame_count=8)
    plate = tmp_path / "plate.png"
    plate_to_file(Plate(SyntheticSource(size=(90, 160)).plate, origin="file"), plate)
    done = edgeds("live", "file:in.mp4", "-b", plate, "--no-show", "--record", "r.mp4", "--json")
    assert done.returncode == 0, done.stderr
    assert documented("live") == set(json.loads(done.stdout))


def test_doctor() -> None:
    found = diagnose().to_json()
    assert documented("doctor") == set(found)


def test_keys_of_a_set_are_those_of_an_item() -> None:
    read_of_the_line = {"where", "more"}
    assert keys_of("Labelled set") == set(Item.__dataclass_fields__) - read_of_the_line


def test_the_limits_of_a_plate_are_those_of_a_capture() -> None:
    text = (Path(__file__).parents[2] / "docs/plates.md").read_text(encoding="utf-8")
    limits = re.findall(r"^\| .*? \| ([\d.]+) %", text, flags=re.MULTILINE)
    assert [float(share) / 100 for share in limits] == pytest.approx(
        [
            PLATE_CAPTURE.max_moved,
            PLATE_CAPTURE.max_foreground,
            PLATE_CAPTURE.max_exposure_drift,
            PLATE_CAPTURE.max_focus_drift,
            PLATE_CAPTURE.max_clipped,
        ]
    )
