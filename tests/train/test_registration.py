"""Depth of another lens, brought to the picture."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from train.sets.registration import found_registration, write_registered


def boxes(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A picture and its depth: boxes before a wall."""
    rng = np.random.default_rng(seed)
    picture = np.full((240, 320, 3), 120, np.uint8)
    depth = np.full((240, 320), 4000, np.uint16)
    for _ in range(6):
        x, y = (int(v) for v in rng.integers(10, 200, 2))
        there = (slice(y, y + 50), slice(x, x + 60))
        picture[there] = rng.integers(0, 256, 3)
        depth[there] = rng.integers(1000, 3000)
    return picture, depth


def of_a_wider_lens(depth: np.ndarray, scale: float, right: float) -> np.ndarray:
    """What a lens sees whose picture is smaller by `scale`."""
    move = np.array([[scale, 0, (1 - scale) * 159.5 + right], [0, scale, (1 - scale) * 119.5]])
    return cv2.warpAffine(depth, move, (320, 240), flags=cv2.INTER_NEAREST, borderValue=0)


def test_scale_and_shift_of_another_lens_are_found(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    lines, truths = [], []
    for number in range(4):
        picture, depth = boxes(number)
        truths.append(depth)
        cv2.imwrite(str(tmp_path / "set" / f"{number}.png"), picture)
        cv2.imwrite(str(tmp_path / "set" / f"{number}_d.png"), of_a_wider_lens(depth, 0.7, 7))
        item = {"frame": f"{number}.png", "plate": f"{number}.png", "depth_mm": f"{number}_d.png"}
        lines.append(json.dumps(item))
    (tmp_path / "set" / "manifest.jsonl").write_text("\n".join(lines))
    before, found = write_registered(tmp_path / "set", tmp_path / "out")
    assert abs(found.scale - 0.7) < 0.03
    assert abs(found.right * 240 - 7) < 3
    assert abs(found.down * 240) < 3
    assert found.agreement > before.agreement + 0.3
    for number, truth in enumerate(truths):
        registered = cv2.imread(str(tmp_path / "out" / f"{number}_d.png"), cv2.IMREAD_UNCHANGED)
        assert (np.abs(registered.astype(int) - truth) < 5).mean() > 0.9


def test_what_is_registered_stays() -> None:
    before, found = found_registration(boxes(number) for number in range(3))
    assert abs(found.scale - 1) < 0.015
    assert abs(found.right) + abs(found.down) <= 0.011
    assert found.agreement < before.agreement + 0.1
