"""The plate's network as a task: pictures of scenes with their inverse depth, and its loss."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import Dataset

from edgeds.engine.network.plate_depth_network import STRIDE, Config, PlateDepth
from edgeds.evaluation import metrics
from train.plate_depth.plate_losses import plate_depth_loss
from train.plate_depth.plate_pictures import PlatePicture, Plates
from train.plate_depth.plate_sample import drawn_plate_sample
from train.run.half_precision import in_bfloat16
from train.run.recipe import Recipe
from train.run.run_pictures import grey, rgb, stretched

PlateBatch = tuple[Tensor, Tensor, Tensor]
"""pictures: uint8 (B, 3, H, W); inverse_depth: float32 (B, 1, H, W); is_guess: bool (B,)."""
WATCHED = 12


class PlateTask:
    """Inverse depth of an empty scene."""

    loss_names: tuple[str, ...] = ("loss",)
    reread_secs: float | None = 300.0

    def __init__(
        self, plates: Plates, recipe: Recipe, *, judged_by: Sequence[PlatePicture] = ()
    ) -> None:
        self.plates, self.recipe, self.judged_by = plates, recipe, judged_by

    def build(self) -> PlateDepth:
        return PlateDepth(Config(attention=self.recipe.attention))

    def samples(self, size: tuple[int, int]) -> PlateSamples:
        self.plates.refresh()
        return PlateSamples(self.plates, self.recipe, size, seed=self.recipe.seed)

    def losses(self, network: PlateDepth, batch: PlateBatch, *, device: str) -> dict[str, Tensor]:
        picture, inverse_depth, is_guess = (x.to(device) for x in batch)
        picture = picture.float().contiguous(memory_format=torch.channels_last)
        with in_bfloat16(self.recipe.bfloat16, device):
            logits = network.logits(picture)
        found = F.softplus(logits.float())
        return {"loss": plate_depth_loss(found, inverse_depth, is_guess)}

    def write_predictions(self, network: PlateDepth, path: Path) -> None:
        """Rows of picture, inverse depth, predicted inverse depth."""
        size, seed = self.recipe.phases[-1].size, self.recipe.seed + 1
        watch = PlateSamples(self.plates, self.recipe, size, seed=seed)
        network.eval()
        rows = []
        for picture, inverse_depth, _ in (watch[number] for number in range(WATCHED)):
            with torch.no_grad():
                device = next(network.parameters()).device
                found = network(picture[None].to(device).float())[0].cpu()
            known = grey(torch.zeros(1, 1, 1)) if float(inverse_depth.max()) <= 0 else None
            truth = stretched(inverse_depth.clamp(min=0)) if known is None else grey(inverse_depth)
            rows.append(np.hstack([rgb(picture), truth, stretched(found)]))
        cv2.imwrite(str(path), cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR))

    def validation(self, network: PlateDepth, size: tuple[int, int]) -> dict[str, float]:
        """Mean delta1 and AbsRel of one estimate per picture, after a fit of scale and shift."""
        scores = [scored(network, picture, size) for picture in self.judged_by]
        if not scores:
            return {}
        delta1, abs_rel = (float(np.mean(x)) for x in zip(*scores, strict=True))
        return {"delta1": round(delta1, 4), "abs_rel": round(abs_rel, 4)}


class PlateSamples(Dataset[PlateBatch]):
    """The endless sequence of `drawn_plate_sample` as torch wants it."""

    def __init__(self, plates: Plates, recipe: Recipe, size: tuple[int, int], *, seed: int) -> None:
        self.plates, self.recipe, self.size, self.seed = plates, recipe, size, seed

    def __getitem__(self, number: int) -> PlateBatch:
        s = drawn_plate_sample(
            self.plates, number, self.size, seed=self.seed, mix=self.recipe.plate_mix
        )
        picture = torch.from_numpy(s.picture.transpose(2, 0, 1).copy())
        return picture, torch.from_numpy(s.inverse_depth[None]), torch.tensor(s.is_guess)


@torch.no_grad()
def scored(
    network: PlateDepth, picture: PlatePicture, size: tuple[int, int]
) -> tuple[float, float]:
    """delta1 and AbsRel of one estimate of a picture, at about `size` and its own aspect."""
    network.eval()
    pixels, truth = picture.read()
    height, width = pixels.shape[:2]
    zoom = (size[0] * size[1] / (height * width)) ** 0.5
    sides = (max(STRIDE, STRIDE * round(side * zoom / STRIDE)) for side in (height, width))
    tall, wide = sides
    small = cv2.resize(pixels, (wide, tall), interpolation=cv2.INTER_AREA)
    device = next(network.parameters()).device
    batch = torch.from_numpy(small).permute(2, 0, 1)[None].float().to(device)
    found = cv2.resize(network(batch)[0, 0].cpu().numpy(), (width, height))
    known = truth > 1 / metrics.MAX_DEPTH_M
    depth_m = np.asarray(1 / np.where(known, truth, 1), np.float32)
    fitted = metrics.depth_from_fit(found, depth_m, known)
    return metrics.delta1(fitted, depth_m, known), metrics.abs_rel(fitted, depth_m, known)
