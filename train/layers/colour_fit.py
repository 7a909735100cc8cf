"""Fits how the colours of the foreground's border are weighed: `python -m train colours`.

The material are composites of the training split whose foreground's colours are known, half of them
compressed; alpha is as layers have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from edgeds.engine import open_engine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.settings import DRAWN_AGAIN
from edgeds.estimate.unmixed_colours import border_of
from edgeds.estimate.weighed_colours import Weights, candidates_and_features
from edgeds.plate.plate import Plate
from edgeds.sinks.atomic_files import check_writable
from edgeds.types import Engine, Frame
from train.layers.composites import varied
from train.layers.small_network import Learning, SmallNetwork, mixed_batch, write_weights

_OF_PICTURE = 1500
"""Pixels: a picture of hair has thirty times as many as one of a cup, and shall not count so."""
_HIDDEN = 32
_BATCH = 2048
_SHARES = {"clean": 0.6, "coded": 0.4}
"""Shares of a batch."""
_LEARNING = Learning(rate=4e-3, decay=0.01, warm=200, said_every=1000, unit=" levels")
_EDGE = (0.05, 0.95)
_ELSEWHERE = 0.4
"""Weight of a pixel whose true alpha is no edge's."""
_LEAST_ALPHA = 0.02
"""Under it nobody sees the colour, nor is it known."""


class Sample(NamedTuple):
    """Pixels of one picture; half precision keeps hundreds of pictures in memory."""

    likely: NDArray[np.float16]
    """(n, candidates, 3), in levels."""
    values: NDArray[np.float16]
    truth: NDArray[np.float16]
    """(n, 3)."""
    counted: NDArray[np.float16]
    coded: bool


def fit(data: Path, out: Path, *, count: int, steps: int, say: Callable[[str], None]) -> float:
    """Write weights; returns the mean error at the end, in levels.

    Raises:
        InputError: `out` cannot be written; before the first picture.
    """
    check_writable(out, "the weights")
    found = []
    for number, sample in enumerate(samples(open_engine(), data, count)):
        found.append(sample)
        say(f"picture {number + 1}")
    weights, error = fitted(found, steps, say=say)
    made = {"composites": count, "pixels": sum(len(one.truth) for one in found), "steps": steps,
            "error": round(error, 3)}  # fmt: skip
    write_weights(out, weights, made)
    return error


def samples(engine: Engine, data: Path, count: int) -> Iterator[Sample]:
    """The samples of composites that show an open border."""
    for number, one in enumerate(varied(data, count)):
        maps = Estimator(engine, Plate(one.plate, origin="file"), matte=DRAWN_AGAIN)(
            Frame(one.frame)
        )
        found = border_of(one.frame, maps.alpha, one.plate, maps.plate_offset)
        if found is None:
            continue
        box, border = found
        true = one.alpha[box.of][border.rows, border.columns]
        known = np.flatnonzero(true > _LEAST_ALPHA)
        if not known.size:
            continue
        weight = np.where((true > _EDGE[0]) & (true < _EDGE[1]), 1, _ELSEWHERE)
        rng = np.random.default_rng(number)
        share = weight[known] / weight[known].sum()
        some = rng.choice(known, min(_OF_PICTURE, known.size), replace=False, p=share)
        likely, values = candidates_and_features(border.some(some))
        truth = one.colours[box.of][border.rows[some], border.columns[some]]
        yield Sample(
            likely.transpose(2, 0, 1).astype(np.float16),
            values.T.astype(np.float16),
            np.clip(truth, 0, 255).astype(np.float16),
            weight[some].astype(np.float16),
            one.coded,
        )


def fitted(
    found: list[Sample], steps: int, *, say: Callable[[str], None] = lambda _: None
) -> tuple[Weights, float]:
    """Weights for features as they are, and the mean error at the end."""
    kinds = {
        kind: tuple(torch.from_numpy(np.concatenate(part)) for part in zip(*some, strict=True))
        for kind in _SHARES
        if (some := [one[:4] for one in found if one.coded is (kind == "coded")])
    }
    seen = np.concatenate([one.values[::8] for one in found]).astype(np.float32)
    network = SmallNetwork(seen, (_HIDDEN,), found[0].likely.shape[1])

    def loss() -> tuple[torch.Tensor, torch.Tensor]:
        likely, values, truth, counted = mixed_batch(kinds, _SHARES, _BATCH)
        answer = torch.softmax(network(values), dim=1)
        off = ((answer[..., None] * likely).sum(dim=1) - truth).abs().mean(dim=1)
        mean = (off * counted).sum() / counted.sum()
        return mean, mean

    error = network.fit(steps, loss, _LEARNING, say)
    return Weights(*network.layers()), error
