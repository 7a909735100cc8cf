"""Shadow, steadiness and cost of the layers, measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import cv2
import numpy as np

from edgeds.estimate.estimator import Estimator
from edgeds.estimate.look_settings import WHOLE, LookSettings
from edgeds.estimate.settings import DRAWN_AGAIN, DRAWN_ONCE, MATTE
from edgeds.evaluation.dataset import Dataset
from edgeds.evaluation.metrics import dtssd, mad
from edgeds.evaluation.sample import Sample, load
from edgeds.plate.plate import Plate
from edgeds.sinks.layers.names import LAYERS
from edgeds.types import Engine, FloatMap, Frame, Maps
from edgeds.views.compose import composer
from edgeds.views.editor_layers import layers_composer
from edgeds.views.shadow import shadow_of
from edgeds.views.steadiness import Steady

_SHADOW_HEIGHT = 128
"""Shadows are compared on maps so high: noise of single pixels is none of them."""
_CLEAR_SHADOW = 0.02
"""Deviation of the true ratio from which on a picture has a clear shadow."""
_NOISE_LEVELS = 4.0
_STILL_FRAMES = 20
_LAGS = (0, 1, 2)


def shadow_figures(engine: Engine, rooms: Dataset) -> dict[str, float]:
    """Correlation of the layer with the true ratio of frame and plate outside the foreground."""
    found: list[FloatMap] = []
    true: list[FloatMap] = []
    clear: list[float] = []
    for item in rooms.items:
        sample = load(item)
        if item.plate_is_frame or sample.alpha is None or item.empty:
            continue
        frame = Frame(sample.frame)
        maps = Estimator(engine, Plate(sample.plate, origin="file"), looks=WHOLE)(frame)
        density, missing = _outside(sample, shadow_of(frame, maps, sample.plate))
        found.append(density)
        true.append(missing)
        if missing.std() > _CLEAR_SHADOW and density.std() > 0:
            clear.append(float(np.corrcoef(density, missing)[0, 1]))
    return {
        "pooled": float(np.corrcoef(np.concatenate(found), np.concatenate(true))[0, 1]),
        "median of pictures with a clear shadow": float(np.median(clear or [np.nan])),
        "pictures": len(found),
        "of them with a clear shadow": len(clear),
    }


def _outside(sample: Sample, density: FloatMap) -> tuple[FloatMap, FloatMap]:
    """The layer and the true missing share at pixels outside the foreground, on small maps."""
    assert sample.alpha is not None
    height = _SHADOW_HEIGHT
    size = round(sample.size[1] * height / sample.size[0]), height
    frame, plate, alpha, found = (
        cv2.resize(values.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        for values in (sample.frame, sample.plate, sample.alpha, density)
    )
    ratio = (frame.sum(axis=-1) + 3) / (plate.sum(axis=-1) + 3)
    outside = cv2.dilate(alpha, np.ones((3, 3), np.uint8)) < 0.02
    missing = np.clip(1 - ratio, 0, 1)
    return found[outside], missing[outside]


def steadiness_figures(engine: Engine, clip: Dataset) -> dict[str, float]:
    """dtSSD with the filter over without, on a moving clip and on a still person with noise; the
    lag of what moves, in frames. With the border drawn once, and with that of layers.
    """
    samples = [load(item) for item in clip.items]
    plate = Plate(samples[0].plate, origin="file")
    truth = [s.alpha for s in samples if s.alpha is not None]
    frames = [s.frame for s in samples]
    plain, steady = _both(Estimator(engine, plate, matte=DRAWN_ONCE), frames)
    layers, steady_layers = _both(Estimator(engine, plate, matte=DRAWN_AGAIN), frames)
    people = max(range(len(truth)), key=lambda n: float(truth[n].sum()))
    rng = np.random.default_rng(0)
    noisy = [
        np.clip(np.rint(samples[people].frame + rng.normal(0, _NOISE_LEVELS, (*plate.size, 3))),
                0, 255).astype(np.uint8)
        for _ in range(_STILL_FRAMES)
    ]  # fmt: skip
    still = [truth[people]] * _STILL_FRAMES
    # As beside something that moves: else the maps of the frame before are given again.
    looks = LookSettings(reuse_most=0)
    still_plain, still_steady = _both(Estimator(engine, plate, looks=looks), noisy)
    moving = _dtssd(steady, truth) / _dtssd(plain, truth)
    return {
        "moving, over without": moving,
        "moving, without": _dtssd(plain, truth),
        "moving layers, over without": _dtssd(steady_layers, truth) / _dtssd(layers, truth),
        "moving layers, over views without": _dtssd(steady_layers, truth) / _dtssd(plain, truth),
        "still, over without": _dtssd(still_steady, still) / _dtssd(still_plain, still),
        "still, without": _dtssd(still_plain, still),
        "lag in frames": float(_lag(steady, truth)),
        "MAD over without": _mad(steady, truth) / _mad(plain, truth),
        "MAD of layers over without": _mad(steady_layers, truth) / _mad(layers, truth),
    }


def _both(estimate: Estimator, frames: Iterable[Any]) -> tuple[list[FloatMap], list[FloatMap]]:
    """Alpha of frames without and with the filter."""
    plain, calm, filter_ = [], [], Steady()
    for number, pixels in enumerate(frames):
        frame = Frame(pixels, index=number)
        maps = estimate(frame)
        plain.append(maps.alpha)
        calm.append(filter_(frame, maps).alpha)
    return plain, calm


def _dtssd(alphas: list[FloatMap], truth: list[FloatMap]) -> float:
    scored = np.ones(truth[0].shape, bool)
    pairs = range(1, len(truth))
    scores = [dtssd(alphas[i], alphas[i - 1], truth[i], truth[i - 1], scored) for i in pairs]
    return float(np.mean(scores))


def _mad(alphas: list[FloatMap], truth: list[FloatMap], lag: int = 0) -> float:
    scored = np.ones(truth[0].shape, bool)
    first = max(_LAGS)
    return float(
        np.mean([mad(alphas[i], truth[i - lag], scored) for i in range(first, len(truth))])
    )


def _lag(alphas: list[FloatMap], truth: list[FloatMap]) -> int:
    """How many frames ago the truth was like this alpha."""
    return min(_LAGS, key=lambda lag: _mad(alphas, truth, lag))


def cost_figures(engine: Engine, frames: list[Frame], plate: Plate) -> dict[str, float]:
    """Milliseconds a frame to estimate and draw: the overlay, and all layers, without encoding."""
    estimate = Estimator(engine, plate)
    overlay = composer(
        "overlay", plate=plate.pixels, plate_depth=estimate.plate_depth,
        depth_range=estimate.depth_range,
    )  # fmt: skip
    layers = layers_composer(LAYERS, plate=plate.pixels, shadow="keep")
    ways: dict[str, Callable[[Frame, Maps], Any]] = {"overlay": overlay, "layers": layers}
    spent = {}
    for name, draw in ways.items():
        estimate = Estimator(engine, plate, matte=DRAWN_AGAIN if name == "layers" else MATTE)
        began = time.process_time()
        for frame in frames:
            draw(frame, estimate(frame))
        spent[name] = (time.process_time() - began) / len(frames) * 1e3
    return {
        "overlay, CPU ms": spent["overlay"],
        "all layers, CPU ms": spent["layers"],
        "layers over overlay": spent["layers"] / spent["overlay"],
    }
