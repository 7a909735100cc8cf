"""What makes a set fit for calibration: enough frames, a split by scene and time, a hash."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from written_sets import WriteSet

from edgeds.engine.build.calibration_set import apart, held_out, read_calibration_set
from edgeds.engine.build.int8_ranges import METHODS, Histogram
from edgeds.engine.engine_folders import shipped_calibration_set
from edgeds.errors import DatasetError


@pytest.fixture(scope="module")
def folder(write_set: WriteSet) -> Path:
    return write_set(120)


def test_a_set_of_99_frames_is_refused_and_one_of_100_is_warned_about(
    write_set: WriteSet,
) -> None:
    with pytest.raises(DatasetError, match="99 frames"):
        read_calibration_set(write_set(99))
    assert "100 frames" in (read_calibration_set(write_set(100)).warning or "")


def test_the_set_that_ships_is_large_enough_and_free_of_warnings() -> None:
    archive = shipped_calibration_set()
    assert archive is not None
    found = read_calibration_set(archive)
    assert found.warning is None
    assert any(item.empty for item in found.calibration)
    assert any(item.alpha for item in found.held_out)
    assert any(item.depth_mm for item in found.held_out)
    # rooms whose number ends in 7 are validation
    rooms = {i.scene for i in (*found.calibration, *found.held_out) if i.scene.startswith("r100_")}
    assert rooms
    assert not any(name.endswith("7") for name in rooms)
    with zipfile.ZipFile(archive) as opened:
        told = opened.read("LICENSES.tsv").decode()
    assert told == (archive.parent / "LICENSES.tsv").read_text(encoding="utf-8")
    assert "GPL" not in told
    assert all(i.scene in told for i in (*found.calibration, *found.held_out))


def test_the_hash_follows_the_pictures_not_their_place(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(folder, copy)
    before = read_calibration_set(folder).hash
    assert read_calibration_set(copy).hash == before
    (copy / "0007.jpg").write_bytes((copy / "0008.jpg").read_bytes())
    assert read_calibration_set(copy).hash != before


def test_the_split_is_the_same_whatever_the_manifests_order(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "turned"
    shutil.copytree(folder, copy)
    lines = (copy / "manifest.jsonl").read_text().splitlines()
    (copy / "manifest.jsonl").write_text("\n".join(reversed(lines)))
    names = [
        {item.frame.name for item in read_calibration_set(place).held_out}
        for place in (folder, copy)
    ]
    assert names[0] == names[1]


@given(st.integers(100, 300), st.integers(1, 200), st.integers(0, 9))
def test_about_a_fifth_is_held_out_in_stretches_of_one_scene(
    count: int, places: int, seed: int
) -> None:
    scenes = [f"s{i}" for i in np.random.default_rng(seed).integers(0, places, count)]
    judging = held_out(scenes)
    longest = len(scenes) // 20
    assert 0.2 * len(scenes) <= len(judging) < 0.2 * len(scenes) + longest
    assert judging == held_out(scenes)
    for scene, of in Counter(scenes).items():
        of_scene = [i for i, name in enumerate(scenes) if name == scene]
        runs = [of_scene[i : i + longest] for i in range(0, of, longest)]
        assert all(judging.issuperset(run) or judging.isdisjoint(run) for run in runs)


@given(st.integers(100, 300), st.integers(1, 200), st.integers(0, 9))
def test_the_method_is_chosen_on_frames_that_nobody_judges(
    count: int, places: int, seed: int
) -> None:
    judging, choosing = apart(
        [f"s{i}" for i in np.random.default_rng(seed).integers(0, places, count)]
    )
    assert judging.isdisjoint(choosing)
    assert len(choosing) >= 0.1 * count
    assert len(judging) + len(choosing) < 0.5 * count


def test_a_set_falls_into_three_parts(folder: Path) -> None:
    found = read_calibration_set(folder)
    parts = [found.calibration, found.choosing, found.held_out]
    names = [{item.frame.name for item in part} for part in parts]
    assert all(names)
    assert sum(map(len, names)) == len(set().union(*names)) == found.frames


def test_one_long_scene_is_split_by_time() -> None:
    judging = held_out(["camera"] * 200)
    assert len(judging) == 40
    neighbours = sum(i + 1 in judging for i in judging)
    assert neighbours >= 0.8 * len(judging)  # pieces of ten, not single frames between their twins


def test_a_frame_that_is_missing_is_named(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "broken"
    shutil.copytree(folder, copy)
    (copy / "0003.jpg").unlink()
    with pytest.raises(DatasetError, match=r"line 4.*0003\.jpg"):
        read_calibration_set(copy)


def test_histograms_keep_the_largest_value_and_forget_no_count() -> None:
    rng = np.random.default_rng(0)
    histogram = Histogram()
    for scale in (1.0, 40.0, 0.5):  # the limit must double on the way
        histogram.add(rng.normal(0, scale, 5000).astype(np.float32))
    assert histogram.counts.sum() == 15000
    assert histogram.limit("max") == histogram.largest > 100


def test_percentile_and_entropy_let_a_lone_outlier_saturate() -> None:
    values = np.random.default_rng(0).normal(0, 1, 20000).astype(np.float32)
    values[17] = 400
    histogram = Histogram()
    histogram.add(values)
    assert histogram.limit("max") == 400
    assert histogram.limit("percentile") < 10
    assert 1 < histogram.limit("entropy") < 200


def test_every_method_gives_a_limit_where_a_tensor_is_all_zeros() -> None:
    histogram = Histogram()
    histogram.add(np.zeros((1, 8, 8), np.float32))
    assert all(histogram.limit(method) > 0 for method in METHODS)


def test_manifest_keys_of_calibrate_are_all_understood(folder: Path) -> None:
    keys = {"frame", "plate", "alpha", "scene", "empty", "clip", "index"}
    assert set(json.loads((folder / "manifest.jsonl").read_text().splitlines()[0])) == keys
    assert all(item.more == {} for item in read_calibration_set(folder).calibration)


def test_entropy_counts_what_saturates() -> None:
    """Of values that are spread evenly none may be cut off; where a few lie far out, they are."""
    even = Histogram()
    even.add(np.linspace(0, 4, 20_000, dtype=np.float32))
    assert even.limit("entropy") > 3.6
    random = np.random.default_rng(0)
    tailed = Histogram()
    values = np.abs(random.standard_normal(20_000)).astype(np.float32)
    values[:4] = 60
    tailed.add(values)
    assert 2.5 < tailed.limit("entropy") < 20
