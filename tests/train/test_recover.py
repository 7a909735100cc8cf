"""Statistics that were lost come back from samples; everything else stays."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install edgeds[train]")

from safetensors.torch import load_file, save_file  # noqa: E402

from edgeds.engine.network.frame_network import DualHead  # noqa: E402
from edgeds.engine.network.weights_file import (  # noqa: E402
    WeightsError,
    load_weights,
    read_weights,
    save_weights,
)
from train.recover_statistics import norms_of, recover_weights  # noqa: E402

VARIANCE = "trunk5.0.1.running_var"
Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


def some_batches(count: int = 3) -> list[Batch]:
    torch.manual_seed(5)
    nothing = torch.zeros(2, 1, 64, 96)
    pictures = [torch.randint(0, 256, (2, 2, 3, 64, 96), dtype=torch.uint8) for _ in range(count)]
    return [(frame, plate, nothing, nothing) for frame, plate in pictures]


def damaged(path: Path, values: dict[str, float]) -> None:
    """The file with the first four values of a tensor replaced."""
    metadata, _ = read_weights(path)
    tensors = load_file(path)
    for name, value in values.items():
        tensors[name].view(-1)[:4] = value
    save_file(tensors, path, metadata=metadata)


def test_lost_channels_come_back_and_the_others_stay(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = DualHead().train()
    for norm in norms_of(network):
        norm.momentum = 1.0  # statistics are those of the last batch
    for frame, plate, _, _ in some_batches(1):
        network.logits(frame.float(), network.encode_plate(plate.float()))
    path, mended = tmp_path / "lost.safetensors", tmp_path / "mended.safetensors"
    save_weights(network.eval(), path, made={"steps": 9})
    wanted = load_weights(path).state_dict()
    damaged(path, {VARIANCE: float("inf")})
    assert recover_weights(path, mended, some_batches(1)) == 4
    found = load_weights(mended).state_dict()
    torch.testing.assert_close(found[VARIANCE][:4], wanted[VARIANCE][:4], rtol=0.1, atol=0)
    found[VARIANCE] = wanted[VARIANCE]
    for name in ("trunk5.0.1.running_mean", "num_batches_tracked"):
        found = {k: wanted[k] if k.endswith(name) else v for k, v in found.items()}
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_lost_weights_do_not_come_back(tmp_path: Path) -> None:
    path = tmp_path / "lost.safetensors"
    save_weights(DualHead(), path)
    damaged(path, {"context.weight": float("nan")})
    with pytest.raises(WeightsError, match=r"context\.weight.*train again"):
        recover_weights(path, tmp_path / "mended.safetensors", some_batches())
    assert not (tmp_path / "mended.safetensors").exists()
