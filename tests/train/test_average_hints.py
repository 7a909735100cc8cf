"""`train average` with weights that were trained to be told of the plate."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="weights need the extra: pip install '.[train]'")

from edgeds.engine.network.frame_network import Config, DualHead  # noqa: E402
from edgeds.engine.network.weights_file import WeightsError, load_weights, save_weights  # noqa: E402
from tests.network.plain_network import with_hints  # noqa: E402
from train.export.average_weights import average_weights  # noqa: E402

SIZE = (32, 64)


@pytest.fixture
def both(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "plain.safetensors", tmp_path / "told.safetensors"]
    torch.manual_seed(1)
    plain = DualHead(Config()).eval()
    save_weights(plain, paths[0])
    save_weights(with_hints(plain, 0.2), paths[1])
    return paths


def added(path: Path) -> list[torch.Tensor]:
    network = load_weights(path).eval()
    assert isinstance(network, DualHead)
    with torch.no_grad():
        return list(network.plate_hints(torch.full((1, 1, *SIZE), 9.0)))


def test_hints_have_their_share_of_the_mean_or_what_is_asked_for(
    both: list[Path], tmp_path: Path
) -> None:
    whole = added(both[1])
    for hints, factor in ((None, 0.25), (1.5, 1.5)):
        average_weights(*both, tmp_path / "mean.safetensors", share=0.25, hints=hints)
        for mean, theirs in zip(added(tmp_path / "mean.safetensors"), whole, strict=True):
            torch.testing.assert_close(mean, factor * theirs, rtol=3e-3, atol=1e-3)


def test_weights_without_hints_have_none_to_add(both: list[Path], tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="without hints"):
        average_weights(both[0], both[0], tmp_path / "mean.safetensors", hints=1.0)
