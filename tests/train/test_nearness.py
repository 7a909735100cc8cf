"""The settings of the foreground's depth are scored beside the truth."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from typer.testing import CliRunner

from edgeds.estimate.settings import FOREGROUND_DEPTH
from train.__main__ import app
from train.measure.nearness import Answer, scored

SIZE = (96, 160)


def test_the_settings_win_that_make_up_for_what_a_network_says() -> None:
    plate = np.broadcast_to(np.linspace(0.2, 0.4, SIZE[1], dtype=np.float32), SIZE).copy()
    alpha = np.zeros(SIZE, np.float32)
    alpha[20:80, 60:90] = 1
    true_m = 1 / np.where(alpha > 0, np.float32(1.5), plate)
    depth = np.where(alpha > 0, np.float32(1), plate)
    answer = Answer(depth, alpha, plate, 0.3, true_m)

    def errors(gain: float) -> float:
        return scored([answer], replace(FOREGROUND_DEPTH, gain=gain, power=1)).abs_rel

    assert errors(1.5) < 0.01
    assert errors(1.5) < errors(1.25) < errors(1)


def test_frames_of_training_scenes_are_scored(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    plate = cv2.resize(rng.integers(0, 256, (12, 20, 3), np.uint8), SIZE[::-1])
    frame = plate.copy()
    frame[20:80, 60:90] = 255
    metres = np.repeat(np.linspace(4000, 2000, SIZE[0]).astype(np.uint16)[:, None], SIZE[1], 1)
    for name, picture in (("plate", plate), ("frame", frame), ("depth", metres)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
    item = {"plate": "plate.png", "depth_mm": "depth.png", "alpha": None}
    items = [
        item | {"frame": "frame.png", "scene": "room_1"},
        item | {"frame": "plate.png", "scene": "room_1"},
        item | {"frame": "frame.png", "scene": "room_7"},
    ]
    (tmp_path / "manifest.jsonl").write_text("\n".join(json.dumps(one) for one in items))

    options = ["--gains", "1,1.2", "--powers=1", "--stands", "0,1"]
    done = CliRunner().invoke(app, ["nearness", str(tmp_path), *options])

    assert done.exit_code == 0, done.output
    told = done.output.splitlines()
    assert told[0].endswith(": 1 frames")
    settings = [line.split()[1:8:6] for line in told[1:-1]]
    assert settings == [["1", "0"], ["1", "1"], ["1.2", "0"], ["1.2", "1"]]
    scores = {line.split(":")[0]: float(line.split()[-3]) for line in told[1:-1]}
    assert told[-1].startswith("best, by the mean of delta1")
    assert scores[told[-1].split(": ")[1]] == max(scores.values())
