"""`python -m calib`: sets sampled from clips, and composed from training material."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from calib.compose import composed
from calib.sample import sampled, without_near_duplicates
from edgeds.errors import DatasetError, SourceError
from edgeds.evaluation.dataset import read_set
from edgeds.evaluation.sample import load

ROOT = Path(__file__).parents[2]
MakeClip = Callable[..., Path]


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cut-outs and two backgrounds of which one each is free, and a room of either split."""
    folder = tmp_path_factory.mktemp("material")
    rng = np.random.default_rng(0)
    for name in ("foregrounds", "people_depth", "backgrounds", "rooms"):
        (folder / name).mkdir()
    for name in ("valid_a", "stamp_b"):
        rgba = np.zeros((120, 60, 4), np.uint8)
        rgba[10:, 10:50] = (*rng.integers(0, 256, 3), 255)
        cv2.imwrite(str(folder / f"foregrounds/{name}.png"), rgba)
        depth = np.where(rgba[..., 3] > 0, 3000, 0).astype(np.uint16)
        cv2.imwrite(str(folder / f"people_depth/{name}.png"), depth)
    for name in ("backgrounds/free", "backgrounds/deb", "rooms/room"):
        coarse = rng.integers(0, 256, (12, 20, 3), np.uint8)
        picture = cv2.resize(coarse, (400, 240), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{name}.jpg"), picture)
    ramp = np.repeat(np.linspace(4000, 2000, 240).astype(np.uint16)[:, None], 400, 1)
    cv2.imwrite(str(folder / "rooms/depth.png"), ramp)
    room = {"frame": "room.jpg", "plate": "room.jpg", "alpha": None, "depth_mm": "depth.png"}
    lines = [json.dumps(room | {"scene": s, "empty": True}) for s in ("room_1", "room_7")]
    (folder / "rooms" / "manifest.jsonl").write_text("\n".join(lines))
    names = {
        "foregrounds": {"train": ["valid_a.png", "stamp_b.png"], "val": []},
        "backgrounds": {"train": ["free.jpg", "deb.jpg"], "val": []},
    }
    (folder / "splits.json").write_text(json.dumps(names))
    told = ["file\tsource\tauthor\tlicence"]
    told += [f"{n}\there\tme\tCC0-1.0" for n in ("foregrounds/valid_a.png", "backgrounds/free.jpg")]
    told += [f"{n}\there\tme\tGPL-2" for n in ("foregrounds/stamp_b.png", "backgrounds/deb.jpg")]
    (folder / "LICENSES.tsv").write_text("\n".join(told))
    return folder


def compose(material: Path, output: Path) -> Path:
    return composed(material, output, count=30, size=(64, 96), seed=1, quality=80)


def test_a_composed_set_is_free_in_licence_and_has_nothing_of_val(
    material: Path, tmp_path: Path
) -> None:
    folder = compose(material, tmp_path / "set")
    items = read_set(folder).items
    assert len(items) == 30
    assert {item.scene for item in items} == {"free", "room_1"}
    told = (folder / "LICENSES.tsv").read_text()
    assert "valid_a" in told
    assert "stamp_b" not in told
    assert "GPL" not in told
    assert "room_7" not in told


def test_a_composed_set_has_empty_frames_wrong_plates_and_truth(
    material: Path, tmp_path: Path
) -> None:
    samples = [load(item) for item in read_set(compose(material, tmp_path / "set")).items]
    assert {sample.size for sample in samples} == {(64, 96)}
    assert any(sample.item.empty for sample in samples)
    assert any(sample.item.alpha for sample in samples)
    assert any(sample.depth_m is not None for sample in samples)
    empty = [s for s in samples if s.item.empty]
    apart = [np.abs(s.frame.astype(int) - s.plate).mean() for s in empty]
    assert max(apart) > 5  # another exposure, not only noise


def test_the_same_seed_composes_the_same_bytes(material: Path, tmp_path: Path) -> None:
    one, two = (compose(material, tmp_path / name) for name in ("one", "two"))
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert all((one / path).read_bytes() == (two / path).read_bytes() for path in files)


def test_a_set_is_sampled_from_a_clip_and_a_set(
    make_clip: MakeClip, material: Path, tmp_path: Path
) -> None:
    clip = make_clip("street.mp4", frame_count=60)
    other = compose(material, tmp_path / "composed")
    folder = sampled([clip, other], tmp_path / "out", count=20, size=(64, 96), quality=90)
    items = read_set(folder).items
    of_clip = [item for item in items if item.clip == "street"]
    assert of_clip[0].empty
    assert of_clip[0].plate_is_frame is False  # a file of its own, with the plate's pixels
    indices = [item.index or 0 for item in of_clip[1:]]
    assert 4 <= len(indices) <= 9
    assert indices == sorted(indices)
    assert max(indices) - min(indices) > 25  # spread over the clip
    assert len(items) - len(of_clip) == 10
    assert {load(item).size for item in items} == {(64, 96)}


def test_the_picture_called_plate_beside_a_clip_is_its_plate(
    make_clip: MakeClip, tmp_path: Path
) -> None:
    clip = make_clip("desk.mp4", frame_count=12)
    red = np.zeros((90, 160, 3), np.uint8)
    red[..., 2] = 200
    cv2.imwrite(str(tmp_path / "desk_plate.png"), red)
    folder = sampled([clip], tmp_path / "out", count=4, size=None, quality=90)
    plate = load(read_set(folder).items[0]).plate
    assert plate[..., 0].mean() > 150
    assert plate[..., 1].mean() < 50


def test_near_duplicates_are_dropped_even_when_they_come_back() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.integers(0, 256, (90, 160, 3), np.uint8) for _ in range(2))
    b[:45] = 255
    noisy = np.clip(a.astype(int) + rng.integers(-3, 4, a.shape), 0, 255).astype(np.uint8)
    assert list(without_near_duplicates(iter([a, noisy, b, a]))) == [True, False, True, False]


def test_two_sources_of_one_name_are_refused(make_clip: MakeClip, tmp_path: Path) -> None:
    clip = make_clip("clip.mp4", frame_count=6)
    (tmp_path / "two").mkdir()
    copy = shutil.copy(clip, tmp_path / "two" / "clip.mp4")
    with pytest.raises(SourceError, match="one name"):
        sampled([clip, Path(copy)], tmp_path / "out", count=4, size=None, quality=90)


def test_truth_of_a_set_comes_along_at_the_new_size(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    square = np.zeros((96, 160), np.uint8)
    square[20:60, 30:80] = 255
    cv2.imwrite(str(source / "frame.png"), np.full((96, 160, 3), 90, np.uint8))
    cv2.imwrite(str(source / "alpha.png"), square)
    cv2.imwrite(str(source / "depth.png"), np.full((96, 160), 2500, np.uint16))
    line = {"frame": "frame.png", "plate": "frame.png", "alpha": "alpha.png", "scene": "a"}
    unsure = {**line, "scene": "b", "ignore": "alpha.png"}
    lines = [{**line, "depth_mm": "depth.png"}, unsure]
    (source / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)))
    folder = sampled([source], tmp_path / "out", count=4, size=(48, 80), quality=90)
    known, partly_known = (load(item) for item in read_set(folder).items)
    assert known.alpha is not None
    assert known.alpha.shape == (48, 80)
    assert known.alpha.mean() == pytest.approx((square > 0).mean(), abs=0.01)
    assert known.depth_m is not None
    assert (known.depth_m == 2.5).all()
    assert partly_known.alpha is None  # what is to be ignored is no truth to judge by


def test_a_folder_that_holds_something_is_left_as_it_is(
    make_clip: MakeClip, material: Path, tmp_path: Path
) -> None:
    clip = make_clip("clip.mp4", frame_count=6)
    there = tmp_path / "dataset"
    there.mkdir()
    (there / "manifest.jsonl").write_text("somebody's work")
    with pytest.raises(DatasetError, match="cannot write a set"):
        sampled([clip], there, count=4, size=None, quality=90)
    with pytest.raises(DatasetError, match="cannot write a set"):
        compose(material, there)
    assert [path.name for path in there.iterdir()] == ["manifest.jsonl"]
    assert (there / "manifest.jsonl").read_text() == "somebody's work"


def test_the_command_warns_of_a_small_set_and_asks_for_no_less_than_calibration_takes(
    tmp_path: Path,
) -> None:
    def run(count: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "calib", "sample", "calib/default.zip"]
        options = ["-o", tmp_path / f"set{count}", "--count", str(count)]
        return subprocess.run(
            [*command, *options], capture_output=True, text=True, check=False, cwd=ROOT
        )

    few = run(99)
    assert few.returncode == 2
    assert "100" in few.stderr
    some = run(120)
    assert some.returncode == 0, some.stderr
    assert "120 frames" in some.stdout
    assert "warning" in some.stderr
    assert "500 and more" in some.stderr
