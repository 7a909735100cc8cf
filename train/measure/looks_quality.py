"""Looks of the network per frame, and what alpha is worth with them: the clips of a set.

Every clip begins anew, as a video does. Knows nothing about printing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgeds.estimate.look_settings import LOOKS, LookSettings
from edgeds.evaluation import metrics
from edgeds.evaluation.dataset import Dataset, in_clip_order
from edgeds.evaluation.evaluate import alpha_scores
from edgeds.evaluation.sample import load
from edgeds.plate.plate import Plate
from edgeds.types import Engine, Frame, Maps
from train.measure.looks_cost import CountedLooks

SCORES = ("mad", "iou", "boundary_f")


def looks_of_set(
    engine: Engine, dataset: Dataset, settings: LookSettings = LOOKS
) -> dict[str, Any]:
    """Looks per frame, of all frames and of those with foreground in them; mean scores of alpha;
    dtSSD within the clips.
    """
    looks: CountedLooks | None = None
    found: dict[str, list[float]] = {name: [] for name in (*SCORES, "dtssd")}
    before: Any = None
    tallies = []
    for item in in_clip_order(dataset.items):
        sample = load(item)
        if looks is None or item.clip is None or before[0] != item.clip:
            looks, before = CountedLooks(engine, Plate(sample.plate), settings), (item.clip, None)
            tallies.append(looks)
        maps: Maps = looks(Frame(sample.frame, pts=item.index or 0))
        for name, score in alpha_scores(maps.alpha, sample, SCORES).items():
            if score is not None:
                found[name].append(score)
        if before[1] is not None and sample.alpha is not None:
            alpha, truth = before[1]
            every = np.ones(sample.size, bool)
            found["dtssd"].append(metrics.dtssd(maps.alpha, alpha, sample.alpha, truth, every))
        before = item.clip, None if sample.alpha is None else (maps.alpha.copy(), sample.alpha)
    means = {name: round(float(np.mean(all_)), 6) for name, all_ in found.items() if all_}
    return sum(tallies[1:], tallies[0]).summary() | means
