"""`build_engine`: makes an engine of another precision from the float engine, checks it, and puts
it in place.

The build runs in a folder beside the target, which is renamed at the end. A build that fails or is
stopped leaves the former engine as it was. Knows nothing about printing or options.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgeds.engine.build.calibration_set import read_calibration_set
from edgeds.engine.build.candidate_builder import (
    BuildTarget,
    Candidate,
    CandidateBuilder,
    Row,
    next_better,
)
from edgeds.engine.build.install_engine import check_replaceable, put, temporary_folder
from edgeds.engine.build.onnx_variants import Listener, Precision, check_tools
from edgeds.engine.card import Card, check_files, read_card
from edgeds.engine.engine_folders import built_engines, default_engine
from edgeds.engine.fits_this_machine import OF_SHIPPED, WEIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The result of a build."""

    folder: Path
    card: Card
    asked: Precision
    rows: tuple[Row, ...]
    """One for each precision that was tried, in order; the last one is the engine."""
    secs: float

    @property
    def refused(self) -> tuple[Row, ...]:
        """The precision that the gate refused, unless it was forced."""
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

    Where the gate (accuracy_gate.py) refuses it, the next better precision is made instead, unless
    `force` is set; `Built` names both. Float32 is never refused.

    Args:
        output: the engine's folder; an engine in it is replaced. None makes a folder among the
            user's built engines, named after size, precision and GPU.
        calibration: a set. Int8 is calibrated on a part of it; every precision but fp32 is
            judged on the rest.

    Raises:
        EngineError: something is missing, the output holds something else or cannot be written
            to, TensorRT failed.
        DatasetError: there is no set, or it is too small.
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
    with temporary_folder(parent) as work:
        builder = CandidateBuilder(source, work, target, frames, listener)
        made = [builder.made(precision)]
        while not force and (refused := made[-1].row.verdict) and not refused.passed:
            made.append(builder.made(next_better(made[-1].row.precision, target)))
        best = made[-1]
        name = engine_name(card, best.row.precision, target)
        folder = parent / name if output is None else output.absolute()
        check_replaceable(folder, source)
        done = _finished_card(best, folder.name, precision, made)
        done = replace(done, made={**done.made, **_network_of(card)})
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
    """Such as edgeds-192x320-int8 or edgeds-192x320-fp16-sm86. An engine of your own weights has
    their name in place of edgeds.
    """
    height, width = source.size
    network = Path(str(source.made.get(WEIGHTS, "edgeds"))).stem
    return "-".join(filter(None, (network, f"{height}x{width}", precision, target.gpu)))


def _network_of(source: Card) -> dict[str, Any]:
    """Which network the engine is made of, so that another version of edgeds can check it."""
    if WEIGHTS in source.made:
        return {WEIGHTS: source.made[WEIGHTS]}
    return {OF_SHIPPED: source.network_hash == read_card(default_engine()).network_hash}


def _finished_card(best: Candidate, name: str, asked: Precision, made: list[Candidate]) -> Card:
    card = read_card(best.folder)
    refusal: dict[str, Any] = {}
    if asked != best.row.precision:
        refusal["asked_for"] = asked
        refusal["refused"] = {
            one.row.precision: list(one.row.verdict.reasons)
            for one in made[:-1]
            if one.row.verdict is not None
        }
    metrics = {} if best.row.verdict is None else {"gate": best.row.verdict.to_json()}
    built = {"day": time.strftime("%Y-%m-%d"), "processors": os.cpu_count()}
    return replace(card, name=name, metrics=metrics, made={**card.made, **built, **refusal})
