"""Scores that a mean over all items hides: small foregrounds, and items that the border refinement
makes worse. Plates are corrected and parts looked at, as in `edgeds eval`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from edgeds.estimate.estimator import Estimator
from edgeds.estimate.maintained_estimator import MaintainedEstimator
from edgeds.estimate.settings import MATTE, Matte
from edgeds.evaluation.dataset import Dataset, Item
from edgeds.evaluation.evaluate import alpha_scores
from edgeds.evaluation.sample import Sample, load
from edgeds.plate.plate import Plate
from edgeds.types import Engine, Frame

UNREFINED = replace(MATTE, band=0.5)
"""Nothing is closer to neither 0 nor 1: the coarse alpha is enlarged, and that is all."""
WORSE = 1.05
"""Times the coarse alpha's MAD."""
_NOISE = 1e-5
"""Least difference of MAD that counts; one pixel of a picture of 640x360 is 4e-6."""


@dataclass(frozen=True, slots=True)
class ItemScore:
    """One item with foreground."""

    stem: str
    share: float
    """Share of the picture that is foreground."""
    iou: float
    mad: float
    coarse_mad: float
    """Without the border refinement."""

    @property
    def is_worse(self) -> bool:
        return self.mad > WORSE * self.coarse_mad + _NOISE


def item_scores(engine: Engine, dataset: Dataset) -> Iterator[ItemScore]:
    """The items with foreground, in the set's order; each alone, clips too.

    Raises:
        edgeds.errors.DatasetError: a file is bad.
    """
    for item in dataset.items:
        if item.alpha is None or item.empty or item.plate_is_frame:
            continue
        yield _scored(engine, load(item), item)


def _scored(engine: Engine, sample: Sample, item: Item) -> ItemScore:
    assert sample.alpha is not None
    frame = Frame(sample.frame)
    maintained = MaintainedEstimator(Estimator(engine, Plate(sample.plate, origin="file")))
    fine = alpha_scores(maintained(frame).alpha, sample, ("iou", "mad"))
    coarse = alpha_scores(
        _alone(engine, maintained.plate, UNREFINED)(frame).alpha, sample, ("mad",)
    )
    found = fine["iou"], fine["mad"], coarse["mad"]
    iou, mad, coarse_mad = (float("nan") if value is None else value for value in found)
    return ItemScore(item.stem, float((sample.alpha > 0.5).mean()), iou, mad, coarse_mad)


def _alone(engine: Engine, plate: Plate, matte: Matte) -> Estimator:
    return Estimator(engine, plate, matte=matte)


def summary(scores: list[ItemScore]) -> dict[str, object]:
    """The quarter with the least foreground, and the items that refinement makes worse."""
    least = sorted(scores, key=lambda one: one.share)[: max(1, len(scores) // 4)]
    worse = sorted(
        (one for one in scores if one.is_worse), key=lambda one: one.coarse_mad - one.mad
    )
    return {
        "items": len(scores),
        "least_foreground": {
            "items": len(least),
            "share": round(float(np.mean([one.share for one in least])), 4),
            "iou": round(float(np.nanmean([one.iou for one in least])), 4),
        },
        "made_worse": {"items": len(worse), "most": [one.stem for one in worse[:5]]},
        "mad": round(float(np.nanmean([one.mad for one in scores])), 6),
        "mad_without_refinement": round(float(np.nanmean([one.coarse_mad for one in scores])), 6),
    }
