"""Means over items, with confidence intervals. Knows nothing about the metrics."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000
SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """The mean of a metric over the items that have it."""

    value: float
    count: int
    interval: tuple[float, float] | None
    """95 % bootstrap interval over scenes; None with fewer than two scenes."""


class Tally:
    """Collects values of named metrics, each with the scene it comes from."""

    def __init__(self) -> None:
        self._values: dict[str, list[tuple[str, float]]] = defaultdict(list)

    def add(self, scene: str, **values: float | None) -> None:
        """Add an item's values. None (no truth for the metric) is left out."""
        for name, value in values.items():
            if value is not None:
                self._values[name].append((scene, value))

    def mean(self, name: str) -> Mean | None:
        """The mean of all values of that name; None where there are none."""
        values = self._values.get(name)
        if not values:
            return None
        return Mean(
            value=float(np.mean([value for _, value in values])),
            count=len(values),
            interval=bootstrap_interval(values),
        )


def bootstrap_interval(values: list[tuple[str, float]]) -> tuple[float, float] | None:
    """95 % percentile interval of the mean, by drawing whole scenes (Efron & Tibshirani 1993).

    Scenes are drawn with replacement, since items of one scene are not independent; the mean of
    a draw is over the items of its scenes. The seed is fixed: same values, same interval.
    """
    totals: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)
    for scene, value in values:
        totals[scene] += value
        counts[scene] += 1
    if len(totals) < 2:
        return None
    total = np.array(list(totals.values()))
    count = np.array(list(counts.values()))
    rng = np.random.default_rng(SEED)
    batch = max(1, (1 << 20) // len(total))  # draws at once: some megabytes
    means: list[float] = []
    while len(means) < RESAMPLES:
        drawn = rng.integers(len(total), size=(min(batch, RESAMPLES - len(means)), len(total)))
        means += (total[drawn].sum(axis=1) / count[drawn].sum(axis=1)).tolist()
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
