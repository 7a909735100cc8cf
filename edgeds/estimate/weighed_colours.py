"""The foreground's own colours at its border, weighed among those that are likely.

Un-mixing divides alpha's errors by alpha. Colours nearby have no such errors, but are not the
pixel's own. A small regression says how much each counts, so that the result lies among them.
`python -m train colours` fits it. Knows nothing about frames or maps.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.blas_threads import one_blas_thread
from edgeds.estimate.border_features import turned
from edgeds.estimate.border_surroundings import on_coarse
from edgeds.estimate.carried_colours import Carried, everywhere
from edgeds.estimate.regression_weights import weights_from_file
from edgeds.sources.scaling import read_at
from edgeds.types import FloatMap

_Floats = npt.NDArray[np.float32]
_Index = npt.NDArray[np.intp]

WEIGHTS = Path(__file__).with_name("colour_weights.npz")
CANDIDATES = ("frame", "unmixed", "beside", "carried", "sure")
"""The pixel's as it is and un-mixed, the mean of those around it, what is carried outwards, and the
nearest colours of what is foreground for sure.
"""
_AT_ONCE = 4096
"""Pixels: what is made of them stays in the processor's cache."""
_SURE = 0.95
_RATHER = np.float32(1e-3)
"""What foreground that is not sure counts, where there is no other."""
_EMPTY = 0.02
_SIZES = 6
"""From which sure colours are carried outwards."""
_LEAST_CONTRAST = 100.0
"""Squared levels, summed over channels: colours this alike say nothing of alpha."""
_OFF_LEVELS = np.float32(8)
"""So near to the frame are the weighed colours over the plate: a sheet of paper whose alpha is open
is no mix of plate and of the dark trousers beside it. On 30 composites of the training split, the
error over that of the frame's colours is .380 with 8, .375 with 16 and .374 without it.
"""
_PAIRS = (0, 2), (0, 4), (1, 2), (1, 3), (1, 4), (2, 4), (3, 4)
"""Pairs of candidates whose difference is looked at."""
_FAR = 16.0
"""Levels that count half as far as the farthest."""


class Weights(NamedTuple):
    """Weights of the layers, each (inputs, outputs), and their biases."""

    first: _Floats
    first_bias: _Floats
    last: _Floats
    last_bias: _Floats


class Nearby(NamedTuple):
    """What is near each pixel of a picture."""

    carried: Carried
    around: _Floats
    """`Carried.sums` of a small window, of squares of 2x2 pixels, (h, w, 4)."""
    alphas: _Floats
    """Alpha of these: the mean of a small and of a large window, the lowest and the highest of a
    small one, (h, w, 4).
    """
    sure: _Floats
    """The nearest sure colour, of squares of 4x4 pixels, (h, w, 3)."""
    size: tuple[int, ...]


class Border(NamedTuple):
    """Open pixels, and what is near them."""

    near: Nearby
    flat: _Index
    """Their numbers in the picture."""
    rows: _Index
    columns: _Index
    alpha: FloatMap
    """(n,)."""
    frame: _Floats
    """Colours of the frame and of the plate in its light, (3, n) in levels."""
    behind: _Floats

    def some(self, of: slice | _Index) -> Border:
        return Border(
            self.near, self.flat[of], self.rows[of], self.columns[of], self.alpha[of],
            self.frame[:, of], self.behind[:, of],
        )  # fmt: skip


