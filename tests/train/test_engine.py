"""From weights to an engine that `edgeds` opens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="exports from torch: pip install --group train")
pytest.importorskip("onnx", reason="writes ONNX: pip install --group train")

from edgeds.engine import open_engine, read_card  # noqa: E402
from edgeds.engine.network.frame_network import DualHead  # noqa: E402
from edgeds.engine.network.weights_file import WeightsError, save_weights  # noqa: E402
from train.export import engine_folder  # noqa: E402
from train.export.engine_folder import engine_from_weights  # noqa: E402
from train.variants.cost import frame_gmac  # noqa: E402

SIZE = (64, 96)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "edgeds.safetensors"
    save_weights(DualHead().eval(), path, made={"steps": 7})
    return path


def test_an_engine_made_from_weights_opens_and_estimates(weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine-64x96-fp32"
    card = engine_from_weights(weights, folder, size=SIZE)
    assert read_card(folder) == card
    assert card.name == "mine-64x96-fp32"
    assert card.made["steps"] == 7
    plate = np.zeros((*SIZE, 3), np.uint8)
    with open_engine(folder) as engine:
        maps = engine.infer(plate, engine.encode_plate(plate))
    assert maps.alpha.shape == maps.inverse_depth.shape == SIZE


def test_an_export_that_computes_something_else_is_refused(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_folder, "TOLERANCE", -1.0)  # no export is this good
    with pytest.raises(WeightsError, match="differ from torch"):
        engine_from_weights(weights, tmp_path / "bad", size=SIZE)
    assert not (tmp_path / "bad" / "card.json").exists(), "without a card nothing opens it"


def test_an_export_whose_difference_is_no_number_is_refused(tmp_path: Path) -> None:
    """Finite weights, but values that overflow on the way: `nan > tolerance` is false."""
    network = DualHead().eval()
    with torch.no_grad():
        for norm in (m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)):
            norm.weight.fill_(6e4)
            norm.running_var.fill_(1e-30)
        network.alpha1[1].weight.mul_(1e4)
    save_weights(network, tmp_path / "wild.safetensors")
    with pytest.raises(WeightsError, match="nan"):
        engine_from_weights(tmp_path / "wild.safetensors", tmp_path / "wild", size=SIZE)
    assert not (tmp_path / "wild" / "card.json").exists()


def test_the_frame_graph_stays_within_its_budget() -> None:
    assert frame_gmac(DualHead().eval(), (192, 320)) <= 0.8
