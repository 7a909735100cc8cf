"""Fits the regression that draws the border of alpha at full size: `python -m train border`.

Material is of the training split: composites at three sizes, half of them with noise, compression,
another exposure, a moved plate or a soft lens; and frames of drawn walks, in which the network
follows people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from edgeds.engine import open_engine
from edgeds.estimate.border_drawn_again import colours_in
from edgeds.estimate.border_features import features, squares_of
from edgeds.estimate.border_on_other_backdrop import near_open
from edgeds.estimate.border_regression import Weights
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.settings import MATTE
from edgeds.plate.plate import Plate
from edgeds.types import Engine, FloatMap, Frame, Maps, Pixels
from train.layers.composites import varied
from train.material import material_from_folder
from train.walks import walks

_HIDDEN = 96
_BATCH = 1024
_RATE, _DECAY = 6e-3, 0.02
_OF_PICTURE = 700
"""Squares: a picture of hair has thirty times as many as one of a cup, and shall not count so."""
_WALKS = 77
"""Of the random numbers of walks."""
_WALK_SIZES = ((360, 640), (540, 960))
_SEEN, _SEEN_EVERY = 4, 2
"""Frames of a clip that are taken, and every how many."""

_Floats = NDArray[np.float32]


def fit(
    data: Path, out: Path, *, count: int, clips: int, epochs: float, say: Callable[[str], None]
) -> float:
    """Write weights; returns the mean error of alpha on the border's pixels at the end."""
    engine = open_engine()
    found: list[_Sample] = []
    rng = np.random.default_rng(0)
    pictures = chain(_composites(engine, data, count), _walks(engine, data, clips))
    for number, picture in enumerate(pictures):
        found += _samples(picture, rng)
        say(f"picture {number + 1}")
    values, truth, counted = (np.concatenate(parts) for parts in zip(*found, strict=True))
    weights, error = fitted(values, truth, counted, epochs)
    np.savez(out, **weights._asdict())
    return error


class _Sample(NamedTuple):
    """Of squares of 2x2 pixels: what is seen, alpha, and which of the pixels are the border's."""

    values: _Floats
    truth: _Floats
    counted: _Floats


class _Picture(NamedTuple):
    """A frame, and what is known of it."""

    frame: Frame
    maps: Maps
    plate: Pixels
    alpha: FloatMap


def _composites(engine: Engine, data: Path, count: int) -> Iterator[_Picture]:
    for one in varied(data, count):
        frame = Frame(one.frame)
        maps = Estimator(engine, Plate(one.plate, origin="file"))(frame)
        yield _Picture(frame, maps, one.plate, one.alpha)


def _walks(engine: Engine, data: Path, clips: int) -> Iterator[_Picture]:
    """A few frames of each clip."""
    material = material_from_folder(data, split="train") if clips else None
    for number in range(clips):
        assert material is not None
        rng = np.random.default_rng((_WALKS, number))
        begin = int(rng.integers(4, 30))
        last = begin + _SEEN_EVERY * _SEEN
        behind, clip = walks(material, _WALK_SIZES[number % len(_WALK_SIZES)], last, rng)
        plate = _levels(behind)
        estimate = Estimator(engine, Plate(plate, origin="file"))
        for index, (pixels, alpha) in enumerate(clip):
            if index < begin:
                continue
            frame = Frame(_levels(pixels), index=index)
            maps = estimate(frame)
            if (last - 1 - index) % _SEEN_EVERY == 0:
                yield _Picture(frame, maps, plate, np.asarray(alpha, np.float32))


def _levels(picture: _Floats) -> Pixels:
    return np.asarray(np.rint(np.clip(picture, 0, 1) * 255), np.uint8)


def _samples(picture: _Picture, rng: np.random.Generator) -> Iterator[_Sample]:
    """Some squares of each box, as they are, mirrored, upside down, and turned by half a circle."""
    for box in picture.maps.boxes:
        alpha, true = picture.maps.alpha_in(box), picture.alpha[box.of]
        if any(side % 2 for side in alpha.shape):
            continue
        pictures = alpha, *colours_in(box, picture.frame, picture.maps, picture.plate)
        for down, right in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            turned = (np.ascontiguousarray(one[::down, ::right]) for one in (*pictures, true))
            soft, colours, behind, sharp = (one.astype(np.float32) for one in turned)
            near = near_open(soft, MATTE.band)
            squares = squares_of(near).picked(rng, _OF_PICTURE)
            if not squares.rows.size:
                continue
            values = features(soft, colours, behind, squares)
            yield _Sample(values, squares.of(sharp).T, squares.of(near.astype(np.float32)).T)


def fitted(
    values: _Floats, truth: _Floats, counted: _Floats, epochs: float
) -> tuple[Weights, float]:
    """Weights for features as they are; and the mean error of alpha at the end.

    Args:
        truth, counted: alpha of each square's pixels, (n, 4), and 1 where it counts.
    """
    torch.manual_seed(0)
    mean, deviation = values.mean(0), values.std(0) + 1e-2
    given = torch.from_numpy((values - mean) / deviation)
    wanted, weight = torch.from_numpy(truth), torch.from_numpy(counted)
    network = torch.nn.Sequential(
        torch.nn.Linear(values.shape[1], _HIDDEN),
        torch.nn.ReLU(),
        torch.nn.Linear(_HIDDEN, _HIDDEN // 2),
        torch.nn.ReLU(),
        torch.nn.Linear(_HIDDEN // 2, truth.shape[1]),
        torch.nn.Sigmoid(),
    )
    steps = max(1, int(epochs * len(values) / _BATCH))
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    error = 0.5
    for _ in range(steps):
        some = torch.randint(0, len(values), (_BATCH,))
        off = (network(given[some]) - wanted[some]).abs() * weight[some]
        loss = off.sum() / weight[some].sum()
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
