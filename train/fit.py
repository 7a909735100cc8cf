"""The training loop: draws batches, takes steps. Knows nothing about files or pictures."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edgeds.engine.network.dual_head import DualHead, normalised
from train.batches import Batch, Samples, batches
from train.losses import alpha_loss, depth_loss
from train.material import Material
from train.run import Run, freeze, update_ema


def fit(material: Material, run: Run) -> Iterator[dict[str, float]]:
    """Train to the end, yielding one record a step; the caller logs and saves."""
    recipe = run.recipe
    for phase in recipe.phases:
        if run.progress >= phase.until:
            continue
        freeze(run.network, below=phase.trained_from)
        samples = Samples(material, phase.size, seed=recipe.seed, mix=recipe.mix)
        feed = batches(
            samples,
            first=run.drawn,
            batch_size=phase.batch_size,
            workers=recipe.workers,
            rank=run.among.rank,
            world=run.among.world,
        )
        began = time.monotonic()
        for batch in feed:
            waited_secs = time.monotonic() - began
            record = trained_step(run, batch) | {"waited_secs": waited_secs}
            # a stopped process does not age
            run.secs = run.among.agreed(run.secs + min(time.monotonic() - began, 10.0))
            began = time.monotonic()
            run.step += 1
            run.drawn += phase.batch_size * run.among.world
            yield record | {"step": run.step, "secs": run.secs, "size": phase.size[0]}
            if run.progress >= phase.until:
                break


def trained_step(run: Run, batch: Batch) -> dict[str, float]:
    """Forward, backward, update, EMA."""
    recipe = run.recipe
    factor = rate_factor(run.step, run.progress, recipe.warmup_steps)
    for group in run.optimizer.param_groups:
        group["lr"] = group["rate"] * factor
    frame, plate, alpha, inverse_depth = (x.to(run.among.device) for x in batch)
    frame, plate = (x.float().contiguous(memory_format=torch.channels_last) for x in (frame, plate))
    run.network.train()
    network = run.network
    of_plate = network.encode_plate(plate) if recipe.plate_gradients else constant(network, plate)
    logits, depth = network.logits(frame, of_plate)
    of_alpha = alpha_loss(logits, alpha)
    of_depth = depth_loss(F.softplus(depth), inverse_depth, alpha)
    loss = of_alpha + recipe.depth_weight * of_depth
    run.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    run.among.average_gradients(run.network.parameters())
    norm = nn.utils.clip_grad_norm_(run.network.parameters(), 5.0)
    if bool(torch.isfinite(norm)):
        run.optimizer.step()
    update_ema(run.ema, run.network, min(recipe.ema, (1 + run.step) / (20 + run.step)))
    return {
        "loss": float(loss.detach()),
        "alpha": float(of_alpha.detach()),
        "depth": float(of_depth.detach()),
        "norm": float(norm),
    }


def constant(network: DualHead, plate: Tensor) -> tuple[Tensor, ...]:
    """`encode_plate` with gradients for the fusion alone: the encoder learns from the frame's
    side.
    """
    with torch.no_grad():
        pixels = normalised(plate)
        p = network.encoder(pixels)
    return network.plate_features(pixels, p)


def rate_factor(step: int, progress: float, warmup_steps: int) -> float:
    """Linear warm-up, then a cosine down to 1 %."""
    warm = min(1.0, (step + 1) / warmup_steps)
    return warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))
