"""Alpha of border pixels from what is around them: a small regression, fitted to composites.

Three layers, 4,000 weights, evaluated for the border's pixels alone. `python -m train border` fits
them to the same features. Knows nothing about frames or maps.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.types import FloatMap

_Floats = npt.NDArray[np.float32]

WEIGHTS = Path(__file__).with_name("border_weights.npz")
NEIGHBOURS = tuple(
    (down * step, right * step)
    for step in (1, 5)
    for down in (-1, 0, 1)
    for right in (-1, 0, 1)
    if (down, right) != (0, 0) or step == 1
)
"""Rows down and columns to the right of the pixels that are looked at: the pixel itself, and
around it.
"""
_REACH = 5
_WINDOWS = (3, 7, 15, 31)
"""Of the means of sure foreground, in pixels of half the size; a wider one stands in where a
smaller one holds too little.
"""
_SURE = 0.9
_ENOUGH = 2.0
_AT_ONCE = 4096
"""Pixels: their features stay in the processor's cache. With the features of all at once, a border
of 92,000 pixels at 1080p took 1.6 times as long.
"""
_LEAST_CONTRAST = 100.0
"""Squared levels, summed over channels: foreground and plate this alike say nothing."""


class Weights(NamedTuple):
    """Of the layers, each (inputs, outputs), and what is added."""

    first: _Floats
    first_bias: _Floats
    second: _Floats
    second_bias: _Floats
    last: _Floats
    last_bias: _Floats


class _Surroundings(NamedTuple):
    """What features of pixels are read from, all of one part of a frame."""

    around: _Floats
    """Alpha, place and difference, with `_REACH` more pixels on every side, (H', W', 3)."""
    wide: _Floats
    """Mean colour of the sure foreground, (h, w, 3) at half the size, and what it lacks."""
    missing: FloatMap
    texture: FloatMap
    mean_alpha: FloatMap
    colours: _Floats
    behind: _Floats


def regressed(
    alpha: FloatMap, colours: _Floats, behind: _Floats, where: npt.NDArray[np.intp]
) -> _Floats:
    """Alpha (n,) of the pixels at flat indices `where`.

    Args:
        alpha: (H, W), as `matte_refinement` drew it.
        colours, behind: the frame, and the plate in the frame's light, (H, W, 3) in levels.
    """
    near, weights = _surroundings(alpha, colours, behind, where), _weights()
    made = np.empty(len(where), np.float32)
    for first in range(0, len(where), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        made[some] = evaluated(_features(near, where[some]), weights)
    return made


def evaluated(values: _Floats, weights: Weights) -> _Floats:
    """Alpha (n,) of `features`."""
    for layer, bias in (
        (weights.first, weights.first_bias), (weights.second, weights.second_bias)
    ):  # fmt: skip
        values = values @ layer
        values += bias
        np.maximum(values, 0, out=values)
    answer = values @ weights.last + weights.last_bias
    made: _Floats = 1 / (1 + np.exp(-answer[:, 0]))
    return made


def features(
    alpha: FloatMap, colours: _Floats, behind: _Floats, where: npt.NDArray[np.intp]
) -> _Floats:
    """(n, 58): alpha, place between plate and foreground, and difference, here and around; and
    how sure these are.
    """
    return _features(_surroundings(alpha, colours, behind, where), where)


def _features(near: _Surroundings, where: npt.NDArray[np.intp]) -> _Floats:
    rows, columns = np.divmod(where, near.texture.shape[1])
    across = near.around.shape[1]
    at = (rows + _REACH) * across + columns + _REACH
    around = near.around.reshape(-1, near.around.shape[2])
    found = [np.take(around, at + down * across + right, axis=0) for down, right in NEIGHBOURS]
    half = (rows >> 1) * near.missing.shape[1] + (columns >> 1)
    back = _at(near.behind, where)
    here = _at(near.colours, where) - back
    to_foreground = _at(near.wide, half) - back
    placed, contrast = _placed(here, to_foreground)
    # Colours end at 0 and 255: a smaller alpha cannot have made this difference.
    least = np.abs(here) / np.maximum(np.where(here > 0, 255 - back, back), 1)
    alone = np.stack([
        placed,
        _log(contrast),
        _log(_magnitude(here - placed * to_foreground)),
        np.minimum(np.maximum(least[0], np.maximum(least[1], least[2])), 1),
        np.take(near.missing, half),
        _log(np.take(near.texture, where)),
        np.take(near.mean_alpha, where),
    ])  # fmt: skip
    return np.concatenate([*found, _turned(alone)], axis=1, dtype=np.float32)


def _surroundings(
    alpha: FloatMap, colours: _Floats, behind: _Floats, where: npt.NDArray[np.intp]
) -> _Surroundings:
    """For `where` alone: elsewhere there are no numbers to be read."""
    asked = np.zeros(alpha.shape, np.uint8)
    asked.reshape(-1)[where] = 1
    side = 2 * _REACH + 1
    rows, columns = _places(cv2.dilate(asked, np.ones((side, side), np.uint8)))
    near, wide, missing = _foreground(alpha, colours, rows >> 1, columns >> 1)
    around = np.zeros((alpha.shape[0] + 2 * _REACH, alpha.shape[1] + 2 * _REACH, 3), np.float32)
    around[_REACH:-_REACH, _REACH:-_REACH, 0] = alpha
    flat = around.reshape(-1, 3)
    for first in range(0, len(rows), _AT_ONCE):
        down, right = (values[first : first + _AT_ONCE] for values in (rows, columns))
        here = down * alpha.shape[1] + right
        back = _at(behind, here)
        difference = _at(colours, here) - back
        beside = _at(near, (down >> 1) * near.shape[1] + (right >> 1))
        at = (down + _REACH) * around.shape[1] + right + _REACH
        flat[at, 1] = _placed(difference, beside - back)[0]
        flat[at, 2] = _log(_magnitude(difference))
    _continue_edges(around)
    grey = cv2.cvtColor(behind, cv2.COLOR_RGB2GRAY)
    return _Surroundings(
        around=around,
        wide=wide,
        missing=missing,
        texture=cv2.blur(np.abs(cv2.Laplacian(grey, cv2.CV_32F)), (5, 5)),
        mean_alpha=cv2.blur(alpha, (15, 15)),
        colours=colours,
        behind=behind,
    )


def _continue_edges(around: _Floats) -> None:
    for values in (around, around.swapaxes(0, 1)):
        values[:_REACH], values[-_REACH:] = values[_REACH], values[-_REACH - 1]


def _foreground(
    alpha: FloatMap, colours: _Floats, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]
) -> tuple[_Floats, _Floats, FloatMap]:
    """The sure foreground's mean colour in small windows and in wide ones, (h, w, 3), and the
    share of it that even the widest lacks; at half the size, at `rows` and `columns` of it.
    """
    size = (alpha.shape[1] + 1) // 2, (alpha.shape[0] + 1) // 2
    sure = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    sure = np.clip((sure - _SURE) / (1 - _SURE), 0, 1)
    small = cv2.resize(colours, size, interpolation=cv2.INTER_AREA)
    counted = cv2.merge([*(sure * plane for plane in cv2.split(small)), sure])
    asked = np.zeros(sure.shape, np.uint8)
    asked[rows, columns] = 1
    needed = np.flatnonzero(asked)
    total = np.zeros((3, len(needed)), np.float32)
    left = np.ones(len(needed), np.float32)
    made: list[_Floats] = []
    for side in _WINDOWS:
        mean = _at(cv2.blur(counted, (side, side)), needed)
        share = np.minimum(mean[3] * np.float32(side * side / _ENOUGH), 1) * left
        total += mean[:3] * (share / np.maximum(mean[3], 1e-5))
        left -= share
        made.append(np.asarray(total / np.maximum(1 - left, 1e-3), np.float32))
    near, wide = np.zeros((2, sure.size, 3), np.float32)
    missing = np.zeros(sure.shape, np.float32)
    near[needed], wide[needed] = _turned(made[1]), _turned(made[-1])
    missing.reshape(-1)[needed] = left
    return near.reshape(small.shape), wide.reshape(small.shape), missing


def _placed(difference: _Floats, to_foreground: _Floats) -> tuple[FloatMap, FloatMap]:
    """Where a colour lies between plate (0) and foreground (1), and how far these are apart; of
    (3, n).
    """
    apart = np.maximum(_dot(to_foreground, to_foreground), _LEAST_CONTRAST)
    along = _dot(difference, to_foreground)
    return np.clip(along / apart, -0.5, 1.5), np.sqrt(apart / 3)


def _magnitude(values: _Floats) -> FloatMap:
    return np.asarray(np.sqrt(_dot(values, values) / 3), np.float32)


def _log(levels: Any) -> Any:
    return np.log1p(levels / 4) / 4


# Channels stand first, (3, n): over a last axis of three NumPy's sums take seven times as long.


def _dot(one: _Floats, other: _Floats) -> FloatMap:
    product = one * other
    total: FloatMap = product[0]
    total += product[1]
    total += product[2]
    return total


def _at(values: _Floats, where: npt.NDArray[np.intp]) -> _Floats:
    """(c, n) of a picture (h, w, c)."""
    return _turned(np.take(values.reshape(-1, values.shape[2]), where, axis=0))


def _turned(values: _Floats) -> _Floats:
    turned: _Floats = cv2.transpose(values)
    return turned


def _places(mask: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns."""
    found = cv2.findNonZero(mask)
    places: npt.NDArray[np.intp] = found.reshape(-1, 2).T.astype(np.intp)
    return places[1], places[0]


@cache
def _weights() -> Weights:
    with np.load(WEIGHTS) as kept:
        return Weights(*(kept[name] for name in Weights._fields))
