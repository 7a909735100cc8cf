"""The drift suite: what it does to pictures, and what it says of maintenance."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_set import MakeSet, write

from edgeds.engine import DifferenceEngine
from edgeds.errors import DatasetError, InputError
from edgeds.estimate.estimator import Estimator
from edgeds.evaluation.dataset import Dataset, read_set
from edgeds.evaluation.drift import Trial, cases_of, drift, driftable
from edgeds.evaluation.drift_cases import CASES, Case, cases_like
from edgeds.evaluation.nudged_shots import Shot, Take, camera_view, to_and_fro
from edgeds.plate.plate import Plate
from edgeds.sources import SyntheticSource
from edgeds.types import Pixels

BY_NAME = {f"{case.name} {case.setting}".strip(): case for case in CASES}
SIZE = 180, 320


@pytest.fixture(scope="module")
def take() -> Take:
    """The synthetic ball before a wall without stripes, which would fit at many places."""
    source = SyntheticSource(size=SIZE, frame_count=24)
    rng = np.random.default_rng(0)
    wall = cv2.resize(rng.integers(60, 160, (30, 54, 3), np.uint8), SIZE[::-1])
    shots = []
    for frame in source:
        alpha = source.alpha(frame.index)
        mixed = wall + alpha[..., None] * (frame.pixels.astype(np.float32) - wall)
        shots.append(Shot(mixed.astype(np.uint8), alpha))
    return Take(name="synthetic", plate=wall, shots=tuple(shots))


@pytest.fixture(scope="module")
def ball(take: Take, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The synthetic scene as a set with a clip."""
    folder: Path = tmp_path_factory.mktemp("ball")
    (folder / "manifest.jsonl").touch()
    write(folder / "plate.png", take.plate[..., ::-1])
    with (folder / "manifest.jsonl").open("w") as manifest:
        for index, shot in enumerate(take.shots):
            write(folder / f"f{index}.png", shot.pixels[..., ::-1])
            write(folder / f"a{index}.png", np.round(shot.alpha * 255).astype(np.uint8))
            line = {
                "frame": f"f{index}.png", "plate": "plate.png", "alpha": f"a{index}.png",
                "clip": "ball", "index": index,
            }  # fmt: skip
            manifest.write(json.dumps(line) + "\n")
    return read_set(folder)


def by_difference(plate: Pixels) -> Estimator:
    return Estimator(DifferenceEngine(size=(90, 160)), Plate(plate))


def short(name: str) -> Case:
    return replace(BY_NAME[name], frame_count=26)


def pictures(case: Case, take: Take, index: int, secs: float) -> tuple[Pixels, Shot]:
    return case.view(take, case.content(take, index, secs), index, secs)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name} {case.setting}".strip())
def test_a_case_is_the_same_every_time_and_leaves_the_clip_alone(case: Case, take: Take) -> None:
    before = [shot.pixels.copy() for shot in take.shots]
    (one, truth), (again, _) = (pictures(case, take, 20, 700.0) for _ in range(2))
    assert np.array_equal(one, again)
    assert one.dtype == np.uint8
    assert one.shape[:2] == truth.alpha.shape == camera_view(take.plate).shape[:2]
    assert 0 <= truth.alpha.min() <= truth.alpha.max() <= 1
    assert all(np.array_equal(a, shot.pixels) for a, shot in zip(before, take.shots, strict=True))


@pytest.mark.parametrize("case", [case for case in CASES if case.disturb is not None],
                         ids=lambda case: f"{case.name} {case.setting}".strip())  # fmt: skip
def test_a_disturbance_begins_when_it_is_said_to(case: Case, take: Take) -> None:
    calm, _ = pictures(case, take, 20, -0.1)
    assert np.array_equal(calm, camera_view(case.content(take, 20, -0.1).pixels))
    disturbed, _ = pictures(case, take, 20, 60.0)
    assert np.abs(disturbed.astype(float) - calm).mean() > 0.5


def test_a_nudged_camera_sees_what_was_in_the_margin(take: Take) -> None:
    # 8 and 6 px of a 640 px picture are 4 and 3 of 320.
    nudged = camera_view(take.plate, shift_px=(8.0, 6.0))
    top, left = round(0.05 * SIZE[0]), round(0.05 * SIZE[1])
    there = take.plate[top - 3 : SIZE[0] - top - 3, left - 4 : SIZE[1] - left - 4]
    # Whole pixels need no interpolation; a level of rounding is left.
    assert np.abs(nudged.astype(int) - there).max() <= 1


