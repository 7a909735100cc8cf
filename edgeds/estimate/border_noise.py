"""How far the border's colours can be believed: noise, compression and light of frame and plate.

Sensor noise differs from pixel to pixel; a coded video has no such detail, least of all in its
colours and in the dark, and what it has beside a border is not what was there. Both are seen where
there is background. Knows nothing about weights.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.types import FloatMap

_Floats = npt.NDArray[np.float32]
_Index = npt.NDArray[np.intp]

EMPTY = 0.02
NEARBY, BESIDE = 15, 7
"""Sides of windows, in squares of 4x4 pixels and of 2x2."""
STEPS_TO_DETAIL = 3.0
"""Mean size of noise's Laplacian over that of its steps from pixel to pixel: 3.2 for noise of
single pixels, 2.4 where it was blurred over 2x2."""
_ROWS = np.s_[::4]
"""Rows of which steps are measured: all would show the same."""


def noise(
    alpha: FloatMap, power: FloatMap, colours: _Floats, behind: _Floats, grey: FloatMap,
    rows: _Index, columns: _Index,
) -> _Floats:  # fmt: skip
    """(n, 5) of squares of 2x2 pixels, in levels: where there is background nearby, what frame and
    plate differ by, and how much that changes from one pixel to the next, in light and in colour;
    how much detail the frame has beside the square, and how bright the plate is.

    Args:
        alpha: (h, w), at half the size.
        power: what frame and plate differ by, squared, the mean of the channels, (h, w).
        colours, behind: frame and plate, (H, W, 3).
        grey: of the plate, (H, W).
        rows, columns: of the squares.
    """
    seen = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)
    light, hue = np.abs(_step(seen) - _step(grey)), np.abs(_hue(colours) - _hue(behind))
    empty = (alpha < EMPTY).astype(np.float32)
    quarter, some = light.shape[::-1], empty[::2, ::2]
    counted = power * empty, empty
    all_of = [cv2.resize(one, quarter, interpolation=cv2.INTER_AREA) for one in counted]
    summed = cv2.blur(cv2.merge([*all_of, light * some, hue * some]), (NEARBY, NEARBY))
    nearby = np.take(summed.reshape(-1, 4), rows // 2 * quarter[0] + columns // 2, axis=0)
    share = np.maximum(nearby[:, 1:2], 1e-3)
    changes = cv2.Laplacian(seen, cv2.CV_32F)
    np.abs(changes, out=changes)
    detail = cv2.resize(changes, alpha.shape[::-1], interpolation=cv2.INTER_AREA)
    made = np.empty((len(rows), 5), np.float32)
    made[:, :3] = nearby[:, (0, 2, 3)] / share
    made[:, 3] = cv2.blur(detail, (BESIDE, BESIDE))[rows, columns]
    made[:, 4] = grey[2 * rows, 2 * columns]
    made = np.maximum(made, 0)
    made[:, 0] = np.sqrt(made[:, 0])
    return made


def without_noise(detail: FloatMap, steps: FloatMap) -> FloatMap:
    """What of the frame's detail is no noise, whose `steps` are seen where there is background; all
    in levels, (n,).
    """
    squared = detail * detail - np.square(np.float32(STEPS_TO_DETAIL) * steps)
    return np.asarray(np.sqrt(np.maximum(squared, 0)), np.float32)


def _step(values: FloatMap) -> FloatMap:
    """(H / 4, W / 4): from one pixel to that on its right."""
    some = values[_ROWS]
    return np.asarray(some[:, 1::4] - some[:, ::4], np.float32)


def _hue(colours: _Floats) -> FloatMap:
    """Steps of red less green, (H / 4, W / 4)."""
    left, right = colours[_ROWS, ::4], colours[_ROWS, 1::4]
    return np.asarray(right[..., 0] - right[..., 1] - (left[..., 0] - left[..., 1]), np.float32)
