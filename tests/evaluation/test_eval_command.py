"""`edgeds eval` as a process, with the engine that is plain plate difference."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_set import SIZE, MakeSet, write

from edgeds.sources import SyntheticSource

Command = Callable[..., subprocess.CompletedProcess[str]]
ENGINE = "--engine", "difference"


def test_json_is_one_object_on_stdout_and_progress_is_elsewhere(
    edgeds: Command, make_set: MakeSet
) -> None:
    folder = make_set({}, {"empty": True}, {"depth_mm": None})
    done = edgeds("eval", folder, *ENGINE, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["set"], report["items"]) == ("tiny", 3)
    # A bright square on a dark plate is found by difference alone.
    assert report["alpha"]["iou"] > 0.7
    assert report["alpha"]["empty_false_alarm"] == 0
    assert report["depth"]["delta1"] is not None
    assert report["video"] == {"dtssd": None, "background_depth_std": None}
    assert report["scored"]["abs_rel"] == 2
    assert "tiny: 3 items" in done.stderr


def test_the_table_shows_every_metric(edgeds: Command, make_set: MakeSet) -> None:
    done = edgeds("eval", make_set({}, {}), *ENGINE)
    assert done.returncode == 0, done.stderr
    for metric in ("MAD", "Conn", "boundary F", "AbsRel", "SI-log", "dtSSD"):
        assert metric in done.stdout + done.stderr
    assert "95 %" in done.stdout


def test_what_has_no_labels_is_named_without_dashes(edgeds: Command, make_set: MakeSet) -> None:
    done = edgeds("eval", make_set({"alpha": None, "depth_mm": None}), *ENGINE)
    assert done.returncode == 0, done.stderr
    assert "nothing was scored" in done.stderr + done.stdout
    assert "MAD" not in done.stdout
    half = edgeds("eval", make_set({"depth_mm": None}), *ENGINE)
    assert "not scored, because the set has no labels for it: " in half.stderr + half.stdout
    assert " - " not in half.stdout


def test_plates_in_another_light_are_corrected_unless_they_are_fixed(
    edgeds: Command, make_set: MakeSet
) -> None:
    scene = SyntheticSource(size=(90, 160), frame_count=12)
    frame = list(scene)[8].pixels
    folder = make_set({"depth_mm": None})
    for name, picture in (
        ("frame", frame),
        ("plate", np.clip(scene.plate * 0.8, 0, 255).astype(np.uint8)),
        ("alpha", np.round(scene.alpha(8) * 255).astype(np.uint8)),
    ):
        write(folder / f"{name}/0000.png", picture)
    mads = {}
    for option in ("--plate-fixed", "--json"):
        report = json.loads(edgeds("eval", folder, *ENGINE, "--json", option).stdout)
        mads[option] = report["alpha"]["mad"]
        assert (report["plates"] is None) == (option == "--plate-fixed")
    assert report["plates"]["gain"] == [1, pytest.approx(1.25, abs=0.03)]
    assert mads["--json"] < 0.5 * mads["--plate-fixed"]
    assert "light by a gain of 1.00 to 1.2" in edgeds("eval", folder, *ENGINE).stderr


def test_scores_do_not_depend_on_the_processor(edgeds: Command, make_set: MakeSet) -> None:
    done = edgeds("eval", make_set({"depth_mm": None}), "--json")
    report = json.loads(done.stdout)
    assert report["engine"] == "edgeds-192x320-fp32 on OpenVINO CPU"  # and not in bfloat16
    assert "in float, so that scores do not depend on the processor" in done.stderr


def test_scenes_and_limit_choose_items(edgeds: Command, make_set: MakeSet) -> None:
    folder = make_set({"scene": "a7"}, {"scene": "a8"}, {"scene": "b7"}, {"scene": "c7"})
    done = edgeds("eval", folder, *ENGINE, "--json", "--scenes", "*7", "--limit", "2")
    assert json.loads(done.stdout)["items"] == 2


def test_saved_maps_are_of_the_frames_size(
    edgeds: Command, make_set: MakeSet, tmp_path: Path
) -> None:
    done = edgeds("eval", make_set({}), *ENGINE, "--save", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    alpha = cv2.imread(str(tmp_path / "out/alpha/0000.png"), cv2.IMREAD_UNCHANGED)
    assert (alpha.dtype, alpha.shape) == (np.uint16, SIZE)
    assert np.load(tmp_path / "out/inverse_depth/0000.npy").shape == SIZE


def test_a_sweep_is_part_of_the_json(edgeds: Command, make_set: MakeSet) -> None:
    done = edgeds("eval", make_set({}), *ENGINE, "--sweep", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert len(report["sweep"]) == 37  # seven errors of five strengths, none, and all at once
    assert report["sweep"][0]["mad"] == report["alpha"]["mad"]


def test_curves_are_drawn_and_their_points_are_a_table(
    edgeds: Command, make_set: MakeSet, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    done = edgeds("eval", make_set({}), *ENGINE, "--plot", tmp_path / "curves.png")
    assert done.returncode == 0, done.stderr
    assert cv2.imread(str(tmp_path / "curves.png")) is not None
    assert "0.3*" in done.stdout
    assert "all at once" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone"], "there is no such folder"),
        (["tiny", "--scenes", "x"], "no scene"),
        (["tiny", "--engine", "gone"], "engine"),
        (["tiny"], "manifest.jsonl line 2"),
    ],
)
def test_bad_input_gives_a_message_and_exit_code_2(
    edgeds: Command, make_set: MakeSet, arguments: list[str], message: str
) -> None:
    folder = make_set({}, {})
    if arguments == ["tiny"]:
        (folder / "alpha/0001.png").unlink()
    engine = [] if "--engine" in arguments else ENGINE
    done = edgeds("eval", *arguments, *engine, "--json")
    assert done.returncode == 2
    assert message in done.stderr
    assert "fix:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout
