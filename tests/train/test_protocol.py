"""The course projects' protocol: squares, roots, and a depth that knows neither scale nor shift."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install --group train")

from edgeds.engine import DifferenceEngine
from edgeds.evaluation.dataset import read_set
from train.measure.protocol import SIDE, SquareError, measured


def test_the_root_is_of_the_mean_over_all_pixels_of_all_pictures() -> None:
    error = SquareError()
    assert error.root_mean is None
    error.add(np.full((1, 3), 2, np.float32))
    error.add(np.zeros((1, 1), np.float32))
    assert error.root_mean == pytest.approx(3**0.5)


def test_a_half_wrong_mask_and_a_depth_right_but_for_scale_and_shift(tmp_path: Path) -> None:
    """The difference engine's floor is a ramp of inverse depth, and so is this set's truth."""
    plate = np.full((SIDE, SIDE, 3), 90, np.uint8)
    frame, alpha = plate.copy(), np.zeros((SIDE, SIDE), np.uint8)
    alpha[:, : SIDE // 2] = 255
    depth_mm = 1000 / (0.2 + 0.3 * np.linspace(0.1, 1, SIDE))[:, None].repeat(SIDE, 1)
    files = {"plate": plate, "frame": frame, "alpha": alpha, "depth": depth_mm.astype(np.uint16)}
    for name, picture in files.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
    item = {"frame": "frame.png", "plate": "plate.png", "alpha": "alpha.png", "scene": "one"}
    (tmp_path / "manifest.jsonl").write_text(json.dumps(item | {"depth_mm": "depth.png"}))
    found = measured(DifferenceEngine(size=(SIDE, SIDE)), read_set(tmp_path))
    assert found.mask.root_mean == pytest.approx(0.5**0.5, abs=0.01)
    # Millimetres are rounded, and on a plate without edges the guided filter of its depth flattens
    # the ramp a little at the upper and lower border: .0032.
    assert found.depth.root_mean == pytest.approx(0, abs=4e-3)
