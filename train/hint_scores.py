"""What hints are worth to a network that was trained with them: the same pictures with and without.

At the network's own size, without border refinement; plates are as they are. Knows no files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgeds.engine.network.frame_network import DualHead
from edgeds.engine.network.hints import memory_channels, plate_channels
from edgeds.evaluation import metrics
from edgeds.evaluation.sample import Sample
from edgeds.sources.scaling import resized
from edgeds.types import FloatMap, Pixels, Size
from train.batches import Batch

HINTS = ("sigma", "plate_depth", "memory")
"""In the order of a sample's."""


@torch.no_grad()
def scores_of_samples(network: DualHead, samples: Iterable[Batch]) -> Iterator[dict[str, Any]]:
    """For each hint, alpha MAD and depth AbsRel of the samples where it is known: without and with
    it alone.
    """
    found: dict[str, list[tuple[float, ...]]] = {hint: [] for hint in HINTS}
    for frame, plate, alpha, inverse_depth, hints in samples:
        if float(alpha.min()) < 0:
            continue
        frame, plate = frame[None].float(), plate[None].float()
        without = _answer(network, frame, plate, torch.full_like(hints, -1))
        for number, hint in enumerate(HINTS):
            if float(hints[number].max()) < 0:
                continue
            alone = torch.full_like(hints, -1)
            alone[number] = hints[number]
            told = _answer(network, frame, plate, alone)
            pairs = ((a, alpha, d, inverse_depth) for a, d in (without, told))
            found[hint].append(tuple(value for pair in pairs for value in _errors(*pair)))
    for hint, rows in found.items():
        if rows:
            mad, rel, told_mad, told_rel = np.nanmean(np.array(rows), 0)
            yield {
                "hint": hint,
                "samples": len(rows),
                "mad": [round(float(mad), 6), round(float(told_mad), 6)],
                "abs_rel": [round(float(rel), 4), round(float(told_rel), 4)],
            }


@torch.no_grad()
def scores_of_clip(network: DualHead, clip: Iterable[Sample], size: Size) -> dict[str, Any]:
    """Alpha MAD and dtSSD of a clip's frames in their order, without and with the network's own
    alpha of the frame before.
    """
    mads: list[list[float]] = [[], []]
    flicker: list[list[float]] = [[], []]
    before: list[FloatMap | None] = [None, None]
    truth_before: FloatMap | None = None
    for sample in clip:
        assert sample.alpha is not None
        frame, plate = (_tensor(resized(x, size)) for x in (sample.frame, sample.plate))
        truth = _small(sample.alpha, size)
        for which in (0, 1):
            hints = torch.full((3, *size), -1.0)
            earlier = before[which]
            if which and earlier is not None:
                hints[2] = torch.from_numpy(earlier)
            alpha: FloatMap = _answer(network, frame, plate, hints)[0][0, 0].numpy()
            mads[which].append(float(np.abs(alpha - truth).mean()))
            if earlier is not None and truth_before is not None:
                scored = np.ones(size, bool)
                flicker[which].append(metrics.dtssd(alpha, earlier, truth, truth_before, scored))
            before[which] = alpha
        truth_before = truth
    return {
        "hint": "memory",
        "frames": len(mads[0]),
        "mad": [round(float(np.mean(one)), 6) for one in mads],
        "dtssd": [round(float(np.mean(one)), 6) if one else None for one in flicker],
    }


def _answer(
    network: DualHead, frame: Tensor, plate: Tensor, hints: Tensor
) -> tuple[Tensor, Tensor]:
    told = hints[None]
    features = network.encode_plate(plate, plate_channels(told[:, :1], told[:, 1:2]))
    alpha, inverse_depth = network(frame, features, memory_channels(told[:, 2:]))
    return alpha, inverse_depth


def _errors(alpha: Tensor, truth: Tensor, depth: Tensor, true_depth: Tensor) -> tuple[float, float]:
    """Alpha MAD; AbsRel of depth after a fit of scale, NaN where it is not known."""
    mad = float((alpha[0] - truth).abs().mean())
    known = true_depth > 0
    if float(known.float().mean()) < 0.3:
        return mad, float("nan")
    inverse, wanted = depth[0][known], true_depth[known]
    scale = float((wanted / inverse.clamp(min=1e-6)).median())
    distance = 1 / (scale * inverse).clamp(min=1e-3)
    return mad, float(((distance - 1 / wanted).abs() * wanted).mean())


def _tensor(pixels: Pixels) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))[None]).float()


def _small(alpha: FloatMap, size: Size) -> FloatMap:
    levels = np.rint(255 * alpha).astype(np.uint8)
    three = resized(np.repeat(levels[..., None], 3, 2), size)
    return np.asarray(three[..., 0] / np.float32(255), np.float32)
