"""Drawn walks are measured by their people, beside the truth."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edgeds.plate.ground.geometry import GroundView
from train.__main__ import app

SIZE = (288, 512)
PERSON_M = 1.7


def _set(folder: Path) -> None:
    """People as dark ellipses on light ground, before a camera 4.25 m up."""
    view = GroundView(size=SIZE, focal_px=390, pitch=0.35, roll=0.0, camera_height=2.5)
    rng = np.random.default_rng(0)
    plate = rng.integers(150, 170, (*SIZE, 3), np.uint8)
    depth_mm = 1000 * PERSON_M / np.maximum(view.inverse_depth_map(), 0.02)
    cv2.imwrite(str(folder / "plate.png"), plate)
    cv2.imwrite(str(folder / "depth.png"), depth_mm.astype(np.uint16))
    items = []
    for number in range(16):
        lowest = np.array([(60 + 390 * rng.random(), 130 + 150 * rng.random())])
        feet = view.feet(lowest)
        head = view.pixels(feet - rng.normal(1, 0.05) * view.down)[0]
        frame, tall = plate.copy(), float(np.hypot(*(head - lowest[0])))
        middle = tuple(round(float(v)) for v in (head + lowest[0]) / 2)
        lean = float(np.degrees(np.arctan2(head[0] - lowest[0, 0], lowest[0, 1] - head[1])))
        cv2.ellipse(frame, middle, (int(tall / 6), int(tall / 2)), lean, 0, 360, (30, 20, 40), -1)
        cv2.imwrite(str(folder / f"{number}.png"), frame)
        at = view.pixels(feet)[0]
        person = {
            "feet_px": [at[1], at[0]],
            "head_px": [head[1], head[0]],
            "depth_m": feet[0, 2] * PERSON_M,
        }
        items.append({
            "frame": f"{number}.png", "plate": "plate.png", "plate_depth_mm": "depth.png",
            "clip": "walk", "index": number, "people": [person],
        })  # fmt: skip
    (folder / "manifest.jsonl").write_text("\n".join(json.dumps(item) for item in items))


def test_metres_at_the_feet_are_scored(tmp_path: Path) -> None:
    _set(tmp_path)

    done = CliRunner().invoke(app, ["feet", str(tmp_path), "--engine", "difference", "--json"])

    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert (result["clips"], result["accepted"]) == (1, 1)
    assert result["error_median"] == pytest.approx(0, abs=3 * result["said_median"])
    assert result["person_error_median"] < 0.3
