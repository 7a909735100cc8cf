"""Restores lost normalisation statistics by estimating them again.

A variance over 65,504 is infinite as float16, and its channel then returns a constant. The weights
are not affected, so training samples that pass through the network give the statistics again. Knows
nothing about optimisers or runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from edgeds.engine.network.frame_network import DualHead
from edgeds.engine.network.weights_file import (
    WeightsError,
    made_of_weights,
    network_of,
    non_finite,
    read_weights,
    save_weights,
)
from train.batches import Batch


def recover_weights(path: Path, output: Path, batches: Iterable[Batch]) -> int:
    """Write the network of `path` with finite statistics; return the number of restored channels.

    Raises:
        WeightsError: the file cannot be used, or a tensor other than a statistic is not finite.
    """
    network = network_of(path, *read_weights(path))
    if not isinstance(network, DualHead):
        raise WeightsError(f"{path} is for {network.kind}: recover repairs {DualHead.kind} only")
    recovered = estimate_lost_statistics(network, batches)
    if broken := non_finite(network.state_dict()):
        raise WeightsError(f"{path} has {broken}, which samples cannot restore: train again")
    save_weights(network, output, made=made_of_weights(path))
    return recovered


@torch.no_grad()
def estimate_lost_statistics(network: DualHead, batches: Iterable[Batch]) -> int:
    """Fill in means and variances that are not finite, from samples; the others stay.

    Meanwhile the normalisations that lost statistics use those of their batch, as in training.
    Returns the number of restored channels.
    """
    lost = [(norm, *statistics_of(norm)) for norm in norms_of(network) if lost_channels(norm).any()]
    if not lost:
        return 0
    for norm, _, _ in lost:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
        norm.train()
    for frame, plate, *_ in batches:
        network.logits(frame.float(), network.encode_plate(plate.float()))
    count = 0
    for norm, mean, variance in lost:
        mask = ~(torch.isfinite(mean) & torch.isfinite(variance))
        estimated_mean, estimated_variance = statistics_of(norm)
        norm.running_mean = torch.where(mask, estimated_mean, mean)
        norm.running_var = torch.where(mask, estimated_variance, variance)
        norm.momentum = 0.1
        norm.eval()
        count += int(mask.sum())
    return count


def norms_of(network: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


def lost_channels(norm: nn.BatchNorm2d) -> Tensor:
    mean, variance = statistics_of(norm)
    return ~(torch.isfinite(mean) & torch.isfinite(variance))


def statistics_of(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Copies of a normalisation's mean and variance."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return norm.running_mean.clone(), norm.running_var.clone()
