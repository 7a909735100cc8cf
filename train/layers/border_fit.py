"""Fits the regression that draws the border of alpha at full size: `python -m train border`.

Knows nothing about pictures: `border_material` has the squares.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from edgeds.engine import open_engine
from edgeds.errors import InputError
from edgeds.estimate.border_regression import Weights
from edgeds.estimate.regression_weights import weights_from_file
from edgeds.evaluation.dataset import read_set
from edgeds.sinks.atomic_files import check_writable
from train.layers.border_material import (
    LARGE_SIZES,
    WALK_SIZES,
    Kind,
    Sample,
    of_composites,
    of_drawn,
    of_sets,
    of_walks,
    samples,
)
from train.layers.composites import VARIED_SIZES
from train.layers.small_network import Learning, SmallNetwork, mixed_batch, write_weights

_HIDDEN = 128, 64
_BATCH = 2048
_LEARNING = Learning(rate=2e-3, decay=0.02, warm=500, said_every=2000, unit="")
_SHARES: dict[Kind, float] = {
    "clean": 0.33, "coded": 0.29, "walk": 0.12, "drawn": 0.16, "set": 0.1,
}  # fmt: skip
"""Share of a batch, however many squares there are of each kind."""
_MEANT = 20_000
"""Squares of a kind: the mean of features comes from so many."""


def fit(
    data: Path,
    out: Path,
    *,
    count: int,
    clips: int,
    drawn: int,
    sets: list[Path],
    of_set: int,
    steps: int,
    start: Path | None,
    like: list[Path],
    say: Callable[[str], None],
    finer: bool = False,
) -> float:
    """Write weights; returns the mean error of alpha on the border's pixels at the end.

    Args:
        finer: for frames whose border is drawn again at a half of their size.

    Raises:
        InputError: a set or weights cannot be read, or `out` not written; before the first picture.
    """
    before = None if start is None else _read(start)
    teachers = [_read(one) for one in like]
    for one in sets:
        read_set(one)
    check_writable(out, "the weights")
    engine = open_engine()
    found: dict[Kind, list[Sample]] = {}
    rng = np.random.default_rng(0)
    pictures = chain(
        of_composites(engine, data, count, LARGE_SIZES if finer else VARIED_SIZES),
        of_walks(engine, data, clips, LARGE_SIZES[:3] if finer else WALK_SIZES),
        of_drawn(engine, data, drawn),
        of_sets(engine, sets, of_set),
    )
    for number, picture in enumerate(pictures):
        found.setdefault(picture.kind, []).extend(samples(picture, rng, finer=finer))
        say(f"picture {number + 1}")
    kinds = {
        kind: Sample(*(np.concatenate(parts) for parts in zip(*some, strict=True)))
        for kind, some in found.items()
        if some
    }
    weights, error = fitted(kinds, steps, start=before, like=teachers, say=say)
    made = {
        "composites": count, "walks": clips, "drawn": drawn, "sets": [one.name for one in sets],
        "of_set": of_set, "squares": {kind: len(some.truth) for kind, some in kinds.items()},
        "steps": steps, "start": start and start.name, "like": [one.name for one in like],
        "error": round(error, 4),
    }  # fmt: skip
    write_weights(out, weights, made)
    return error


def _read(path: Path) -> Weights:
    try:
        return weights_from_file(path, Weights)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, BadZipFile) as error:
        raise InputError(
            f"cannot read the weights {str(path)!r}",
            why=f"it is no .npz with {', '.join(Weights._fields)}"
            if path.is_file()
            else "there is no such file",
            fix="give a file that `python -m train border` wrote",
        ) from error


def fitted(
    kinds: Mapping[Kind, Sample],
    steps: int,
    *,
    start: Weights | None = None,
    like: Sequence[Weights] = (),
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Weights, float]:
    """Weights for features as they are, and the mean error of alpha at the end.

    Args:
        start: weights of fewer features or fewer hidden units will do: new ones begin at nothing.
        like: weights whose mean answer is imitated, beside the truth.
    """
    tensors = {kind: tuple(map(torch.from_numpy, some)) for kind, some in kinds.items()}
    some_of_each = (one.values[:: 1 + len(one.values) // _MEANT] for one in kinds.values())
    seen = np.concatenate(list(some_of_each)).astype(np.float32)
    network = SmallNetwork(seen, _HIDDEN, next(iter(kinds.values())).truth.shape[1])
    if start is not None:
        _begin(network, start)

    def loss() -> tuple[torch.Tensor, torch.Tensor]:
        values, truth, counted = mixed_batch(tensors, _SHARES, _BATCH)
        answer = torch.sigmoid(network(values))
        error = ((answer - truth).abs() * counted).sum() / counted.sum()
        if not like:
            return error, error
        apart = (answer - _mean_answer(values, like)).abs() * counted
        imitated = (0.7 * apart + 0.5 * apart.square()).sum() / counted.sum()
        return 0.3 * error + imitated, error

    error = network.fit(steps, loss, _LEARNING, say)
    return Weights(*network.layers()), error


def _mean_answer(values: torch.Tensor, like: Sequence[Weights]) -> torch.Tensor:
    """The mean of what the last layers of weights say, as alpha."""
    total = torch.zeros(())
    for weights in like:
        first, first_bias, second, second_bias, last, last_bias = map(torch.from_numpy, weights)
        inner = torch.relu(values[:, : len(first)] @ first + first_bias)
        total = total + torch.relu(inner @ second + second_bias) @ last + last_bias
    return torch.sigmoid(total / len(like))


def _begin(network: SmallNetwork, start: Weights) -> None:
    """Set the network to compute what `start` does; what it has more does not act yet."""
    mean, deviation, linear = network.mean, network.deviation, network.linear
    features, inner = start.first.shape
    outer = start.second.shape[1]
    with torch.no_grad():
        first, second, last = (layer.weight for layer in linear)
        first[:inner] = 0
        first[:inner, :features] = torch.from_numpy((start.first * deviation[:features, None]).T)
        second[:outer] = 0
        second[:outer, :inner] = torch.from_numpy(start.second.T)
        last[:] = 0
        pixels = _pixels_in(len(start.last_bias), len(last))
        last[:, :outer] = torch.from_numpy(start.last.T[pixels])
        shifted = start.first_bias + mean[:features] @ start.first
        biases = shifted, start.second_bias, start.last_bias[pixels]
        for layer, bias in zip(linear, biases, strict=True):
            layer.bias[: len(bias)] = torch.from_numpy(bias)


def _pixels_in(fewer: int, more: int) -> NDArray[np.intp]:
    """The pixel, in a square of `fewer`, of each pixel in a square of `more`; both row by row."""
    if fewer == more:
        return np.arange(more, dtype=np.intp)
    side, sides = math.isqrt(fewer), math.isqrt(more)
    at = np.arange(sides) * side // sides
    return np.asarray((at[:, None] * side + at).reshape(-1), np.intp)
