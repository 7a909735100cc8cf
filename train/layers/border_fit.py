"""Fits the regression that draws the border of alpha at full size: `python -m train border`.

Material is of the training split: composites at three sizes, half of them with noise, compression,
another exposure, a moved plate or a soft lens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from edgeds.engine import open_engine
from edgeds.estimate.border_drawn_again import colours_in
from edgeds.estimate.border_of_layers import border_of
from edgeds.estimate.border_regression import Weights, features
from edgeds.estimate.estimator import Estimator
from edgeds.plate.plate import Plate
from edgeds.types import Engine, Frame
from train.layers.composites import Composite, varied

_HIDDEN = 48
_BATCH = 2048
_RATE = 6e-3
_OF_PICTURE = 4000
"""Pixels: a picture of hair has thirty times as many as one of a cup, and shall not count so."""

_Floats = NDArray[np.float32]


def fit(data: Path, out: Path, *, count: int, epochs: float, say: Callable[[str], None]) -> float:
    """Write weights; returns the mean error of alpha on the border's pixels at the end."""
    engine, found, truth = open_engine(), [], []
    rng = np.random.default_rng(0)
    for number, picture in enumerate(varied(data, count)):
        for values, alpha in _samples(engine, picture, rng):
            found.append(values)
            truth.append(alpha)
        say(f"{number + 1} of {count}: {picture.name}")
    weights, error = fitted(np.concatenate(found), np.concatenate(truth), epochs)
    np.savez(out, **weights._asdict())
    return error


def _samples(
    engine: Engine, picture: Composite, rng: np.random.Generator
) -> Iterator[tuple[_Floats, _Floats]]:
    frame = Frame(picture.frame)
    maps = Estimator(engine, Plate(picture.plate, origin="file"))(frame)
    for box in maps.boxes:
        alpha = maps.alpha_in(box)
        where = rng.permutation(border_of(alpha))[:_OF_PICTURE]
        colours, behind = colours_in(box, frame, maps, picture.plate)
        true = picture.alpha[box.of].reshape(-1)[where]
        yield features(alpha, colours, behind, where), np.asarray(true, np.float32)


def fitted(values: _Floats, truth: _Floats, epochs: float) -> tuple[Weights, float]:
    """Weights for features as they are; and the mean error of alpha at the end."""
    torch.manual_seed(0)
    mean, deviation = values.mean(0), values.std(0) + 1e-2
    given = torch.from_numpy((values - mean) / deviation)
    wanted = torch.from_numpy(truth)
    network = torch.nn.Sequential(
        torch.nn.Linear(values.shape[1], _HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Linear(_HIDDEN, _HIDDEN // 2),
        torch.nn.ReLU(),
        torch.nn.Linear(_HIDDEN // 2, 1),
        torch.nn.Sigmoid(),
    )
    steps = max(1, int(epochs * len(values) / _BATCH))
    optimizer = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    error = 0.5
    for _ in range(steps):
        some = torch.randint(0, len(values), (_BATCH,))
        loss = (network(given[some])[:, 0] - wanted[some]).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        error += 0.05 * (loss.item() - error)
    first, second, last = (layer for layer in network if isinstance(layer, torch.nn.Linear))
    scaled = first.weight.detach().numpy() / deviation
    made = (
        scaled.T,
        first.bias.detach().numpy() - scaled @ mean,
        second.weight.detach().numpy().T,
        second.bias.detach().numpy(),
        last.weight.detach().numpy().T,
        last.bias.detach().numpy(),
    )
    return Weights(*(np.ascontiguousarray(one, np.float32) for one in made)), error
