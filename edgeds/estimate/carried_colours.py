"""Colours of the foreground, carried to where they are not known: pull-push (Gortler et al. 1996).

What one size lacks comes from the next smaller one. Knows nothing about plates.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.border_surroundings import on_coarse
from edgeds.sources.scaling import read_at
from edgeds.types import FloatMap

_Index = npt.NDArray[np.intp]

_SIZES = 6
"""From which colours are carried outwards, each half of the one before, from half the picture's."""
_LACKED = np.float32(0.03)
"""Foreground, as a share of a pixel, at which one size and the next smaller one count alike."""


class Carried:
    """The foreground's colours at half a picture's size and everywhere; sure pixels decide."""

    def __init__(
        self, kept: npt.NDArray[Any], is_open: npt.NDArray[np.uint8], alpha: FloatMap
    ) -> None:
        """
        Args:
            kept: (H, W, 3), black where `is_open` (H, W) is 0.
        """
        self._size = alpha.shape
        size = (alpha.shape[1] + 1) // 2, (alpha.shape[0] + 1) // 2
        self.alpha: FloatMap = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
        """(h, w)."""
        weight = np.square(self.alpha)
        self.colours = cv2.resize(kept, size, interpolation=cv2.INTER_AREA)
        """As they were kept, (h, w, 3)."""
        total = [channel * weight for channel in cv2.split(self.colours)]
        count = cv2.resize(is_open * np.uint8(255), size, interpolation=cv2.INTER_AREA)
        self.sums: npt.NDArray[np.float32] = cv2.merge([*total, count * (weight / np.float32(255))])
        """Colours that count by alpha squared, and their count, (h, w, 4)."""
        size = (size[0] + 1) // 2, (size[1] + 1) // 2
        smaller = cv2.resize(self.sums, size, interpolation=cv2.INTER_AREA)
        self._wider = everywhere(smaller, _SIZES - 1)

    def at(self, rows: _Index, columns: _Index) -> npt.NDArray[np.float32]:
        """(n, 3) at pixels of the picture."""
        squares = rows // 2 * self.sums.shape[1] + columns // 2
        near = np.take(self.sums.reshape(-1, 4), squares, axis=0)
        wider = read_at(self._wider, *on_coarse(rows, columns, self._wider.shape, self._size))
        carried: npt.NDArray[np.float32] = near[:, :3] + _LACKED * wider
        carried /= near[:, 3:] + _LACKED
        return carried


def everywhere(sums: npt.NDArray[np.float32], sizes: int) -> npt.NDArray[np.float32]:
    """Mean colours (h, w, 3) of sums of colours and their count (h, w, 4)."""
    of_sizes = [sums]
    for _ in range(sizes - 1):
        size = (of_sizes[-1].shape[1] + 1) // 2, (of_sizes[-1].shape[0] + 1) // 2
        of_sizes.append(cv2.resize(of_sizes[-1], size, interpolation=cv2.INTER_AREA))
    mean: npt.NDArray[Any] = of_sizes[-1][..., :3] / np.maximum(of_sizes[-1][..., 3:], 1e-6)
    for one in of_sizes[-2::-1]:
        lacking = cv2.resize(mean, one.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        mean = (one[..., :3] + _LACKED * lacking) / (one[..., 3:] + _LACKED)
    return np.asarray(mean, np.float32)
