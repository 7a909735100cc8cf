"""Which weights of the plate's network an engine gets: chosen on validation plates, then exported.

A network that went on training often lost a little of what it could before. So besides the weights
themselves their means with the frame's network count, that they once started from.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeds.engine.card import Card
from edgeds.evaluation.dataset import Dataset
from edgeds.evaluation.evaluate import Report
from train.export.average_weights import average_weights
from train.plate_depth.plate_engine import add_plate_depth, evaluated_on_plates, torch_depth

SCORES = ("delta1", "abs_rel", "depth_boundary_recall")


@dataclass(frozen=True, slots=True)
class Score:
    """How a share of the trained weights does on each set."""

    share: float
    reports: tuple[Report, ...]

    @property
    def abs_rel(self) -> float:
        """The mean of AbsRel over the sets, which all count alike; infinite if a set has none."""
        found = [report.means["abs_rel"] for report in self.reports]
        return sum(float("inf") if one is None else one.value for one in found) / len(found)

    def words(self) -> str:
        """One line for people."""
        sets = []
        for report in self.reports:
            values = (report.means[name] for name in SCORES)
            shown = " / ".join("-" if one is None else f"{one.value:.3f}" for one in values)
            sets.append(f"{report.set} {shown}")
        return f"share {self.share:g}: {'; '.join(sets)}; mean AbsRel {self.abs_rel:.4f}"


def add_best_share(
    weights: Path,
    start: Path,
    engine: Path,
    sets: Sequence[Dataset],
    *,
    shares: Sequence[float],
    size: tuple[int, int],
    keep: Path | None = None,
    say: Callable[[str], None] = lambda _text: None,
) -> Card:
    """Put the share with the least mean AbsRel over the sets into an engine's folder.

    Args:
        weights: of the plate's network, trained.
        start: of the frame's network; its share is the rest.
        keep: where to keep the chosen weights, to continue from or to export at another size.
        say: called with a line for each share.

    Raises:
        WeightsError, DatasetError, EngineError, SizeError: as the functions that this calls.
    """
    with tempfile.TemporaryDirectory() as folder:
        scores: list[Score] = []
        files: list[Path] = []
        for share in shares:
            path = Path(folder) / f"{share:g}.safetensors"
            average_weights(start, weights, path, share=share)
            network = torch_depth(path, size)
            scores.append(Score(share, tuple(evaluated_on_plates(network, one) for one in sets)))
            files.append(path)
            say(scores[-1].words())
        best = min(range(len(scores)), key=lambda i: scores[i].abs_rel)
        metrics = {one.set: _few(one) for one in scores[best].reports}
        made = {"share": scores[best].share}
        if keep is not None:
            keep.write_bytes(files[best].read_bytes())
        return add_plate_depth(files[best], engine, size=size, metrics=metrics, made=made)


def _few(report: Report) -> dict[str, Any]:
    """What the card keeps of a report."""
    means = {name: report.means[name] for name in SCORES}
    return {"plates": report.items} | {
        name: None if one is None else round(one.value, 4) for name, one in means.items()
    }
