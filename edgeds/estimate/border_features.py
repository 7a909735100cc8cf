"""What the border's regression looks at: features of squares of 2x2 pixels.

Alpha, place between plate and foreground, and difference: of the pixels of 3x3 squares, and as
means of squares further out; how sure these are, and how far colours can be believed. Knows
nothing about weights.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.border_noise import noise, without_noise
from edgeds.estimate.padded_maps import REACH, merged_and_padded, padded
from edgeds.types import FloatMap

_Floats = npt.NDArray[np.float32]
_Index = npt.NDArray[np.intp]

AROUND = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1))
FURTHER = tuple((2 * down, 2 * right) for down, right in AROUND if (down, right) != (0, 0))
"""Squares down and to the right of the one in question."""
AT_ONCE = 1024
"""Squares: what is made of them stays in the processor's cache, and in memory that is there: with
4096, the system gave new pages for each, which took most of the time.
"""
WINDOWS = (3, 7, 15, 31)
"""Sides of the windows with means of sure foreground, in squares; a wider one stands in where a
smaller one holds too little.
"""
PLACED_BY = 1  # number of the window for the place of single pixels
TEXTURE_PX, ALPHA_PX = 5, 15
_OWN = 16  # features of `_own`
SURE = 0.9
ENOUGH = 2.0
LEAST_CONTRAST = 100.0
"""Squared levels, summed over channels: foreground and plate this alike say nothing."""
PLACES = -0.5, 1.5  # between plate (0) and foreground (1)
LOG_LEVELS = 4.0


class Squares(NamedTuple):
    """Squares of 2x2 pixels, by their places at half the size."""

    rows: _Index
    columns: _Index
    size: tuple[int, int]
    """(h, w) of half the size."""

    @property
    def flat(self) -> _Index:
        return np.asarray(self.rows * self.size[1] + self.columns, np.intp)

    def some(self, of: slice) -> Squares:
        return Squares(self.rows[of], self.columns[of], self.size)

    def picked(self, rng: np.random.Generator, count: int) -> Squares:
        some = rng.permutation(len(self.rows))[:count]
        return Squares(self.rows[some], self.columns[some], self.size)

    def around(self, places: tuple[tuple[int, int], ...]) -> _Index:
        """Flat indices, (n, places), in a picture `padded` on all sides."""
        wide = self.size[1] + 2 * REACH
        own = (self.rows + REACH) * wide + self.columns + REACH
        return np.asarray(own[:, None] + [down * wide + right for down, right in places], np.intp)

    def of(self, values: npt.NDArray[Any], side: int = 2) -> _Floats:
        """Pixels (4, n) or (4, c, n) of a picture (H, W) or (H, W, c), row by row; 16 of one of
        twice the size, with a `side` of 4.
        """
        channels = values.shape[2:]
        long = side * sum(channels) or side
        rows = np.take(values.reshape(-1, long), self._rows_of(side), axis=0)
        return turned(rows.reshape(len(rows), -1)).reshape(side * side, *channels, -1)

    def put(self, picture: FloatMap, pixels: _Floats, side: int = 2) -> None:
        """Write pixels (4, n) of a picture (H, W): the way back from `of`."""
        together = np.dtype(f"c{4 * side}")  # so that NumPy writes a row of a square at once
        picture.reshape(-1).view(together)[self._rows_of(side)] = turned(pixels).view(together)

    def _rows_of(self, side: int) -> _Index:
        """Flat indices, (n, side), of their first, second ... rows in a picture of rows so long."""
        first = side * self.rows * self.size[1] + self.columns
        return np.stack([first + row * self.size[1] for row in range(side)], axis=1)


def squares_of(mask: npt.NDArray[np.uint8]) -> Squares:
    """Those that hold a pixel of a mask (H, W), even sides."""
    return _in_mask(mask[::2, ::2] | mask[1::2, ::2] | mask[::2, 1::2] | mask[1::2, 1::2])


class Surroundings(NamedTuple):
    """What features are read from."""

    pixels: _Floats
    """Alpha, place and difference of the four pixels of squares, (m, 12): of those asked for and
    those beside them, in the order of `place`.
    """
    place: npt.NDArray[np.int32]
    """The row in `pixels` of each square of the picture, `padded`."""
    means: _Floats
    """Alpha, the plate's colour, difference from it and its size, of all squares; `padded`."""
    near: _Floats
    """Mean colour of the sure foreground, (3, n), the same in wider windows, and what even these
    lack, (n,).
    """
    wide: _Floats
    missing: FloatMap
    colours: _Floats
    """As in `regressed`, (H, W, 3)."""
    behind: _Floats
    texture: FloatMap
    """Texture of the plate, and the mean alpha of a wide window, at the squares, (n,)."""
    mean_alpha: FloatMap
    noise: _Floats
    """Noise of the squares asked for, (n, 5): see `border_noise`."""


