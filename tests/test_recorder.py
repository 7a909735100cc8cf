"""A calibration set from one's own camera or clip: what is kept, and that the folder is a set."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeds.engine import DifferenceEngine
from edgeds.engine.build.calibration_set import read_calibration_set
from edgeds.errors import DatasetError
from edgeds.evaluation.calibration_recorder import SetRecorder, chosen_evenly
from edgeds.evaluation.dataset import read_set
from edgeds.evaluation.sample import load
from edgeds.evaluation.settings import SetRecording
from edgeds.plate.plate import Plate
from edgeds.sources import SyntheticSource
from edgeds.types import Frame, Pixels

Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]
MakeClip = Callable[..., Path]

WALL = SyntheticSource(size=(90, 160)).plate
PLATE = Plate(WALL)
FEW = SetRecording(frames=12, every_secs=0.0)


def _recorder(folder: Path, how: SetRecording = FEW, *, every_secs: float = 0.0) -> SetRecorder:
    return SetRecorder(
        folder / "set",
        PLATE,
        DifferenceEngine(),
        name="my cam",
        every_secs=every_secs,
        settings=how,
    )


def _frame(pixels: Pixels, index: int) -> Frame:
    return Frame(pixels, index, index, Fraction(1, 10))


def _box(index: int) -> Pixels:
    pixels = WALL.copy()
    y, x = divmod(index * 7, 130)
    pixels[10 + 8 * y : 40 + 8 * y, x : x + 25] = (190, 180, 170)
    return pixels


def test_a_set_is_whole_after_every_frame_and_reads_back(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    for index in range(5):
        assert recorder.offer(_frame(_box(index), index))
        dataset = read_set(tmp_path / "set")
        assert len(dataset.items) == len(recorder) == index + 2
    plate, *frames = dataset.items
    assert plate.plate_is_frame
    assert plate.empty
    assert [item.index for item in frames] == [0, 1, 2, 3, 4]
    assert {item.clip for item in frames} == {"my_cam_1"}
    sample = load(frames[2])
    assert np.abs(sample.frame.astype(int) - _box(2)).mean() < 3  # JPEG
    assert (sample.plate == WALL).all()
    assert not frames[2].empty


def test_near_duplicates_are_dropped_and_new_light_is_kept(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    assert recorder.offer(_frame(_box(0), 0))
    noise = np.random.default_rng(0).integers(-3, 4, WALL.shape)
    alike = np.clip(_box(0) + noise, 0, 255).astype(np.uint8)
    assert not recorder.offer(_frame(alike, 1))
    darker = (_box(0) * 0.8).astype(np.uint8)
    assert recorder.offer(_frame(darker, 2))


def test_frames_in_another_light_have_a_plate_in_that_light(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path)
    for index in range(6):
        dark = 0.75 if index >= 3 else 1.0
        recorder.offer(_frame((_box(index) * dark).astype(np.uint8), index * 10))
    plate, *frames = read_set(tmp_path / "set").items
    assert len({item.plate for item in frames}) == 2
    assert (load(frames[1]).plate == load(plate).plate).all()
    assert np.abs(load(frames[-1]).plate - 0.75 * WALL).mean() < 2
    assert recorder.followed is not None
    assert recorder.followed.gain[0] == pytest.approx(0.75, abs=0.03)


def test_a_plate_that_is_fixed_stays(tmp_path: Path) -> None:
    recorder = SetRecorder(
        tmp_path / "set", PLATE, DifferenceEngine(), name="cam", every_secs=0, fixed=True
    )
    for index in range(3):
        recorder.offer(_frame((_box(index) * 0.75).astype(np.uint8), index * 10))
    assert len({item.plate for item in read_set(tmp_path / "set").items}) == 1
    assert recorder.followed is None


def test_some_empty_frames_are_kept_although_they_are_alike(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path, SetRecording(frames=100, empty_share=0.2))
    for index in range(40):
        recorder.offer(_frame(WALL if index % 2 else _box(index), index))
    assert 20 < len(recorder) < 30
    assert 4 <= recorder.empty <= 6


def test_frames_are_spread_over_time(tmp_path: Path) -> None:
    recorder = _recorder(tmp_path, every_secs=0.5)
    kept = [index for index in range(20) if recorder.offer(_frame(_box(index), index))]
    assert kept == [0, 5, 10, 15]


def test_too_many_are_thinned_out_on_disk_too_and_the_extremes_of_light_stay(
    tmp_path: Path,
) -> None:
    recorder = _recorder(tmp_path)
    for index in range(40):
        gain = {17: 0.3, 23: 1.6}.get(index, 1.0)
        recorder.offer(_frame(np.clip(_box(index) * gain, 0, 255).astype(np.uint8), index))
    recorder.finish()
    items = read_set(tmp_path / "set").items
    assert len(items) == len(recorder) == 12
    indices = [item.index for item in items if item.index is not None]
    assert {17, 23} <= set(indices)
    assert min(indices) < 8
    assert max(indices) > 32
    on_disk = {path.name for path in (tmp_path / "set" / "frame").iterdir()}
    assert on_disk == {item.frame.name for item in items if not item.plate_is_frame}


def test_a_set_that_was_begun_goes_on(tmp_path: Path) -> None:
    first = _recorder(tmp_path)
    for index in range(4):
        first.offer(_frame(_box(index), index))
    manifest = tmp_path / "set" / "manifest.jsonl"
    with manifest.open("a") as file:
        file.write('{"frame": "frame/cut o')  # the power failed here
    second = _recorder(tmp_path)
    assert len(second) == 5
    assert not second.offer(_frame(_box(2), 0))  # it is there already
    assert second.offer(_frame(_box(6), 1))
    items = read_set(tmp_path / "set").items
    assert len(items) == 6
    assert len({item.plate for item in items}) == 1


def test_what_a_set_has_is_not_taken_from_it_by_a_smaller_wish(tmp_path: Path) -> None:
    first = _recorder(tmp_path)
    for index in range(8):
        first.offer(_frame(_box(index), index))
    second = _recorder(tmp_path, SetRecording(frames=3))
    second.finish()
    assert len(read_set(tmp_path / "set").items) == 9


@pytest.mark.parametrize(
    ("name", "content"),
    [("notes.txt", "shopping list"), ("manifest.jsonl", '{"frame": "a", "plate": "b"}\n')],
)
def test_a_folder_with_something_else_in_it_is_left_alone(
    tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / name).write_text(content)
    with pytest.raises(DatasetError, match="cannot record to"):
        _recorder(tmp_path)
    assert [p.name for p in (tmp_path / "set").iterdir()] == [name]
    assert (tmp_path / "set" / name).read_text() == content


@settings(max_examples=60, deadline=None)
@given(
    brightness=st.lists(st.floats(0, 255), min_size=1, max_size=120),
    wanted=st.integers(4, 60),
    seed=st.integers(0, 99),
)
def test_what_is_chosen_is_as_much_as_wanted_with_the_extremes(
    brightness: list[float], wanted: int, seed: int
) -> None:
    empty = list(np.random.default_rng(seed).random(len(brightness)) < 0.5)
    chosen = chosen_evenly(brightness, empty, SetRecording(frames=wanted))
    assert len(chosen) == min(wanted, len(brightness))
    assert chosen <= set(range(len(brightness)))
    values = [brightness[i] for i in chosen]
    assert min(values) == min(brightness)
    assert max(values) == max(brightness)


# The command.

FAST = ("--engine", "difference")


def test_a_real_clip_gives_a_set(edgeds: Edgeds, data: Path, tmp_path: Path) -> None:
    done = edgeds("calibrate", data / "people_walking.mp4", "-o", "set", *FAST, "--json")
    assert done.returncode == 0, done.stderr
    dataset = read_set(tmp_path / "set")
    assert json.loads(done.stdout)["frames"] == len(dataset.items) > 100
    assert any(item.empty for item in dataset.items)
    assert "500 and more are better" in done.stderr
    assert load(dataset.items[-1]).size == (576, 768)
    assert read_calibration_set(tmp_path / "set").frames == len(dataset.items)


def test_too_few_frames_are_refused_and_kept_to_go_on_with(
    edgeds: Edgeds, make_clip: MakeClip, tmp_path: Path
) -> None:
    clip = make_clip(frame_count=40)
    done = edgeds("calibrate", clip, "-o", "set", *FAST)
    assert done.returncode == 2
    assert "is too small" in done.stderr
    assert "record more into it" in done.stderr
    before = len(read_set(tmp_path / "set").items)
    cv2.imwrite(str(tmp_path / "plate.png"), WALL[..., ::-1])
    shots = tmp_path / "shots"
    shots.mkdir()
    for index in range(120):
        cv2.imwrite(str(shots / f"{index}.png"), _box(index % 60)[:, :: 1 - 2 * (index >= 60)])
    done = edgeds("calibrate", shots, "-b", "plate.png", "-o", "set", *FAST)
    assert done.returncode == 0, done.stderr
    assert len(read_set(tmp_path / "set").items) > before + 60


def test_a_camera_is_recorded_after_its_plate_was_taken(edgeds: Edgeds, tmp_path: Path) -> None:
    shots = tmp_path / "shots"
    shots.mkdir()
    noise = np.random.default_rng(0).normal(0, 2, WALL.shape)
    for index in range(400):
        clean = _box((index - 160) % 75) if index > 170 and index % 5 else WALL
        light = 0.7 if index > 280 else 1.0
        shot = np.clip(light * clean + np.roll(noise, 31 * index) + 0.5, 0, 255).astype(np.uint8)
        cv2.imwrite(str(shots / f"{index}.bmp"), shot[..., ::-1])
    done = edgeds(
        "calibrate", "--camera", f"file:{shots}?loop", "--every", "0", "-o", "set",
        "--frames", "100", *FAST,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "plate: good" in done.stderr
    items = read_set(tmp_path / "set").items
    assert len(items) == 100
    assert any(item.empty for item in items[1:])
    # the light fell to .7 by then, and the plate followed it
    light = np.median(load(items[-1]).frame / np.maximum(WALL, 1.0))
    assert np.abs(load(items[-1]).plate.astype(float) - light * WALL).max() < 6


def test_ctrl_c_leaves_a_whole_set(make_clip: MakeClip, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "plate.png"), WALL[..., ::-1])
    clip = make_clip(frame_count=200)
    process = subprocess.Popen(
        [sys.executable, "-m", "edgeds", "calibrate", "--camera", f"file:{clip}?loop",
         "--every", "0", "-b", "plate.png", "-o", "set", *FAST],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    manifest = tmp_path / "set" / "manifest.jsonl"
    with process:
        try:
            while not manifest.is_file() or manifest.read_text().count("\n") < 10:
                assert process.poll() is None, "it ended before it was asked to"
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130, stderr
    assert "the set is complete so far" in stderr
    assert len(read_set(tmp_path / "set").items) >= 10
