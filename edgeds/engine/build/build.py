"""`build_engine`: from the float engine to one of another precision, judged, in its place.

All of it happens in a folder beside the target and is renamed at the end: a build that fails, or
is stopped, leaves the engine that was there. Knows nothing about printing or options.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgeds.engine.build.calibration import read_calibration_set
from edgeds.engine.build.candidate_builder import (
    BuildTarget,
    Candidate,
    CandidateBuilder,
    Row,
    next_better,
)
from edgeds.engine.build.replacing import check_replaceable, put, workplace
from edgeds.engine.build.variants import Listener, Precision, check_tools
from edgeds.engine.card import Card, check_files, read_card
from edgeds.engine.places import built_engines, default_engine
from edgeds.engine.target import OF_SHIPPED, WEIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What came of a build."""

    folder: Path
    card: Card
    asked: Precision
    rows: tuple[Row, ...]
    """In the order they were tried; the last one is the engine."""
    secs: float

    @property
    def refused(self) -> tuple[Row, ...]:
        """What the gate refused and nobody forced."""
        return self.rows[:-1]


def build_engine(
    source: Path,
    output: Path | None,
    *,
    precision: Precision,
    target: BuildTarget,
    calibration: Path,
    force: bool = False,
    listener: Listener | None = None,
) -> Built:
    """Make an engine of `precision` from the float32 ONNX engine in `source`.

    Where the gate refuses it (see engine/gate.py), the next better precision is made instead,
    unless `force` is set; `Built` tells. Float32 is never refused.

    Args:
        output: the engine's folder, replaced if it holds an engine; None is one in the user's
            folder of built engines, named after size, precision and GPU.
        calibration: a set; int8 is calibrated on some of it, all but fp32 judged on the rest.

    Raises:
        EngineError: something is missing, the output holds something else or cannot be written
            to, TensorRT failed.
        DatasetError: the set is none, or too small.
        RunError: the disk is full.
    """
    started = time.monotonic()
    listener = listener or Listener()
    card = read_card(source)
    check_files(card, source)
    if precision != "fp32":
        check_tools()
    frames = None if precision == "fp32" else read_calibration_set(calibration)
    if output is not None:
        check_replaceable(output, source)
    parent = built_engines() if output is None else output.absolute().parent
    with workplace(parent) as work:
        maker = CandidateBuilder(source, work, target, frames, listener)
        made = [maker.made(precision)]
        while not force and (refused := made[-1].row.verdict) and not refused.passed:
            made.append(maker.made(next_better(made[-1].row.precision, target)))
        best = made[-1]
        name = engine_name(card, best.row.precision, target)
        folder = parent / name if output is None else output.absolute()
        check_replaceable(folder, source)
        done = _finished_card(best, folder.name, precision, made)
        done = replace(done, made={**done.made, **_network_told(card)})
        done.write(best.folder)
        put(best.folder, folder)
    return Built(
        folder=folder,
        card=done,
        asked=precision,
        rows=tuple(one.row for one in made),
        secs=time.monotonic() - started,
    )


def engine_name(source: Card, precision: Precision, target: BuildTarget) -> str:
    """Such as edgeds-192x320-int8, edgeds-192x320-fp16-sm86, or with the name of one's own weights
    in place of edgeds.
    """
    height, width = source.size
    network = Path(str(source.made.get(WEIGHTS, "edgeds"))).stem
    return "-".join(filter(None, (network, f"{height}x{width}", precision, target.gpu)))


def _network_told(source: Card) -> dict[str, Any]:
    """Which network it is, for who loads the engine later, and perhaps with another edgeds."""
    if WEIGHTS in source.made:
        return {WEIGHTS: source.made[WEIGHTS]}
    return {OF_SHIPPED: source.network_hash == read_card(default_engine()).network_hash}


def _finished_card(best: Candidate, name: str, asked: Precision, made: list[Candidate]) -> Card:
    card = read_card(best.folder)
    told: dict[str, Any] = {}
    if asked != best.row.precision:
        told["asked_for"] = asked
        told["refused"] = {
            one.row.precision: list(one.row.verdict.reasons)
            for one in made[:-1]
            if one.row.verdict is not None
        }
    metrics = {} if best.row.verdict is None else {"gate": best.row.verdict.to_json()}
    built = {"day": time.strftime("%Y-%m-%d"), "processors": os.cpu_count()}
    return replace(card, name=name, metrics=metrics, made={**card.made, **built, **told})
