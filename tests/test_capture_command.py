"""`edgeds capture` as a process: a plate file to use, or the reason why there is none."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from threading import Event

import cv2
import numpy as np
import pytest

from edgeds.cli.capture import _of_stream, take
from edgeds.cli.longer_look import look_on
from edgeds.cli.sources import Opened
from edgeds.engine import DifferenceEngine
from edgeds.engine.plate_depth_engine import open_plate_depth
from edgeds.estimate.kept_depth import is_kept_of
from edgeds.plate.capture import PlateCapture, forgiving
from edgeds.plate.file import plate_from_file
from edgeds.plate.lock_while_in_use import unlocked_after
from edgeds.plate.settings import CaptureSettings
from edgeds.sources import LiveSource, SyntheticSource
from edgeds.sources.feed import Grab
from edgeds.types import Closing, Frame
from tests.fake_camera import Driver

Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]

SIZE = (120, 160)
WALL = SyntheticSource(size=SIZE).plate
FAST = ("--engine", "difference")


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Two seconds of an empty room, as images: half a second to leave it, then nobody."""
    folder = tmp_path / "shots"
    folder.mkdir()
    noise = np.random.default_rng(0).normal(0, 2, WALL.shape)
    for index in range(45):
        shot = np.clip(WALL + np.roll(noise, 31 * index) + 0.5, 0, 255).astype(np.uint8)
        if index < 12:
            shot[20:90, 10 * index : 10 * index + 30] = (200, 60, 40)
        cv2.imwrite(str(folder / f"{index:03d}.bmp"), shot[..., ::-1])
    return folder


