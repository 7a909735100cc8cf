"""The frame's network as a task: samples of frame, plate, alpha and depth, and its losses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from edgeds.engine.network.frame_network import Config, DualHead, normalised
from train.run.frame_losses import alpha_loss, depth_loss
from train.run.half_precision import in_bfloat16
from train.run.recipe import Recipe
from train.run.run_pictures import write_predictions
from train.samples.batches import Batch, Samples
from train.samples.material import Material


class FrameTask:
    """Alpha and inverse depth of a frame before its plate."""

    loss_names: tuple[str, ...] = ("alpha", "depth")
    reread_secs: float | None = None

    def __init__(
        self, material: Material, recipe: Recipe, *, build: Callable[[], DualHead] | None = None
    ) -> None:
        self.material, self.recipe = material, recipe
        self.build = build or (lambda: DualHead(Config(hints=recipe.mix.hints)))

    def samples(self, size: tuple[int, int]) -> Samples:
        return Samples(self.material, size, seed=self.recipe.seed, mix=self.recipe.mix)

    def losses(self, network: DualHead, batch: Batch, *, device: str) -> dict[str, Tensor]:
        frame, plate, alpha, inverse_depth, hints = (x.to(device) for x in batch)
        frame, plate = (
            x.float().contiguous(memory_format=torch.channels_last) for x in (frame, plate)
        )
        known = hints if network.config.hints else None
        encode = network.encode_plate if self.recipe.plate_gradients else partial(constant, network)
        with in_bfloat16(self.recipe.bfloat16, device):
            logits, depth = network.logits(frame, encode(plate, known))
        of_alpha = alpha_loss(logits.float(), alpha)
        of_depth = depth_loss(
            F.softplus(depth.float()),
            inverse_depth,
            alpha,
            foreground_weight=self.recipe.foreground_depth_weight,
        )
        loss = of_alpha + self.recipe.depth_weight * of_depth
        return {"loss": loss, "alpha": of_alpha, "depth": of_depth}

    def write_predictions(self, network: DualHead, path: Path) -> None:
        recipe = self.recipe
        size = recipe.phases[-1].size
        watch = Samples(self.material, size, seed=recipe.seed + 1, mix=recipe.mix)
        write_predictions(network, watch, path)

    def validation(self, _network: DualHead, _size: tuple[int, int]) -> dict[str, float]:
        return {}  # `evaluate` scores its sets; that is too slow for every checkpoint


def constant(network: DualHead, plate: Tensor, hints: Tensor | None) -> tuple[Tensor, ...]:
    """`encode_plate` with gradients for the fusion alone; the encoder learns from the frame."""
    with torch.no_grad():
        pixels = normalised(plate)
        p = network.encoder(pixels)
    return network.plate_features(pixels, p, hints)
