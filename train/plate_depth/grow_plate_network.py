"""A plate network that starts as a wider copy of the frame network's depth branch.

If frame and plate are the same picture, |f - p| is 0, and the fusion of f and p becomes one 1x1
convolution. New channels have random input weights and zero output weights, as in Net2Net (Chen et
al. 2016): the wider network gives the same result, and can learn more. Knows nothing about
training.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from edgeds.engine.network.frame_network import DualHead, Fuse
from edgeds.engine.network.plate_depth_network import Config, PlateDepth


@torch.no_grad()
def plate_depth_from_frame_network(trained: DualHead, config: Config | None = None) -> PlateDepth:
    """A plate network that returns for a plate what `trained` returns for it as frame and plate.

    Raises:
        ValueError: `config` is narrower than the trained network.
    """
    network = PlateDepth(config)
    network.encoder.load_state_dict(trained.encoder.state_dict())
    for skip, fuse in zip(network.skips, cast(list[Fuse], trained.fuse), strict=True):
        assert isinstance(skip, nn.Conv2d)
        of_frame = fuse.of_pair.weight[:, : skip.in_channels]
        widen(skip, (of_frame + fuse.of_plate.weight) * fuse.gain, fuse.of_pair.bias)
    widen(network.context, trained.context.weight, trained.context.bias)
    for ours, theirs in (
        (network.up5, trained.trunk5),
        (network.up4, trained.trunk4),
        (network.up3, trained.depth3),
    ):
        widen_block(ours[0], theirs[0])
        widen_block(ours[1], theirs[1])
    widen_block(network.coarse[0], trained.depth2[0])
    last, known = convolution(network.coarse[1]), convolution(trained.depth2[1])
    widen(last, known.weight, known.bias)
    return network


def widen_block(ours: nn.Module, theirs: nn.Module) -> None:
    """Copy a convolution and its normalisation into a wider one."""
    assert isinstance(ours, nn.Sequential)
    assert isinstance(theirs, nn.Sequential)
    widen(convolution(ours[0]), convolution(theirs[0]).weight)
    known = convolution(theirs[0]).out_channels
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(ours[1], name)[:known] = getattr(theirs[1], name)


def widen(ours: nn.Conv2d, weight: Tensor, bias: Tensor | None = None) -> None:
    """Copy the known weights to the upper left corner; known outputs do not use new inputs."""
    known_out, known_in = weight.shape[:2]
    if known_out > ours.out_channels or known_in > ours.in_channels:
        raise ValueError(f"{known_out}x{known_in} channels do not fit into {ours}")
    ours.weight[:known_out] = 0
    ours.weight[:known_out, :known_in] = weight
    if ours.bias is not None:
        ours.bias.zero_()
        if bias is not None:
            ours.bias[:known_out] = bias


def convolution(module: nn.Module) -> nn.Conv2d:
    assert isinstance(module, nn.Conv2d)
    return module
