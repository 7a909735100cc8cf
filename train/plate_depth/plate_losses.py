"""The losses of the plate's network. Each takes batches and returns one number. Knows no network.

Targets of -1 are unknown and do not count; 0 is infinitely far. Errors are differences of
logarithms, since depth is scored by ratios of depths after a fit of scale and shift.
"""

from __future__ import annotations

import torch
from torch import Tensor

from train.run.frame_losses import gradient_loss, masked_mean, per_picture_mean

FAR = 0.1
"""Share of the picture's mean inverse depth; ratios below it (ten times as far) count little."""
GUESS = 0.1
"""Weight of a guess; drawn and rendered depth has 1."""


def plate_depth_loss(prediction: Tensor, target: Tensor, is_guess: Tensor) -> Tensor:
    """All terms; prediction and target are (B, 1, H, W), `is_guess` is (B,).

    Guesses have an unknown scale and shift. They are compared after a fit of both, as in Ranftl et
    al. 2020 (MiDaS), without the pixels that fit worst. Drawn depth has its zero at infinity, and
    is also compared after a fit of scale alone: a network that was free to shift drifted to where
    softplus is flat.
    """
    known = (target >= 0).float()
    unit = per_picture_mean(target.clamp(min=0), known).clamp(min=1e-4)
    target = target.clamp(min=0) / unit
    mean = per_picture_mean(prediction, known).clamp(min=1e-6)
    scaled = prediction / mean
    exact = (~is_guess).float().view(-1, 1, 1, 1)
    difference = log_difference(scaled, target)
    aligned = log_difference(aligned_to(scaled, target, known), target).abs()
    aligned_weight = known * kept_after_trimming(aligned, known, is_guess)
    metres = (mean.log() - unit.log()).abs()
    return (
        masked_mean(difference.abs(), known * exact)
        + 0.5 * masked_mean(aligned, aligned_weight * (exact + GUESS * (1 - exact)))
        + 0.5 * gradient_loss(difference, known * exact)
        + 0.05 * masked_mean(metres, exact)
    )


def log_difference(prediction: Tensor, target: Tensor) -> Tensor:
    return (prediction + FAR).log() - (target + FAR).log()


def aligned_to(prediction: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """The prediction after a least-squares fit of scale and shift, on relative errors; 0 at least.

    The fit has no gradient. A prediction with near and far exchanged keeps a small positive scale,
    so that the loss still pulls it back.
    """
    with torch.no_grad():
        weight = known / (target + FAR) ** 2
        total = weight.sum((1, 2, 3), keepdim=True).clamp(min=1e-6)
        mean, wanted = (
            (weight * x).sum((1, 2, 3), keepdim=True) / total for x in (prediction, target)
        )
        variance = (weight * (prediction - mean) ** 2).sum((1, 2, 3), keepdim=True)
        both = (weight * (prediction - mean) * (target - wanted)).sum((1, 2, 3), keepdim=True)
        scale = (both / variance.clamp(min=1e-6)).clamp(0.1, 10.0)
        shift = wanted - scale * mean
    return (scale * prediction + shift).clamp(min=0)


def kept_after_trimming(
    error: Tensor, known: Tensor, is_guess: Tensor, share: float = 0.8
) -> Tensor:
    """Which pixels count: of a guess, the `share` that fits best; of other depth, all."""
    kept = torch.ones_like(error)
    for i in is_guess.nonzero().flatten().tolist():
        values = error[i][known[i] > 0].detach()
        if values.numel():
            kept[i] = (error[i].detach() <= values.quantile(share)).float()
    return kept