def surroundings(
    alpha: FloatMap, colours: _Floats, behind: _Floats, squares: Squares
) -> Surroundings:
    """See `regressed`."""
    # Of parts of a picture, reading squares would copy all of it each time.
    alpha, colours, behind = (np.ascontiguousarray(one) for one in (alpha, colours, behind))
    half = squares.size[::-1]
    small_alpha = cv2.resize(alpha, half, interpolation=cv2.INTER_AREA)
    # The same means of four pixels, which take OpenCV a quarter of the time for three channels.
    small, back = (
        cv2.resize(one, half, interpolation=cv2.INTER_LINEAR) for one in (colours, behind)
    )
    asked = np.zeros(squares.size, np.uint8)
    asked[squares.rows, squares.columns] = 1
    beside = _in_mask(cv2.dilate(asked, np.ones((3, 3), np.uint8)))
    near, wide, missing = _foreground(small_alpha, small, beside.flat)
    place = np.zeros(squares.size, np.int32)
    place.reshape(-1)[beside.flat] = np.arange(len(beside.rows))
    own = place.reshape(-1)[squares.flat]
    off = small - back
    power = cv2.transform(off * off, np.full((1, 3), 1 / 3, np.float32))
    grey = cv2.cvtColor(behind, cv2.COLOR_RGB2GRAY)
    changes = cv2.Laplacian(grey, cv2.CV_32F)
    np.abs(changes, out=changes)
    corners = 4 * squares.rows * half[0] + 2 * squares.columns  # their first pixels
    return Surroundings(
        pixels=_pixels(alpha, colours, behind, beside, near),
        place=padded(place),
        means=merged_and_padded(small_alpha, back, off, _log(np.sqrt(power))),
        near=np.take(near, own, axis=1),
        wide=np.take(wide, own, axis=1),
        missing=missing[own],
        colours=colours,
        behind=behind,
        texture=_log(np.take(cv2.blur(changes, (TEXTURE_PX, TEXTURE_PX)), corners)),
        mean_alpha=np.take(cv2.blur(alpha, (ALPHA_PX, ALPHA_PX)), corners),
        noise=_log(noise(small_alpha, power, colours, behind, grey, squares.rows, squares.columns)),
    )


def features_of(
    near: Surroundings, squares: Squares, some: slice, finer: FloatMap | None = None
) -> tuple[_Floats, _Floats]:
    """Features of some squares: (n, 108) of their pixels and those beside them, (45, n) further
    ones; 61 of them if alpha is known `finer`, at twice the size.

    They are apart as they are made so: a product of matrices takes either.
    """
    part = squares.some(some)
    around = np.take(near.pixels, np.take(near.place, part.around(AROUND)), axis=0)
    taken = np.take(near.means.reshape(-1, 8), part.around(FURTHER), axis=0)
    means = turned(taken.reshape(len(part.rows), -1)).reshape(len(FURTHER), 8, -1)
    places = 3 * len(FURTHER)
    rest = np.empty((places + _OWN + near.noise.shape[1], len(part.rows)), np.float32)
    further = rest[:places].reshape(len(FURTHER), 3, -1)
    further[:, 0] = means[:, 0]
    further[:, 1] = _between(means[:, 4:7], near.near[:, some] - means[:, 1:4])[0]
    further[:, 2] = means[:, 7]
    _own(near, part, some, rest[places : places + _OWN])
    rest[places + _OWN :] = near.noise[some].T
    if finer is not None:
        rest = np.concatenate([rest, part.of(finer, 4)])
    return around.reshape(len(part.rows), -1), rest


def features(
    alpha: FloatMap,
    colours: _Floats,
    behind: _Floats,
    squares: Squares,
    finer: FloatMap | None = None,
) -> _Floats:
    """(n, 153) of all squares, or (n, 169). See `regressed`."""
    near = surroundings(alpha, colours, behind, squares)
    around, rest = features_of(near, squares, slice(None), finer)
    return np.concatenate([around, rest.T], axis=1, dtype=np.float32)


