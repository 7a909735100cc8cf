"""What the plate's noise is worth to a network that takes it: filmed scenes, with and without.

Each scene is filmed empty, for a captured plate, and as a clip with people, for an estimated one;
plates and noise are made as edgeds makes them. Judged is a frame with nobody in view, and one with
somebody who stands for a part of the clip. At the network's own size, without border refinement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from edgeds.errors import PlateError
from edgeds.plate.estimated_from_clip import plate_from_samples
from edgeds.plate.median import median_plate_at_once
from edgeds.plate.plate import Plate, noise_of
from edgeds.sources.scaling import resized
from edgeds.types import Engine, FloatMap, Pixels
from train.samples.material import Material
from train.sets.filmed_scenes import STILL, FilmedScene, filmed_scene

Group = tuple[str, str, str]
Scores = tuple[float, float, float]
NAMES = ("mad", "false", "missed")
"""Means over pixels: of alpha's error; share of what is foreground at .5 and should not be; and of
the reverse.
"""


def noise_scores(
    engine: Engine, material: Material, count: int, *, seed: int = 11
) -> Iterator[dict[str, Any]]:
    """Means of `count` scenes by plate, background and frame: each without noise, and with it."""
    found: dict[Group, list[tuple[Scores, Scores]]] = defaultdict(list)
    for number in range(count):
        for group, scores in _of_scene(engine, filmed_scene(material, number, seed=seed)):
            found[group].append(scores)
    for group, rows in sorted(found.items()):
        means = np.mean(rows, axis=0)
        scores_of = {name: means[:, at].round(6).tolist() for at, name in enumerate(NAMES)}
        yield (
            dict(zip(("plate", "background", "frame"), group, strict=True))
            | {"scenes": len(rows)}
            | scores_of
        )


def _of_scene(engine: Engine, scene: FilmedScene) -> Iterator[tuple[Group, tuple[Scores, Scores]]]:
    plates = {"captured": median_plate_at_once(scene.captured())}
    try:
        plates["clip"] = plate_from_samples(scene.clip())
    except PlateError:  # of too much that moves: edgeds refuses it, too
        return
    stay = scene.visits[0]
    middle = stay.begin + stay.secs * float(scene.rng.uniform(0.2, 0.8))
    frames = {
        "empty": scene.shot(float(scene.rng.uniform(0, scene.secs)), []),
        "people": scene.shot(middle, scene.visits),
    }
    background = STILL if scene.kind == STILL else "moving"
    for name, plate in plates.items():
        for who, (frame, alpha) in frames.items():
            without = _scores(engine, replace(plate, noise=None), frame, alpha)
            yield (name, background, who), (without, _scores(engine, plate, frame, alpha))


def _scores(engine: Engine, plate: Plate, frame: Pixels, alpha: FloatMap) -> Scores:
    size = engine.size
    features = engine.encode_plate(resized(plate.pixels, size), noise_of(plate, size))
    found = engine.infer(resized(frame, size), features).alpha
    truth = cv2.resize(alpha, size[::-1], interpolation=cv2.INTER_AREA)
    false, missed = (found > 0.5) & (truth < 0.5), (found < 0.5) & (truth > 0.5)
    return float(np.abs(found - truth).mean()), float(false.mean()), float(missed.mean())
