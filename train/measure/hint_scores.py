"""What the plate's depth is worth to a network that was trained with it: frames of a set, with and
without.

The hint is what the plate's own network says, as in a run of edgeds, and depth is fitted and evened
as edgeds does it. At the network's own size, without border refinement; plates are as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from edgeds.engine.network.frame_network import DualHead
from edgeds.estimate.depth_fit import anchored, fit_to_plate, middle_of, spread_foreground
from edgeds.estimate.foreground_depth import foreground_depth
from edgeds.estimate.plate_depth import DepthNetwork, plate_depth_of
from edgeds.evaluation import metrics
from edgeds.evaluation.dataset import Dataset
from edgeds.evaluation.sample import Sample, load
from edgeds.sources.scaling import resized
from edgeds.types import FloatMap, Pixels, Size

Scores = dict[str, float | None]
SCORES = (
    "mad",
    "iou",
    "raw_abs_rel",
    "delta1",
    "abs_rel",
    "foreground_delta1",
    "foreground_abs_rel",
)
"""Scores of alpha; of the network's own depth, scale and shift fitted to the truth; of depth as
edgeds makes it, in the whole frame, and where there is foreground.
"""


@torch.no_grad()
def scores_of_set(
    network: DualHead, dataset: Dataset, depth_network: DepthNetwork, size: Size
) -> dict[str, Any]:
    """Means over the frames with known depth that are not their own plate: each without the hint,
    and with it; None where the set has no truth for it.
    """
    rows = list(_rows(network, dataset, depth_network, size))
    means = {
        name: [_mean([row[hinted].get(name) for row in rows]) for hinted in (0, 1)]
        for name in SCORES
    }
    return {"set": dataset.name, "frames": len(rows)} | means


def _mean(scores: list[float | None]) -> float | None:
    known = [one for one in scores if one is not None]
    return round(float(np.mean(known)), 5) if known else None


def _rows(
    network: DualHead, dataset: Dataset, depth_network: DepthNetwork, size: Size
) -> Iterator[list[Scores]]:
    plates: dict[str, FloatMap] = {}
    for item in dataset.items:
        if item.plate_is_frame or item.depth_mm is None:
            continue
        sample = load(item)
        name = str(item.plate)
        if name not in plates:
            depth = plate_depth_of(depth_network, sample.plate)
            small = cv2.resize(depth, size[::-1], interpolation=cv2.INTER_AREA)
            plates = {name: np.asarray(small, np.float32)}
        yield [
            _scored(_answer(network, sample, known, size), sample, plates[name], size)
            for known in (None, plates[name])
        ]


def _answer(
    network: DualHead, sample: Sample, plate_depth: FloatMap | None, size: Size
) -> tuple[FloatMap, FloatMap]:
    frame, plate = (_tensor(resized(x, size)) for x in (sample.frame, sample.plate))
    hints = np.full((1, 2, *size), -1, np.float32)
    if plate_depth is not None:
        hints[0, 1] = plate_depth / plate_depth.mean()
    features = network.encode_plate(plate, torch.from_numpy(hints))
    alpha, inverse_depth = network(frame, features)
    return alpha[0, 0].numpy(), inverse_depth[0, 0].numpy()


def _scored(
    answer: tuple[FloatMap, FloatMap], sample: Sample, plate_depth: FloatMap, size: Size
) -> Scores:
    alpha, raw = answer
    assert sample.depth_m is not None
    truth = _nearest(sample.depth_m, size)
    known = truth > 0
    fit = fit_to_plate(raw, plate_depth, alpha)
    depth = np.asarray(fit.scale * raw + fit.shift, np.float32)
    near = foreground_depth(depth, alpha, plate_depth, middle_of(plate_depth))
    inverse = anchored(alpha, plate_depth, spread_foreground(near, alpha))
    metres = metrics.depth_from_fit(inverse, truth, known)
    scores: Scores = {
        "raw_abs_rel": metrics.abs_rel(metrics.depth_from_fit(raw, truth, known), truth, known),
        "delta1": metrics.delta1(metres, truth, known),
        "abs_rel": metrics.abs_rel(metres, truth, known),
    }
    if sample.alpha is None:
        return scores
    true_alpha = cv2.resize(sample.alpha, size[::-1], interpolation=cv2.INTER_AREA)
    everywhere, there = np.ones_like(known), known & (true_alpha > 0.5)
    scores["mad"] = metrics.mad(alpha, true_alpha, everywhere)
    scores["iou"] = metrics.iou(alpha, true_alpha, everywhere)
    if there.any():
        scores["foreground_delta1"] = metrics.delta1(metres, truth, there)
        scores["foreground_abs_rel"] = metrics.abs_rel(metres, truth, there)
    return scores


def _nearest(depth_m: FloatMap, size: Size) -> FloatMap:
    small: FloatMap = cv2.resize(depth_m, size[::-1], interpolation=cv2.INTER_NEAREST)
    return small


def _tensor(pixels: Pixels) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1))[None]).float()