def test_truth_moves_with_the_camera(take: Take) -> None:
    shot = to_and_fro(take, 12, 0)
    x = y = 0.0
    _, truth = BY_NAME["nudge 6 px"].view(take, shot, 12, 1.0)
    rows, columns = (np.arange(n) for n in truth.alpha.shape)
    for alpha, sign in ((camera_view(shot.alpha), -1), (truth.alpha, 1)):
        total = alpha.sum()
        x += sign * float((alpha.sum(axis=0) * columns).sum() / total)
        y += sign * float((alpha.sum(axis=1) * rows).sum() / total)
    assert (x, y) == pytest.approx((0.8 * 3, 0.6 * 3), abs=0.05)  # 6 px of 640 are 3 of 320


def test_upkeep_mends_a_jump_of_exposure_and_a_nudge(ball: Dataset) -> None:
    cases = tuple(short(name) for name in ("nothing", "exposure step +1 EV", "nudge 6 px"))
    calm, *disturbed = drift(ball, by_difference, cases=cases)
    assert calm.verdict == "ok"
    assert calm.on == pytest.approx(calm.off, abs=1e-3)
    for trial in disturbed:
        # What plain difference takes for foreground, all over the picture.
        assert trial.off > 10 * trial.undisturbed
        assert trial.on < 0.15 * trial.off
        assert trial.prompt == ""


def test_a_bump_is_prompted_within_a_second(ball: Dataset) -> None:
    (trial,) = drift(ball, by_difference, cases=(short("bump 74 px, 4 degrees"),))
    assert "the camera was moved" in trial.prompt
    assert trial.prompt_secs is not None
    assert 0 <= trial.prompt_secs <= 1
    assert trial.verdict == "ok"


def a_trial(**changes: object) -> Trial:
    values = {
        "case": "nudge", "setting": "", "clip": "a", "undisturbed": 0.004, "off": 0.02,
        "on": 0.004, "prompt": "", "prompt_secs": None, "plates": 1,
    }  # fmt: skip
    return Trial(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "ok"),
        ({"on": 0.0059}, "ok"),
        ({"on": 0.0061}, "error"),
        ({"on": 0.0061, "prompt": "retake"}, "ok"),
        ({"prompt": "retake"}, "ok"),  # without maintenance it was needed
        ({"off": 0.004, "prompt": "retake"}, "false prompt"),
        ({"undisturbed": 0.0, "on": 0.0014}, "ok"),  # as good as none
        ({"undisturbed": 0.0, "on": 0.0016}, "error"),
    ],
)
def test_past_the_bar_a_prompt_is_due_and_within_it_none_is(
    changes: dict[str, object], verdict: str
) -> None:
    assert a_trial(**changes).verdict == verdict


def test_a_case_fails_with_any_of_its_clips() -> None:
    trials = a_trial(), a_trial(clip="b", on=0.02), a_trial(case="lamp", prompt="retake")
    nudge, lamp = cases_of(trials)
    assert (nudge.clips, nudge.on, nudge.verdict) == (2, 0.012, "error: 1")
    assert (lamp.prompts, lamp.verdict) == (1, "ok")


def test_frames_of_one_plate_are_a_clip(make_set: MakeSet) -> None:
    folder = make_set({"plate": "plate/0000.png"}, {"plate": "plate/0000.png"}, {})
    assert [len(items) for items in driftable(read_set(folder))] == [2, 1]


def test_a_set_without_foreground_cannot_drift(make_set: MakeSet) -> None:
    with pytest.raises(DatasetError, match="cannot simulate drift on 'tiny'"):
        driftable(read_set(make_set({"empty": True}, {"alpha": None})))


def test_the_command_has_a_row_for_every_case(
    edgeds: Callable[..., subprocess.CompletedProcess[str]], make_set: MakeSet
) -> None:
    done = edgeds(
        "eval", make_set({}), "--engine", "difference", "--drift", "--json", "--cases", "noise*"
    )
    assert done.returncode == 0, done.stderr
    trials = json.loads(done.stdout)["drift"]
    names = [case.name for case in CASES if case.name.startswith("noise")]
    assert [trial["case"] for trial in trials] == names
    assert {"undisturbed", "off", "on", "ratio", "prompt", "verdict"} <= set(trials[0])


def test_a_drift_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="white balance ramp"):
        cases_like("sandstorm")
