"""Fits the regression that draws the border of alpha at full size: `python -m train border`.

Knows nothing about pictures: `border_material` has the squares.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TypeAlias
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from edgeds.engine import open_engine
from edgeds.errors import InputError
from edgeds.estimate.border_regression import Weights
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

_HIDDEN = 128, 64
_BATCH = 2048
_RATE, _DECAY, _WARM = 2e-3, 0.02, 500
_SHARES: dict[Kind, float] = {
    "clean": 0.33, "coded": 0.29, "walk": 0.12, "drawn": 0.16, "set": 0.1,
}  # fmt: skip
"""Of a batch, however many squares there are of each kind."""
_MEANT = 20_000
"""Squares of a kind: the mean of features comes from so many."""
_SAID_EVERY = 2000

_Floats: TypeAlias = NDArray[np.float32]
_Tensors: TypeAlias = tuple[torch.Tensor, ...]


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
    np.savez(out, **weights._asdict(), made=np.array(json.dumps(made)))
    return error


def _read(path: Path) -> Weights:
    try:
        with np.load(path) as kept:
            return Weights(*(kept[name] for name in Weights._fields))
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
    torch.manual_seed(0)
    tensors = {kind: tuple(map(torch.from_numpy, some)) for kind, some in kinds.items()}
    some_of_each = (one.values[:: 1 + len(one.values) // _MEANT] for one in kinds.values())
    seen = np.concatenate(list(some_of_each)).astype(np.float32)
    mean, deviation = seen.mean(0), seen.std(0) + 1e-2
    network = _network(seen.shape[1], next(iter(kinds.values())).truth.shape[1])
    if start is not None:
        _begin(network, start, mean, deviation)
    optimizer = torch.optim.AdamW(network.parameters(), _RATE, (0.9, 0.98), weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: slope(step, steps, _WARM))
    centre, scale = torch.from_numpy(mean), torch.from_numpy(1 / deviation)
    error = 0.5
    for step in range(1, steps + 1):
        values, truth, counted = _batch(tensors)
        answer = network((values - centre) * scale)
        off = (answer - truth).abs() * counted
        loss = off.sum() / counted.sum()
        if like:
            apart = (answer - _mean_answer(values, like)).abs() * counted
            loss = 0.3 * loss + (0.7 * apart + 0.5 * apart.square()).sum() / counted.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        error += 0.02 * ((off.sum() / counted.sum()).item() - error)
        if step % _SAID_EVERY == 0:
            say(f"step {step}: {error:.4f}")
    return _weights(network, mean, deviation), error


def _mean_answer(values: torch.Tensor, like: Sequence[Weights]) -> torch.Tensor:
    """The mean of what the last layers of weights say, as alpha."""
    total = torch.zeros(())
    for weights in like:
        first, first_bias, second, second_bias, last, last_bias = map(torch.from_numpy, weights)
        inner = torch.relu(values[:, : len(first)] @ first + first_bias)
        total = total + torch.relu(inner @ second + second_bias) @ last + last_bias
    return torch.sigmoid(total / len(like))


def _network(features: int, outputs: int) -> torch.nn.Sequential:
    first, second = _HIDDEN
    return torch.nn.Sequential(
        torch.nn.Linear(features, first),
        torch.nn.ReLU(),
        torch.nn.Linear(first, second),
        torch.nn.ReLU(),
        torch.nn.Linear(second, outputs),
        torch.nn.Sigmoid(),
    )


def slope(step: int, steps: int, warm: int) -> float:
    """Of the learning rate: up for `warm` steps, then down to nothing as a cosine."""
    return min(1, (step + 1) / warm) * (0.5 + 0.5 * math.cos(math.pi * step / steps))


def _batch(tensors: Mapping[Kind, _Tensors]) -> _Tensors:
    total = sum(_SHARES[kind] for kind in tensors)
    parts: list[_Tensors] = []
    for kind, some in tensors.items():
        rows = torch.randint(0, len(some[0]), (round(_BATCH * _SHARES[kind] / total),))
        parts.append(tuple(one[rows] for one in some))
    return tuple(torch.cat(some).float() for some in zip(*parts, strict=True))


def _begin(network: torch.nn.Sequential, start: Weights, mean: _Floats, deviation: _Floats) -> None:
    """Set the network to compute what `start` does; what it has more does not act yet."""
    linear = _linear(network)
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
    """Of each pixel of a square, row by row: its pixel in the square with fewer of them."""
    if fewer == more:
        return np.arange(more, dtype=np.intp)
    side, sides = math.isqrt(fewer), math.isqrt(more)
    at = np.arange(sides) * side // sides
    return np.asarray((at[:, None] * side + at).reshape(-1), np.intp)


def _weights(network: torch.nn.Module, mean: _Floats, deviation: _Floats) -> Weights:
    """For features as they are, not less their mean."""
    first, second, last = _linear(network)
    scaled = first.weight.detach().numpy() / deviation
    made = (
        scaled.T,
        first.bias.detach().numpy() - scaled @ mean,
        second.weight.detach().numpy().T,
        second.bias.detach().numpy(),
        last.weight.detach().numpy().T,
        last.bias.detach().numpy(),
    )
    return Weights(*(np.ascontiguousarray(one, np.float32) for one in made))


def _linear(network: torch.nn.Module) -> list[torch.nn.Linear]:
    return [layer for layer in network.modules() if isinstance(layer, torch.nn.Linear)]
