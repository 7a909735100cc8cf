"""The mean of two trained networks, of which one was trained starting from the other.

Where fine-tuning has won something and lost something else, the mean often keeps both (Wortsman et
al. 2022, WiSE-FT). Knows nothing about training.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from edgeds.engine.network.frame_network import DualHead
from edgeds.engine.network.plate_depth_network import PlateDepth
from edgeds.engine.network.weights_file import (
    WeightsError,
    checked_network,
    made_of_weights,
    save_weights,
)
from train.plate_depth.grow_plate_network import plate_depth_from_frame_network


@torch.no_grad()
def average_weights(
    earlier: Path,
    later: Path,
    output: Path,
    *,
    share: float = 0.5,
    hints: float | None = None,
) -> None:
    """Write the mean, in which the later network has a share. Steps and samples of both add up.

    If the later network is the plate's, the earlier one may be the frame's network that it
    started from. Hints and attention that only the later network has keep their share of what they
    add; with `hints`, the later network's hints add that many times as much instead.

    Raises:
        WeightsError: one of them cannot be used, or they are not of one architecture.
    """
    network, other = checked_network(earlier), checked_network(later)
    if isinstance(network, DualHead) and isinstance(other, PlateDepth):
        try:
            network = plate_depth_from_frame_network(network, other.config)
        except ValueError as error:
            raise WeightsError(f"{later.name} did not start as {earlier.name}: {error}") from error
    if isinstance(network, DualHead) and isinstance(other, DualHead):
        network = with_silent_hints(network, other)
    if isinstance(network, PlateDepth) and isinstance(other, PlateDepth):
        network = with_silent_attention(network, other)
    if network.kind != other.kind or network.config != other.config:
        raise WeightsError(f"{earlier.name} and {later.name} have different architectures")
    for ours, theirs in zip(
        network.state_dict().values(), other.state_dict().values(), strict=True
    ):
        if ours.dtype.is_floating_point:
            ours.lerp_(theirs, share)
        else:
            ours.copy_(theirs)
    if hints is not None:
        if not (isinstance(network, DualHead) and isinstance(other, DualHead)):
            raise WeightsError(f"{later.name} is no network of frames: it has no hints")
        if not other.config.hints:
            raise WeightsError(f"{later.name} was trained without hints")
        network.plate_hints.load_state_dict(other.plate_hints.state_dict())
        for last in last_layers_of_hints(network):
            last.weight.mul_(hints)
    made = [made_of_weights(path) for path in (earlier, later)]
    total = {key: sum(one.get(key, 0) for one in made) for key in ("steps", "samples", "secs")}
    save_weights(network, output, made=total)


def with_silent_attention(network: PlateDepth, other: PlateDepth) -> PlateDepth:
    """The network, with the other's attention, of which nothing is added yet."""
    if network.attention is not None or other.attention is None:
        return network
    wider = PlateDepth(replace(network.config, attention=other.config.attention))
    assert wider.attention is not None
    wider.load_state_dict(other.state_dict() | network.state_dict())
    nn.init.zeros_(wider.attention.out.weight)
    nn.init.zeros_(wider.attention.out.bias)
    return wider.eval()


def with_silent_hints(network: DualHead, other: DualHead) -> DualHead:
    """The network, with the other's hints, of which nothing is added yet."""
    if network.config.hints or not other.config.hints:
        return network
    wider = DualHead(replace(network.config, hints=True))
    wider.load_state_dict(other.state_dict() | network.state_dict())
    for last in last_layers_of_hints(wider):
        nn.init.zeros_(last.weight)
    return wider.eval()


def last_layers_of_hints(network: DualHead) -> Iterator[nn.Conv2d]:
    """What hints add is in proportion to the weights of these."""
    for addend in network.plate_hints.scales:
        assert isinstance(addend, nn.Sequential)
        assert isinstance(addend[-1], nn.Conv2d)
        yield addend[-1]
