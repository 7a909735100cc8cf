"""What the plate's depth is worth: the same frames with and without it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install --group train")

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from edgeds.engine.network.frame_network import Config, DualHead  # noqa: E402
from edgeds.evaluation.dataset import Dataset, read_set  # noqa: E402
from edgeds.types import FloatMap, Pixels  # noqa: E402
from train.measure.hint_scores import SCORES, scores_of_set  # noqa: E402

SIZE = (64, 96)
FULL = (128, 192)


class Ramp:
    """A depth network: what is lower in the picture is nearer."""

    size, identity = SIZE, "ramp"

    def __call__(self, pixels: Pixels) -> FloatMap:
        return np.repeat(np.linspace(0.2, 1, SIZE[0], dtype=np.float32)[:, None], SIZE[1], 1)


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two frames of one plate, one of them empty; and the plate as its own frame."""
    folder = tmp_path_factory.mktemp("set")
    rng = np.random.default_rng(0)
    plate = cv2.resize(rng.integers(0, 256, (8, 12, 3), np.uint8), FULL[::-1])
    frame, alpha = plate.copy(), np.zeros(FULL, np.uint8)
    frame[40:110, 60:100], alpha[40:110, 60:100] = 255, 255
    metres = np.repeat(np.linspace(6000, 2000, FULL[0]).astype(np.uint16)[:, None], FULL[1], 1)
    pictures = {"plate": plate, "frame": frame, "alpha": alpha, "depth": metres}
    for name, picture in (*pictures.items(), ("none", 0 * alpha), ("empty", plate)):
        cv2.imwrite(str(folder / f"{name}.png"), picture)
    item = {"plate": "plate.png", "depth_mm": "depth.png", "scene": "one"}
    items = [
        item | {"frame": "frame.png", "alpha": "alpha.png"},
        item | {"frame": "empty.png", "alpha": "none.png"},
        item | {"frame": "plate.png", "alpha": "none.png"},
    ]
    (folder / "manifest.jsonl").write_text("\n".join(json.dumps(one) for one in items))
    return read_set(folder)


def network_with_hints() -> DualHead:
    torch.manual_seed(0)
    return DualHead(Config(hints=True)).eval()


def test_a_hint_that_adds_nothing_wins_nothing(frames: Dataset) -> None:
    found = scores_of_set(network_with_hints(), frames, Ramp(), SIZE)
    assert found["frames"] == 2
    for name in SCORES:
        without, told = found[name]
        assert np.isfinite(without), name
        assert without == told


def test_the_hint_is_what_the_plates_network_says(frames: Dataset) -> None:
    network = network_with_hints()
    for weight in network.plate_hints.parameters():
        torch.nn.init.normal_(weight, 0, 0.5)
    found = scores_of_set(network, frames, Ramp(), SIZE)
    assert found["mad"][0] != found["mad"][1]


def test_the_command_refuses_a_network_that_cannot_be_told(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from edgeds.engine.network.weights_file import save_weights
    from train.__main__ import app

    save_weights(DualHead(), tmp_path / "plain.safetensors")
    done = CliRunner().invoke(app, ["hints", str(tmp_path / "plain.safetensors"), str(tmp_path)])
    assert done.exit_code == 2
    assert "no hints" in done.output
