"""A tiny set to train on, drawn here: two cut-outs with depth, two backgrounds, one room."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install --group train")
pytest.importorskip("safetensors", reason="training needs safetensors: pip install --group train")

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from train.samples.material import Material, material_from_folder  # noqa: E402

torch.set_num_threads(1)  # a busy core would stretch each step of two threads tenfold


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for name in ("foregrounds", "people_depth", "backgrounds", "rooms/frame", "rooms/depth"):
        (folder / name).mkdir(parents=True)
    for name in ("valid_a", "valid_b"):
        rgba = np.zeros((120, 60, 4), np.uint8)
        rgba[10:, 10:50] = (*rng.integers(0, 256, 3), 255)
        cv2.imwrite(str(folder / "foregrounds" / f"{name}.png"), rgba)
        depth = np.where(rgba[..., 3] > 0, 3000, 0).astype(np.uint16)
        cv2.imwrite(str(folder / "people_depth" / f"{name}.png"), depth)
    for name in ("one", "two"):
        coarse = rng.integers(0, 256, (12, 20, 3), np.uint8)
        picture = cv2.resize(coarse, (400, 240), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / "backgrounds" / f"{name}.jpg"), picture)
        cv2.imwrite(str(folder / "rooms" / "frame" / f"{name}.png"), picture)
    ramp = np.repeat(np.linspace(4000, 2000, 240).astype(np.uint16)[:, None], 400, 1)
    cv2.imwrite(str(folder / "rooms" / "depth" / "one.png"), ramp)
    items = [
        {"frame": "frame/one.png", "plate": "frame/one.png", "alpha": None, "scene": scene}
        | {"depth_mm": "depth/one.png", "empty": True}
        for scene in ("room_1", "room_7")
    ]
    lines = "".join(json.dumps(item) + "\n" for item in items)
    (folder / "rooms" / "manifest.jsonl").write_text(lines)
    splits = {
        "foregrounds": {"train": ["valid_a.png"], "val": ["valid_b.png"]},
        "backgrounds": {"train": ["one.jpg"], "val": ["two.jpg"]},
    }
    (folder / "splits.json").write_text(json.dumps(splits))
    return folder


@pytest.fixture(scope="session")
def material(data: Path) -> Material:
    return material_from_folder(data)
