"""Training in bfloat16: the same gradients as float32's, nearly."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install edgeds[train]")

from torch import nn  # noqa: E402

from edgeds.engine.network.plate_depth_network import PlateDepth  # noqa: E402
from train.run.half_precision import (  # noqa: E402
    DepthwiseConv2d,
    in_bfloat16,
    with_quick_gradients,
)


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(12, 20), (11, 17)])
def test_gradients_of_depthwise_convolutions_are_those_of_torch(
    kernel: int, stride: int, size: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    plain = nn.Conv2d(16, 16, kernel, stride=stride, padding=kernel // 2, groups=16)
    x = torch.rand(2, 16, *size, requires_grad=True)
    found = []
    for quick in (False, True):
        if quick:
            with_quick_gradients(plain)
            assert isinstance(plain, DepthwiseConv2d)
        plain.zero_grad()
        x.grad = None
        plain(x).square().sum().backward()
        assert x.grad is not None
        assert plain.weight.grad is not None
        found.append((x.grad.clone(), plain.weight.grad.clone()))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_only_depthwise_convolutions_change_and_names_stay() -> None:
    network = PlateDepth()
    names = list(network.state_dict())
    others = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.groups == 1]
    with_quick_gradients(network)
    assert list(network.state_dict()) == names
    assert not any(isinstance(m, DepthwiseConv2d) for m in others)
    assert sum(isinstance(m, DepthwiseConv2d) for m in network.modules()) > 10


def test_gradients_in_bfloat16_point_where_float32s_point() -> None:
    torch.manual_seed(0)
    network = PlateDepth().eval()
    with_quick_gradients(network)
    picture = torch.rand(1, 3, 64, 128) * 255
    found = []
    for enabled in (False, True):
        network.zero_grad()
        with torch.no_grad(), in_bfloat16(enabled, "cpu"):
            network.encoder(picture)  # the weights are cast without gradients first
        with in_bfloat16(enabled, "cpu"):
            logits = network.logits(picture)
        logits.float().square().mean().backward()
        gradients = [p.grad.flatten() for p in network.parameters() if p.grad is not None]
        found.append(torch.cat(gradients))
    assert found[0].shape == found[1].shape
    assert float(torch.cosine_similarity(found[0], found[1], dim=0)) > 0.98
