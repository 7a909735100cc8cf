"""Scores alpha under growing plate errors: the same items under every error of `plate_errors`.

Knows nothing about engines or printing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgeds.errors import DatasetError
from edgeds.evaluation.dataset import Dataset, Item
from edgeds.evaluation.evaluate import EstimateForPlate, alpha_scores
from edgeds.evaluation.plate_errors import PERTURBATIONS, spoiled_sample
from edgeds.evaluation.sample import load
from edgeds.evaluation.statistics import Mean, Tally
from edgeds.types import Frame

METRICS = ("mad", "iou", "boundary_f", "empty_false_alarm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One setting of the sweep and alpha's scores under it."""

    error: str
    """The name of a plate error; "none" for the set as it is, "all" for all at once."""
    strength: float | None
    """None for "none" and for "all", where each error has its middle strength."""
    means: dict[str, Mean | None]
    """The metrics METRICS; None where the set has no truth for it."""

    def to_json(self) -> dict[str, object]:
        values = {name: mean.value if mean else None for name, mean in self.means.items()}
        return {"error": self.error, "strength": self.strength, **values}


def sweep(
    dataset: Dataset,
    estimate_for_plate: EstimateForPlate,
    *,
    on_item: Callable[[Item], None] = lambda _item: None,
) -> tuple[Point, ...]:
    """Score alpha under every setting; each item and setting gets its own estimator.

    Takes the items whose alpha is known and whose plate is another picture than the frame.

    Raises:
        DatasetError: the set has no such item, or a file is bad.
    """
    items = sweepable(dataset)
    settings: list[tuple[str, float | None]] = [("none", None)]
    settings += [(error.name, strength) for error in PERTURBATIONS for strength in error.strengths]
    settings += [("all", None)]
    tallies = [Tally() for _ in settings]
    for item in items:
        sample = load(item)
        for (name, strength), tally in zip(settings, tallies, strict=True):
            spoiled = spoiled_sample(sample, name, strength)
            maps = estimate_for_plate(spoiled.plate)(Frame(spoiled.frame))
            tally.add(item.scene, **alpha_scores(maps.alpha, spoiled, METRICS))
        on_item(item)
    return tuple(
        Point(error=name, strength=strength, means={m: tally.mean(m) for m in METRICS})
        for (name, strength), tally in zip(settings, tallies, strict=True)
    )


def sweepable(dataset: Dataset) -> tuple[Item, ...]:
    """The items a sweep can use.

    Raises:
        DatasetError: the set has no such item.
    """
    items = tuple(
        item
        for item in dataset.items
        if (item.alpha is not None or item.empty) and not item.plate_is_frame
    )
    if not items:
        raise DatasetError(
            f"cannot sweep {dataset.name!r}",
            why="no item has both a known alpha and a plate that is not the frame itself",
            fix="give a set with `alpha` files, or leave --sweep and --plot out",
        )
    return items
