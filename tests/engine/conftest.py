"""A calibration set drawn on the spot: a bright square that wanders before one plate."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from written_sets import WriteSet


@pytest.fixture(scope="session")
def write_set(tmp_path_factory: pytest.TempPathFactory) -> WriteSet:
    """A function that writes a set in the format of `edgeds calibrate` and returns its folder."""

    def write(frames: int, *, scenes: int = 10) -> Path:
        folder = tmp_path_factory.mktemp("set")
        coarse = np.random.default_rng(0).integers(40, 140, (6, 10, 3), np.uint8)
        plate = cv2.resize(coarse, (320, 192), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / "plate.png"), plate)
        lines = []
        for index in range(frames):
            frame = plate.copy()
            left = 20 + 230 * index // frames
            frame[40 : 120 + index % 50, left : left + 50] = (230, 200 - index % 90, 210)
            cv2.imwrite(str(folder / f"{index:04d}.jpg"), frame)
            name = f"scene{index * scenes // frames}"
            line = {"frame": f"{index:04d}.jpg", "plate": "plate.png", "alpha": None}
            line |= {"scene": name, "empty": False, "clip": name, "index": index}
            lines.append(json.dumps(line) + "\n")
        (folder / "manifest.jsonl").write_text("".join(lines))
        return folder

    return write
