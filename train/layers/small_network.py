"""The small networks of the border's regressions: the loop that fits one, and the file of weights.

Knows nothing about borders or colours: the fits bring samples and what is wrong with an answer.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from edgeds.sinks.atomic_files import replacing

Floats: TypeAlias = NDArray[np.float32]
Tensors: TypeAlias = tuple[torch.Tensor, ...]
Kind = TypeVar("Kind", bound=str)

_EVERY = 0.01
"""What one step's error adds to the mean of the last ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """How a network learns."""

    rate: float
    decay: float
    warm: int
    """Steps over which the rate rises; then it falls to nothing as a cosine."""
    said_every: int
    unit: str
    """Unit of the error, for people."""


class SmallNetwork:
    """Linear layers with ReLU between them; it takes features less their mean."""

    def __init__(self, seen: Floats, hidden: Sequence[int], outputs: int) -> None:
        """`seen`: features (n, k), whose mean and deviation are taken."""
        torch.manual_seed(0)
        self.mean, self.deviation = seen.mean(0), seen.std(0) + 1e-2
        sizes = (seen.shape[1], *hidden, outputs)
        self.linear = [torch.nn.Linear(*pair) for pair in pairwise(sizes)]
        self._centre = torch.from_numpy(self.mean)
        self._scale = torch.from_numpy(1 / self.deviation)

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        answer = (values - self._centre) * self._scale
        for layer in self.linear[:-1]:
            answer = torch.relu(layer(answer))
        return torch.Tensor(self.linear[-1](answer))

    def fit(
        self,
        steps: int,
        loss: Callable[[], tuple[torch.Tensor, torch.Tensor]],
        learning: Learning,
        say: Callable[[str], None],
    ) -> float:
        """The mean error at the end. `loss`: that of a new batch, and its error."""
        parameters = [one for layer in self.linear for one in layer.parameters()]
        optimizer = torch.optim.AdamW(
            parameters, learning.rate, (0.9, 0.98), weight_decay=learning.decay
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: _slope(step, steps, learning.warm)
        )
        error = share = 0.0
        for step in range(1, steps + 1):
            off, wrong = loss()
            optimizer.zero_grad()
            off.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            error += _EVERY * (wrong.item() - error)
            share += _EVERY * (1 - share)
            if step % learning.said_every == 0:
                say(f"step {step}: {error / share:.4f}{learning.unit}")
        return error / share if steps else math.nan

    def layers(self) -> list[Floats]:
        """Weights (inputs, outputs) and biases in turn, for features as they are."""
        made = []
        for number, layer in enumerate(self.linear):
            weights, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
            if not number:
                weights = weights / self.deviation
                bias = bias - weights @ self.mean
            made += [weights.T, bias]
        return [np.ascontiguousarray(one, np.float32) for one in made]


def mixed_batch(
    samples: Mapping[Kind, Tensors], shares: Mapping[Kind, float], size: int
) -> Tensors:
    """Random rows, float32, about `size` of them in all: of each kind of sample its share.

    Args:
        samples: kind -> tensors with a row for each sample.
        shares: of a batch in which every kind is there; what others leave is spread over the rest.
    """
    total = sum(shares[kind] for kind in samples)
    parts: list[Tensors] = []
    for kind, tensors in samples.items():
        rows = torch.randint(0, len(tensors[0]), (round(size * shares[kind] / total),))
        parts.append(tuple(one[rows] for one in tensors))
    return tuple(torch.cat(some).float() for some in zip(*parts, strict=True))


def write_weights(path: Path, weights: NamedTuple, made: Mapping[str, Any]) -> None:
    """Write an .npz, whole or not at all; `made` says how the weights came to be."""
    with replacing(path) as new, new.open("wb") as file:
        np.savez(file, **weights._asdict(), made=np.array(json.dumps(made)))


def _slope(step: int, steps: int, warm: int) -> float:
    """The learning rate's share: up for `warm` steps, then down to nothing as a cosine."""
    return min(1, (step + 1) / warm) * (0.5 + 0.5 * math.cos(math.pi * step / steps))
