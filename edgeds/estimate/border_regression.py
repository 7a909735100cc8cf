"""Alpha of the border from what is around it: a small regression, fitted to composites.

Three layers over `border_features`, evaluated for the border's squares of 2x2 pixels alone.
`python -m train border` fits them. Knows nothing about frames or maps.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.blas_threads import one_blas_thread
from edgeds.estimate.border_features import (
    AT_ONCE,
    Squares,
    Surroundings,
    detail_of,
    features_of,
    surroundings,
    turned,
)
from edgeds.estimate.regression_weights import weights_from_file
from edgeds.types import FloatMap

_Floats = npt.NDArray[np.float32]

WEIGHTS = Path(__file__).with_name("border_weights.npz")
FINER_WEIGHTS = Path(__file__).with_name("border_weights_finer.npz")


class Weights(NamedTuple):
    """Weights of the layers, each (inputs, outputs), and their biases."""

    first: _Floats
    first_bias: _Floats
    second: _Floats
    second_bias: _Floats
    last: _Floats
    last_bias: _Floats


class Regressed(NamedTuple):
    """What the regression says of squares of 2x2 pixels."""

    alpha: _Floats
    """(4, n) of their pixels, row by row, or (16, n)."""
    contrast: FloatMap
    """How far foreground and plate are apart there, in squared levels, (n,)."""
    detail: FloatMap
    """How much detail the frame has beside them that is no noise, in levels, (n,)."""


def regressed(
    alpha: FloatMap, colours: _Floats, behind: _Floats, squares: Squares,
    finer: FloatMap | None = None,
) -> Regressed:  # fmt: skip
    """What is drawn again in `squares`.

    Args:
        alpha: (H, W), even sides, as `matte_refinement` drew it.
        colours, behind: the frame, and the plate in the frame's light, (H, W, 3) in levels.
        finer: alpha at twice the size. With it, the answer is of that size, (16, n).
    """
    near, weights = surroundings(alpha, colours, behind, squares), weights_of(finer is not None)
    made = np.empty((len(squares.rows), len(weights.last_bias)), np.float32)
    with one_blas_thread():
        for first in range(0, len(made), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            made[some] = evaluated(*features_of(near, squares, some, finer), weights)
    return Regressed(np.ascontiguousarray(made.T), _contrast(near, squares), detail_of(near.noise))


def _contrast(near: Surroundings, squares: Squares) -> FloatMap:
    means = near.means.reshape(-1, near.means.shape[-1])
    behind = np.take(means, squares.around(((0, 0),))[:, 0], axis=0)[:, 1:4]
    off = near.wide - turned(behind)
    return np.asarray((off * off).sum(axis=0) * np.float32(1 / 3), np.float32)


def evaluated(around: _Floats, rest: _Floats, weights: Weights) -> _Floats:
    """Alpha (n, 4) or (n, 16) of what `features_of` gives."""
    split = around.shape[1]
    values = around @ weights.first[:split]
    values += rest.T @ weights.first[split:]
    values += weights.first_bias
    cv2.threshold(values, 0, 0, cv2.THRESH_TOZERO, dst=values)
    values = values @ weights.second
    values += weights.second_bias
    cv2.threshold(values, 0, 0, cv2.THRESH_TOZERO, dst=values)
    answer = values @ weights.last + weights.last_bias
    return np.asarray(1 / (1 + np.exp(-np.maximum(answer, -60))), np.float32)


@cache
def weights_of(finer: bool) -> Weights:
    return weights_from_file(FINER_WEIGHTS if finer else WEIGHTS, Weights)
