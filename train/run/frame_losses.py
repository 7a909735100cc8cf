"""The losses of training. Each takes batches and returns one number. Knows nothing about the
network.

Alpha targets of -1 and inverse depths of 0 mean unknown: these pixels do not count.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

GUESS = 0.15
"""Weight of a guessed inverse depth; a rendered one has 1."""


def alpha_loss(logits: Tensor, target: Tensor) -> Tensor:
    """All terms on alpha; logits and target are (B, 1, H, W)."""
    known = (target >= 0).float()
    target = target.clamp(0, 1)
    alpha = torch.sigmoid(logits)
    edge = edge_band(target)
    weight = known * (1 + 3 * edge)
    pixels = masked_mean((alpha - target).abs(), weight)
    certain = masked_mean(
        F.binary_cross_entropy_with_logits(logits, target, reduction="none"), weight
    )
    return (
        2 * pixels
        + 0.5 * certain
        + laplacian_loss(alpha * known, target * known)
        + 0.3 * overlap_loss(alpha * known, target * known)
    )


def edge_band(target: Tensor, radius: int = 3) -> Tensor:
    """1 within `radius` pixels of an edge or of a half-transparent pixel, 0 elsewhere."""
    size = 2 * radius + 1
    highest = F.max_pool2d(target, size, stride=1, padding=radius)
    lowest = -F.max_pool2d(-target, size, stride=1, padding=radius)
    return (highest - lowest > 0.1).float()


def laplacian_loss(alpha: Tensor, target: Tensor, levels: int = 4) -> Tensor:
    """L1 between Laplacian pyramids; coarse levels count more (Hou & Liu 2019)."""
    difference = alpha - target  # the pyramid is linear: one of the difference is enough
    total = alpha.new_zeros(())
    for level in range(levels):
        coarse = F.avg_pool2d(difference, 2)
        fine = difference - F.interpolate(coarse, scale_factor=2.0, mode="bilinear")
        total = total + 2.0**level * fine.abs().mean()
        difference = coarse
    return total + 2.0**levels * 0.25 * difference.abs().mean()


def overlap_loss(alpha: Tensor, target: Tensor) -> Tensor:
    """1 - soft intersection over union, per picture (Rahman & Wang 2016).

    So a distant person counts as much as a near one. In an empty picture, the union is the false
    foreground; 20 px of slack keep the loss from jumping between 0 and 1.
    """
    both = (alpha * target).sum((1, 2, 3))
    either = (alpha + target - alpha * target).sum((1, 2, 3))
    slack = 20.0
    return (1 - (both + slack) / (either + slack)).mean()


def depth_loss(
    inverse_depth: Tensor, target: Tensor, alpha: Tensor, *, foreground_weight: float = 0.0
) -> Tensor:
    """Scale-invariant L1 plus multi-scale gradients, after Ranftl et al. 2020 (MiDaS), anchored to
    the background.

    The scale comes from the background alone, if there is enough of it, because edgeds fits each
    frame to its plate there (`edgeds.estimate.depth_fit`). Foreground depth must be right beside
    it.

    MiDaS's loss also ignores a shift, since its targets come from stereo of unknown disparity. Our
    targets are metres, and a network that was free to shift drifted to where softplus is flat.
    Targets below 0 are guesses of a plate network for photographs, with the weight GUESS.

    `foreground_weight` is the weight of how far the foreground stands from the camera, with one
    voice for each picture: a close person has few pixels, and these count little above.
    """
    known = (target != 0).float()
    has_depth = known.mean((1, 2, 3)) > 0.05
    if not bool(has_depth.any()):
        return inverse_depth.sum() * 0
    prediction, target, known = inverse_depth[has_depth], target[has_depth], known[has_depth]
    background = known * (alpha[has_depth].abs() < 0.05)
    enough = (background.mean((1, 2, 3), keepdim=True) > 0.1).float()
    anchor = enough * background + (1 - enough) * known
    trust = torch.where(target < 0, GUESS, 1.0).amin((1, 2, 3), keepdim=True)
    target = target.abs()
    unit, predicted_unit = per_picture_mean(target, anchor), per_picture_mean(prediction, anchor)
    target, prediction = target / unit, prediction / (predicted_unit + 1e-6)
    # errors count relative to the distance, as in AbsRel, with a bound for what is far away
    weight = known * trust / (target + 0.2)
    difference = prediction - target
    metres = ((predicted_unit + 1e-6).log() - unit.log()).abs() * trust
    return (
        masked_mean(difference.abs(), weight)
        + 0.5 * gradient_loss(difference * trust, known)
        + 0.05 * metres.mean()
        + foreground_weight
        * foreground_distance_loss(prediction, target, known * (alpha[has_depth] > 0.5), trust)
    )


def foreground_distance_loss(
    prediction: Tensor, target: Tensor, foreground: Tensor, trust: Tensor
) -> Tensor:
    """L1 of the logarithm of inverse depth over the foreground, the mean of the pictures that have
    one; both depths are in units of their background.
    """
    ratio = ((prediction + 0.01).log() - (target + 0.01).log()).abs()
    seen = (foreground.mean((1, 2, 3), keepdim=True) > 0.002).float() * trust
    return masked_mean(per_picture_mean(ratio, foreground), seen)


def gradient_loss(difference: Tensor, known: Tensor, scales: int = 4) -> Tensor:
    """L1 of the differences' horizontal and vertical gradients at several scales (Li & Snavely
    2018, MegaDepth).
    """
    total = difference.new_zeros(())
    for scale in range(scales):
        step = 2**scale
        d, k = difference[..., ::step, ::step], known[..., ::step, ::step]
        across, down = (d[..., 1:] - d[..., :-1]).abs(), (d[..., 1:, :] - d[..., :-1, :]).abs()
        total = total + masked_mean(across, k[..., 1:] * k[..., :-1])
        total = total + masked_mean(down, k[..., 1:, :] * k[..., :-1, :])
    return total


def per_picture_mean(values: Tensor, known: Tensor) -> Tensor:
    return (values * known).sum((1, 2, 3), keepdim=True) / known.sum((1, 2, 3), keepdim=True).clamp(
        min=1
    )


def masked_mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp(min=1)