def _pixels(
    alpha: FloatMap, colours: _Floats, behind: _Floats, squares: Squares, near: _Floats
) -> _Floats:
    made = np.empty((len(squares.rows), 12), np.float32)
    for first in range(0, len(made), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        part = squares.some(some)
        back = part.of(behind)
        difference = part.of(colours) - back
        block = np.empty((4, 3, back.shape[-1]), np.float32)
        block[:, 0] = part.of(alpha)
        block[:, 1] = _between(difference, near[:, some] - back)[0]
        block[:, 2] = _log(_magnitude(difference))
        made[some] = block.reshape(12, -1).T
    return made


def _own(near: Surroundings, squares: Squares, some: slice, made: _Floats) -> None:
    """What is of the square itself, or of each of its pixels, (16, n)."""
    back = squares.of(near.behind)
    here = squares.of(near.colours) - back
    to_foreground = near.wide[:, some] - back
    placed, contrast = _between(here, to_foreground)
    # Colours end at 0 and 255: a smaller alpha cannot have made this difference.
    least = np.maximum(here / np.maximum(255 - back, 1), here / np.minimum(-back, -1))
    made[:4] = placed
    made[4:8] = _log(_magnitude(here - placed[:, None] * to_foreground))
    made[8:12] = np.minimum(np.maximum(least[:, 0], np.maximum(least[:, 1], least[:, 2])), 1)
    made[12] = _log(contrast.sum(axis=0) * np.float32(1 / 4))
    made[13] = near.missing[some]
    made[14] = near.texture[some]
    made[15] = near.mean_alpha[some]


def _foreground(
    alpha: FloatMap, colours: _Floats, needed: _Index
) -> tuple[_Floats, _Floats, FloatMap]:
    """The sure foreground's mean colour in small windows and in wide ones, (3, n), and the share of
    it that even the widest lacks; of squares.
    """
    sure = np.clip((alpha - SURE) / (1 - SURE), 0, 1)
    counted = cv2.multiply(cv2.cvtColor(colours, cv2.COLOR_RGB2RGBA), cv2.merge([sure] * 4))
    total = np.zeros((3, len(needed)), np.float32)
    left = np.ones(len(needed), np.float32)
    made: list[_Floats] = []
    for side in WINDOWS:
        mean = turned(np.take(cv2.blur(counted, (side, side)).reshape(-1, 4), needed, axis=0))
        known = mean[3]
        share = np.minimum(known * np.float32(side * side / ENOUGH), 1) * left
        total += mean[:3] * (share / np.maximum(known, 1e-5))
        left -= share
        made.append(np.asarray(total / np.maximum(1 - left, 1e-3), np.float32))
    return made[PLACED_BY], made[-1], left


def _in_mask(mask: npt.NDArray[np.uint8]) -> Squares:
    found = cv2.findNonZero(mask)
    columns, rows = np.zeros((2, 0), np.intp) if found is None else found.reshape(-1, 2).T
    size = mask.shape[0], mask.shape[1]
    return Squares(rows.astype(np.intp), columns.astype(np.intp), size)


def _between(difference: _Floats, to_foreground: _Floats) -> tuple[FloatMap, FloatMap]:
    """Where a colour lies between plate (0) and foreground (1), and how far these are apart; all
    (k, 3, n) to (k, n).
    """
    apart = np.maximum(_dot(to_foreground, to_foreground), LEAST_CONTRAST)
    along = _dot(difference, to_foreground)
    return np.clip(along / apart, *PLACES), np.sqrt(apart / 3)


def _magnitude(values: _Floats) -> FloatMap:
    return np.asarray(np.sqrt(_dot(values, values) / 3), np.float32)


def _dot(one: _Floats, other: _Floats) -> FloatMap:
    """Channels stand before the pixels here: sums over a last axis of three are slow in NumPy."""
    total: FloatMap = one[:, 0] * other[:, 0]
    for channel in (1, 2):
        total += one[:, channel] * other[:, channel]
    return total


def _log(levels: _Floats) -> _Floats:
    one = np.float32(1 / LOG_LEVELS)
    made = cv2.log(levels * one + np.float32(1))  # NumPy's takes twice as long
    return np.asarray(made.reshape(levels.shape) * one, np.float32)


def detail_of(noise: _Floats) -> FloatMap:
    """The detail beside squares that is no noise, (n,), in levels, of `Surroundings.noise`."""
    steps, detail = np.expm1(noise[:, (1, 3)].T * np.float32(LOG_LEVELS)) * np.float32(LOG_LEVELS)
    return without_noise(detail, steps)


def turned(values: npt.NDArray[Any]) -> _Floats:
    """Rows as columns, float32; far quicker than NumPy's copy of a transposed array."""
    columns: _Floats = cv2.transpose(np.ascontiguousarray(values, np.float32))
    return columns