def test_an_empty_scene_gives_a_plate_and_a_picture_of_it(
    edgeds: Edgeds, shots: Path, tmp_path: Path
) -> None:
    done = edgeds("capture", shots, "-o", "mine.npz", "--countdown", "0.5", *FAST, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    plate = plate_from_file(tmp_path / "mine.npz")
    assert plate.origin == "capture"
    assert plate.samples == report["frames"] >= 8
    assert plate.taken == report["taken"] > "2020"
    assert plate.noise_levels == pytest.approx(2.0, rel=0.2)
    assert np.abs(plate.pixels.astype(int) - WALL).max() < 5
    assert (plate_from_file(tmp_path / "mine.png").pixels == plate.pixels).all()
    assert "good: " in done.stderr
    assert "look at the picture" in done.stderr
    used = edgeds("video", shots, "-b", "mine.npz", "-o", "out", *FAST)
    assert used.returncode == 0, used.stderr
    assert "plate: mine.npz, captured today at " in used.stderr
    assert "pictures: out\n" in used.stderr
    one = edgeds("video", "mine.png", "-b", "mine.npz", "-o", "one.png", *FAST)
    assert "picture: one.png\n" in one.stderr


def test_a_captured_plate_keeps_its_depth(edgeds: Edgeds, shots: Path, tmp_path: Path) -> None:
    done = edgeds("capture", shots, "-o", "mine.npz", "--countdown", "0.5", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    plate, network = plate_from_file(tmp_path / "mine.npz"), open_plate_depth(device="cpu")
    assert network is not None
    assert is_kept_of(network, plate)


def test_a_picture_that_is_not_the_plates_is_left_alone(
    edgeds: Edgeds, shots: Path, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "mine.png"), WALL // 2)
    touched = (tmp_path / "mine.png").read_bytes()
    for _ in range(2):  # the second time mine.npz is there, and mine.png is still not its picture
        done = edgeds("capture", shots, "-o", "mine.npz", "--countdown", "0.5", *FAST, "--json")
        assert done.returncode == 0, done.stderr
        assert "mine.png is another picture" in done.stderr
        assert json.loads(done.stdout)["picture"] is None
        assert (tmp_path / "mine.png").read_bytes() == touched


def test_the_plates_own_picture_is_taken_anew_with_it(
    edgeds: Edgeds, shots: Path, tmp_path: Path
) -> None:
    capture = ("capture", shots, "-o", "mine.npz", "--countdown", "0.5", *FAST)
    assert edgeds(*capture).returncode == 0
    for path in shots.iterdir():
        cv2.imwrite(str(path), cv2.imread(str(path)) // 2)
    done = edgeds(*capture)
    assert done.returncode == 0, done.stderr
    picture, plate = plate_from_file(tmp_path / "mine.png"), plate_from_file(tmp_path / "mine.npz")
    assert (picture.pixels == plate.pixels).all()


def test_somebody_in_shot_is_refused_and_leaves_no_file(
    edgeds: Edgeds, shots: Path, tmp_path: Path
) -> None:
    done = edgeds("capture", shots, *FAST)
    assert done.returncode == 2
    assert "the plate was not taken" in done.stderr
    assert "something moves" in done.stderr
    assert "leave the picture" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("plate*"))
    assert "edgeds capture --allow-motion" in done.stderr
    anyway = edgeds("capture", f"file:{shots}", "--countdown", "0", *FAST, "--allow-motion")
    assert anyway.returncode == 0, anyway.stderr
    assert "something moved" in anyway.stderr
    assert (tmp_path / "plate.npz").is_file()


def test_motion_in_a_clip_is_outvoted_by_the_whole_of_it(
    edgeds: Edgeds, shots: Path, tmp_path: Path
) -> None:
    for index in range(75):  # first somebody stands there, for longer than a capture takes
        shot = WALL.copy()
        shot[0, 0] = index
        if index < 30:
            shot[20:90, 60:90] = (200, 60, 40)
        cv2.imwrite(str(shots / f"{index:03d}.bmp"), shot[..., ::-1])
    done = edgeds("capture", shots, *FAST, "--allow-motion")
    assert done.returncode == 0, done.stderr
    assert "of the whole clip" in done.stderr
    plate = plate_from_file(tmp_path / "plate.npz")
    assert plate.taken > "2020"
    assert np.abs(plate.pixels[1:].astype(int) - WALL[1:]).max() < 5
    refused = edgeds("capture", shots, *FAST, "--allow-motion", "--countdown", "1")
    assert refused.returncode == 2
    assert "leave --countdown out" in refused.stderr


def test_a_clip_played_as_a_camera_is_captured(edgeds: Edgeds, shots: Path) -> None:
    done = edgeds("capture", "--camera", f"file:{shots}", "--countdown", "0.5", *FAST)
    assert done.returncode == 0, done.stderr


def test_the_real_clips_people_are_found(edgeds: Edgeds, data: Path) -> None:
    done = edgeds("capture", data / "people_walking.mp4", "-o", "plate.png")
    assert done.returncode == 2
    assert "something moves" in done.stderr


def test_ctrl_c_during_the_count_down_is_no_refusal(shots: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "edgeds", "capture", f"file:{shots}?loop", "--countdown", "60"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stderr is not None
            assert "-> plate.npz" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130, stderr
    assert "plate" not in stderr
    assert not list(tmp_path.glob("plate*"))


class Feed(Closing):
    """A connection to a camera whose driver has settings."""

    description, rate = "a camera", None

    def __init__(self, camera: Driver) -> None:
        self.camera = camera
        self._noise = np.random.default_rng(0).normal(0, 2, WALL.shape)

    def read(self) -> Grab:
        time.sleep(0.01)
        self._noise = np.roll(self._noise, 31)
        shot = np.clip(WALL + self._noise + 0.5, 0, 255).astype(np.uint8)
        return Grab(shot, time.monotonic())

    def close(self) -> None:
        pass


def test_a_camera_is_held_for_its_plate_and_released_after_it() -> None:
    driver = Driver()
    before = dict(driver.values)
    capture = PlateCapture(
        DifferenceEngine(), CaptureSettings(countdown_secs=0.5, capture_secs=0.5)
    )
    with LiveSource(lambda: Feed(driver)) as source:
        frames = iter(source)
        with unlocked_after(source, frames):
            plate = take(capture, frames, Event(), source)
            assert driver.values != before
        assert driver.values == before
    assert plate.camera == {"exposure": 250.0, "white balance": 4600.0, "focus": 30.0}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere.mp4",), ("cannot open 'nowhere.mp4'", "check the path")),
        (("shots", "-o", "plate.jpg"), ("cannot write the plate", ".npz or .png")),
        (("shots", "-o", "nowhere/plate.npz"), ("there is no folder",)),
        (("shots", "--camera", "0"), ("there are two sources",)),
        (("shots", "--countdown", "60"), ("during the count-down", "--countdown 0")),
        (("shots/001.bmp",), ("ended after 1 of 8 frames", "given with -b")),
    ],
)
def test_bad_input_is_refused_with_the_fix(
    edgeds: Edgeds, shots: Path, arguments: tuple[str, ...], says: tuple[str, ...]
) -> None:
    done = edgeds("capture", *arguments, *FAST)
    assert done.returncode == 2
    for words in says:
        assert words in done.stderr
    assert "Traceback" not in done.stderr


class Doorway(Closing):
    """A camera before which somebody stands for two seconds, and leaves. It has no end."""

    info = SyntheticSource(size=SIZE).info

    def __iter__(self) -> Iterator[Frame]:
        for index in itertools.count():
            shot = WALL.copy()
            shot[0, 0] = index % 251
            if index < 25:
                x = 60 if index < 18 else 60 + 12 * (index - 18)
                shot[20:90, x : x + 30] = (200, 60, 40)
            yield Frame(shot, index, index, Fraction(1, 10))

    def close(self) -> None:
        pass


def test_a_camera_before_which_things_move_is_looked_at_for_longer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    how = forgiving(CaptureSettings(countdown_secs=0))
    capture = PlateCapture(DifferenceEngine(), how)
    plate, verdict = _of_stream(Opened(Doorway(), None), capture, Event())
    assert np.abs(plate.pixels[1:].astype(int) - WALL[1:]).max() < 5
    assert np.abs(capture.plate.pixels[1:].astype(int) - WALL[1:]).max() > 50  # type: ignore[union-attr]
    assert re.search(
        r"something moves .* \(\d+% of the picture\): looking", capsys.readouterr().err
    )
    assert verdict.startswith("good: something moved")
    assert re.search(r"estimated from \d+ frames of \d+ s, sure of", verdict)


def test_a_longer_look_at_a_source_that_ends_keeps_the_first_plate() -> None:
    capture = PlateCapture(DifferenceEngine(), forgiving(CaptureSettings(countdown_secs=0)))
    short = Doorway()
    frames = itertools.islice(short, 30)
    plate = take(capture, frames, Event())
    kept, verdict = look_on(plate, capture.moved, frames, Event())
    assert kept is plate
    assert verdict.startswith("doubtful: something moved")
    assert "the source ended" in verdict
