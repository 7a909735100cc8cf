"""Which settings of `edgeds.estimate.foreground_depth` score best, on training scenes.

They make up for what a network says of people, so they are chosen again with new weights. The
network sees whole frames, and depth is scored at its size.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from edgeds.estimate.depth_fit import anchored, fit_to_plate, middle_of, spread_foreground
from edgeds.estimate.foreground_depth import foreground_depth
from edgeds.estimate.plate_depth import DepthNetwork, plate_depth_of
from edgeds.estimate.settings import FOREGROUND_DEPTH, ForegroundDepth
from edgeds.evaluation import metrics
from edgeds.evaluation.dataset import Dataset, read_set
from edgeds.evaluation.sample import load
from edgeds.sources.scaling import resized
from edgeds.types import Engine, FloatMap

TRAINING = "*[!7]"


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the network says of a frame with somebody in it, and the truth; all maps (h, w)."""

    depth: FloatMap
    """Inverse, in the plate's units."""
    alpha: FloatMap
    plate_depth: FloatMap
    middle: float
    true_m: FloatMap
    """0 is unknown."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The means over frames."""

    delta1: float
    abs_rel: float


def answers(dataset: Dataset, engine: Engine, network: DepthNetwork) -> Iterator[Answer]:
    """One for each frame of known depth that is not its own plate."""
    plates: dict[str, FloatMap] = {}
    height, width = engine.size
    for item in dataset.items:
        if item.plate_is_frame or item.depth_mm is None:
            continue
        sample = load(item)
        assert sample.depth_m is not None
        name = str(item.plate)
        if name not in plates:
            plate = plate_depth_of(network, sample.plate)
            small = cv2.resize(plate, (width, height), interpolation=cv2.INTER_AREA)
            plates = {name: np.asarray(small, np.float32)}
        features = engine.encode_plate(resized(sample.plate, engine.size))
        raw = engine.infer(resized(sample.frame, engine.size), features)
        fit = fit_to_plate(raw.inverse_depth, plates[name], raw.alpha)
        true = cv2.resize(sample.depth_m, (width, height), interpolation=cv2.INTER_NEAREST)
        depth = np.asarray(fit.scale * raw.inverse_depth + fit.shift, np.float32)
        yield Answer(
            depth, raw.alpha.copy(), plates[name], middle_of(plates[name]),
            np.asarray(true, np.float32),
        )  # fmt: skip


def scored(found: Sequence[Answer], settings: ForegroundDepth) -> Scored:
    """
    Args:
        found: at least one.
    """
    scores = []
    for one in found:
        near = foreground_depth(one.depth, one.alpha, one.plate_depth, one.middle, settings)
        near = spread_foreground(near, one.alpha)
        inverse, known = anchored(one.alpha, one.plate_depth, near), one.true_m > 0
        metres = metrics.depth_from_fit(inverse, one.true_m, known)
        score = metrics.delta1, metrics.abs_rel
        scores.append([metric(metres, one.true_m, known) for metric in score])
    delta1, abs_rel = np.mean(scores, axis=0)
    return Scored(float(delta1), float(abs_rel))


def nearness(
    sets: Annotated[list[Path], typer.Argument(help="sets with depth and with people")],
    engine: Annotated[str | None, typer.Option(help="default: the shipped one")] = None,
    scenes: Annotated[str, typer.Option(help="only these; default: training")] = TRAINING,
    gains: Annotated[str, typer.Option(help="to try")] = "1,1.04,1.08,1.12",
    powers: Annotated[str, typer.Option(help="to try")] = "1,1.05,1.1",
    cut_gains: Annotated[str, typer.Option(help="to try")] = str(FOREGROUND_DEPTH.cut_gain),
    stands: Annotated[str, typer.Option(help="to try")] = str(FOREGROUND_DEPTH.stands),
    reaches: Annotated[str, typer.Option(help="to try")] = str(FOREGROUND_DEPTH.stands_reach),
    windows: Annotated[str, typer.Option(help="to try")] = str(FOREGROUND_DEPTH.window),
    alikes: Annotated[str, typer.Option(help="to try")] = str(FOREGROUND_DEPTH.alike),
) -> None:
    """Score settings of the foreground's depth, to choose them for new weights."""
    from edgeds.engine import open_engine
    from edgeds.engine.plate_depth_engine import open_plate_depth

    cv2.setNumThreads(1)
    network = open_plate_depth(engine, device="cpu")
    if network is None:
        raise typer.BadParameter("the engine has no network for the plate's depth")
    given = gains, powers, cut_gains, stands, reaches, windows, alikes
    tried = [[float(one) for one in text.split(",")] for text in given]
    found_of: dict[str, list[float]] = {}
    with open_engine(engine, device="cpu") as opened:
        for path in sets:
            found = list(answers(read_set(path).of_scenes(scenes), opened, network))
            typer.echo(f"{path.name}: {len(found)} frames")
            for gain, power, cut, stand, reach, window, alike in itertools.product(*tried):
                settings = replace(
                    FOREGROUND_DEPTH, gain=gain, power=power, cut_gain=cut, stands=stand,
                    stands_reach=reach, window=window, alike=alike,
                )  # fmt: skip
                score = scored(found, settings)
                name = (
                    f"gain {gain:g} power {power:g} cut_gain {cut:g} stands {stand:g} "
                    f"reach {reach:g} window {window:g} alike {alike:g}"
                )
                typer.echo(f"{name}: delta1 {score.delta1:.4f} AbsRel {score.abs_rel:.4f}")
                found_of.setdefault(name, []).append(score.delta1)
    best = max(found_of, key=lambda name: sum(found_of[name]))
    typer.echo(f"best, by the mean of delta1 over the sets: {best}")
