"""The model card's picture of failures: the worst of each scene, the worst first."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch: pip install --group train")

from edgeds.engine import DifferenceEngine
from edgeds.evaluation.dataset import read_set
from train.measure.failures import worst, write_failures


def test_the_worst_of_each_scene_comes_first(tmp_path: Path) -> None:
    """Plain subtraction finds a white block, half of it, and nothing of one like the wall."""
    plate = np.full((180, 320, 3), 90, np.uint8)
    alpha = np.zeros((180, 320), np.uint8)
    alpha[60:120, 100:220] = 255
    cv2.imwrite(str(tmp_path / "plate.png"), plate)
    cv2.imwrite(str(tmp_path / "alpha.png"), alpha)
    lines = []
    for name, scene, seen in (("a", "one", 120), ("b", "one", 60), ("c", "two", 0)):
        frame = plate.copy()
        frame[60:120, 100 : 100 + seen] = 250
        cv2.imwrite(str(tmp_path / f"{name}.png"), frame)
        item = {"frame": f"{name}.png", "plate": "plate.png", "alpha": "alpha.png", "scene": scene}
        lines.append(json.dumps(item) + "\n")
    (tmp_path / "manifest.jsonl").write_text("".join(lines))
    found = worst(DifferenceEngine(), [read_set(tmp_path)], 5)
    assert [failure.iou for failure in found] == pytest.approx([0, 0.5], abs=0.05)
    assert len(worst(DifferenceEngine(), [read_set(tmp_path)], 1)) == 1
    write_failures(found, tmp_path / "failures.jpg")
    assert cv2.imread(str(tmp_path / "failures.jpg")).shape == (2 * 180, 5 * 320, 3)