def nearby(carried: Carried, size: tuple[int, ...]) -> Nearby:
    """What is near the pixels of a picture (H, W)."""
    half, square = carried.alpha, np.ones((3, 3), np.uint8)
    alphas = cv2.merge([
        cv2.blur(half, (3, 3)), cv2.blur(half, (7, 7)),
        cv2.erode(half, square), cv2.dilate(half, square),
    ])  # fmt: skip
    quarter = tuple(-(-side // 2) for side in half.shape[::-1])
    kept, alpha = (
        cv2.resize(one, quarter, interpolation=cv2.INTER_AREA) for one in (carried.colours, half)
    )
    weight = np.clip((alpha - _SURE) * np.float32(1 / (1 - _SURE)), 0, 1)
    weight += _RATHER * np.square(alpha)
    counted = cv2.multiply(kept, cv2.merge([weight] * 3), dtype=cv2.CV_32F)
    sure = everywhere(cv2.merge([*cv2.split(counted), weight]), _SIZES)
    return Nearby(carried, cv2.blur(carried.sums, (3, 3)), alphas, sure, size)


def weighed(border: Border) -> _Floats:
    """Colours (n, 3), in levels."""
    made, weights = np.empty((len(border.rows), 3), np.float32), _weights()
    with one_blas_thread():
        for first in range(0, len(made), _AT_ONCE):
            part = border.some(slice(first, first + _AT_ONCE))
            likely, values = candidates_and_features(part)
            own = (likely * shares(values, weights)[:, None]).sum(axis=0)
            made[first : first + _AT_ONCE] = cv2.transpose(_near(likely[1], own, part.alpha))
    return made


def _near(unmixed: _Floats, own: _Floats, alpha: FloatMap) -> _Floats:
    """Colours (3, n) no farther from un-mixed ones than the mixing equation may be off."""
    off = own - unmixed
    most = _OFF_LEVELS / np.maximum(alpha, np.float32(_EMPTY))
    off *= np.minimum(1, most / np.maximum(np.abs(off).max(axis=0), np.float32(1e-3)))
    off += unmixed
    return off


def shares(values: _Floats, weights: Weights) -> _Floats:
    """How much each candidate counts, (candidates, n), of features (features, n)."""
    inner = weights.first.T @ values  # pixels last: NumPy is slow along short last axes
    inner += weights.first_bias[:, None]
    cv2.threshold(inner, 0, 0, cv2.THRESH_TOZERO, dst=inner)
    logits = weights.last.T @ inner
    logits += weights.last_bias[:, None]
    logits -= logits.max(axis=0)
    powers = np.exp(logits, out=logits)
    powers /= powers.sum(axis=0)
    return np.asarray(powers, np.float32)


def candidates_and_features(border: Border) -> tuple[_Floats, _Floats]:
    """`CANDIDATES`, (candidates, 3, n) in levels, and features, (features, n)."""
    near, _, rows, columns, alpha, c, b = border
    squares = rows // 2 * near.alphas.shape[1] + columns // 2
    around, alphas = (
        turned(np.take(one.reshape(-1, 4), squares, axis=0)) for one in (near.around, near.alphas)
    )
    sure = turned(read_at(near.sure, *on_coarse(rows, columns, near.sure.shape, near.size)))
    difference = c - b
    raw = difference / np.maximum(alpha, np.float32(_EMPTY)) + b
    likely = np.empty((len(CANDIDATES), 3, len(rows)), np.float32)
    likely[0], likely[1], likely[4] = c, np.clip(raw, 0, 255), sure
    likely[2] = around[:3] / np.maximum(around[3], np.float32(1e-5))
    likely[3] = turned(near.carried.at(rows, columns))
    to_plate = likely[[2, 4]] - b
    placed = _between(difference, to_plate)
    apart = [likely[one] - likely[other] for one, other in _PAIRS]
    apart += [difference, difference - placed[1] * to_plate[1]]
    beyond = np.maximum(np.abs(raw - np.float32(127.5)).max(axis=0) - np.float32(127.5), 0)
    levels = np.concatenate([_mean_of_channels(np.stack(apart)), beyond[None]])
    values = np.concatenate([
        alpha[None], alpha - alphas[:2], alphas[2:], placed, placed - alpha,
        levels / (levels + np.float32(_FAR)),
    ])  # fmt: skip
    return likely, np.asarray(values, np.float32)


def _between(difference: _Floats, to_foreground: _Floats) -> _Floats:
    """Where a colour lies between plate (0) and foregrounds (1), (k, n)."""
    along, apart = ((to_foreground * other).sum(axis=1) for other in (difference, to_foreground))
    return np.asarray(np.clip(along / np.maximum(apart, _LEAST_CONTRAST), -0.5, 1.5), np.float32)


def _mean_of_channels(values: _Floats) -> _Floats:
    """The mean size of differences (k, 3, n) over channels, (k, n)."""
    return np.asarray(np.abs(values).sum(axis=1) * np.float32(1 / 3), np.float32)


@cache
def _weights() -> Weights:
    return weights_from_file(WEIGHTS, Weights)
