"""A network that is told more than frame and plate: what is unknown changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the network needs torch: pip install --group train")
pytest.importorskip("safetensors", reason="weights need safetensors: pip install --group train")

from edgeds.engine.network.frame_network import Config, DualHead  # noqa: E402
from edgeds.engine.network.weights_file import load_weights, save_weights  # noqa: E402
from tests.network.plain_network import without_hints  # noqa: E402
from train.export.average_weights import average_weights  # noqa: E402
from train.run.recipe import Recipe  # noqa: E402
from train.run.run_state import Run  # noqa: E402

SIZE = (64, 96)


def pixels() -> torch.Tensor:
    return torch.randint(0, 256, (1, 3, *SIZE)).float()


def known(value: float) -> torch.Tensor:
    return value + torch.rand(1, 1, *SIZE)


@pytest.fixture(scope="module")
def told() -> DualHead:
    torch.manual_seed(0)
    network = DualHead(Config(hints=True)).eval()
    for name, weight in network.named_parameters():
        if name.startswith("plate_hints"):
            torch.nn.init.normal_(weight, 0, 0.3)
    return network


def answer(network: DualHead, sigma: float, depth: float) -> torch.Tensor:
    torch.manual_seed(1)
    frame, plate = pixels(), pixels()
    hints = torch.cat((known(sigma), known(depth)), 1)
    with torch.no_grad():
        alpha: torch.Tensor = network(frame, network.encode_plate(plate, hints))[0]
    return alpha


def test_each_hint_counts_and_an_unknown_one_does_not(told: DualHead) -> None:
    nothing = answer(told, -2, -2)
    for sigma, depth in ((0, -2), (-2, 0)):
        assert not torch.equal(answer(told, sigma, depth), nothing)
    torch.manual_seed(1)
    frame, plate = pixels(), pixels()
    with torch.no_grad():
        plain = without_hints(told)
        assert torch.equal(plain(frame, plain.encode_plate(plate))[0], nothing)


def test_a_network_with_hints_starts_as_the_one_without(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_weights(DualHead(), tmp_path / "before.safetensors")
    before = load_weights(tmp_path / "before.safetensors")
    run = Run(Recipe(steps=1), tmp_path, build=lambda: DualHead(Config(hints=True)))
    run.start_from_weights(tmp_path / "before.safetensors")
    run.network.eval()
    torch.manual_seed(1)
    frame, plate = pixels(), pixels()
    with torch.no_grad():
        wanted = before(frame, before.encode_plate(plate))[0]
    torch.testing.assert_close(answer(run.network, 0, 0), wanted, atol=1e-6, rtol=0)


def test_hints_that_only_the_later_network_has_keep_their_share(
    told: DualHead, tmp_path: Path
) -> None:
    save_weights(DualHead(), tmp_path / "plain.safetensors")
    save_weights(told, tmp_path / "told.safetensors")
    paths = (tmp_path / name for name in ("plain.safetensors", "told.safetensors"))
    average_weights(*paths, tmp_path / "mean.safetensors", share=0.25)
    mean = load_weights(tmp_path / "mean.safetensors")
    assert mean.config.hints
    for found, whole in zip(mean.plate_hints.scales, told.plate_hints.scales, strict=True):
        assert isinstance(found, torch.nn.Sequential)
        assert isinstance(whole, torch.nn.Sequential)
        torch.testing.assert_close(found[0].weight, whole[0].weight, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(found[2].weight, whole[2].weight / 4, atol=1e-3, rtol=1e-3)
