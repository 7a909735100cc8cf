"""Where a frame differs from an earlier one by more than noise. Knows no plate and no network."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.settings import CHANGE, ChangeLimits
from edgeds.types import Pixels

Mask = npt.NDArray[np.bool_]


class Change:
    """Compares small frames of one stream; they are all of one size.

    The noise is that between successive frames: what changes slowly is no noise, and adds up until
    it is seen against an earlier frame.
    """

    def __init__(self, settings: ChangeLimits = CHANGE) -> None:
        self._set = settings
        self._before: Pixels | None = None
        self._noise = 0.0

    @property
    def limit(self) -> float:
        """Levels of 255 past which a neighbourhood of 3x3 pixels changed."""
        return max(self._set.floor_levels, self._set.noises * self._noise)

    def learn(self, small: Pixels) -> None:
        """Measure the noise on the next frame: uint8 RGB (h, w, 3)."""
        before, self._before = self._before, small
        if before is None or before.shape != small.shape or before is small:
            return
        # Half of the picture may change: medians are of the other half. Light that changes
        # everywhere is no noise.
        mean = _means(before, small)[::2, ::2].reshape(-1, 3)
        noise = float(np.median(np.abs(mean - np.median(mean, axis=0)).max(axis=1)))
        # It rises at once, so that a picture that gets noisy costs one look, and falls slowly.
        kept = self._set.noise_kept * self._noise + (1 - self._set.noise_kept) * noise
        self._noise = max(noise, kept)

    def between(self, earlier: Pixels, small: Pixels) -> Mask:
        """Where the second differs from the first, (h, w)."""
        changed: Mask = _levels(earlier, small) > self.limit
        return changed


def _means(one: Pixels, other: Pixels) -> npt.NDArray[np.float32]:
    """The mean difference of 3x3 pixels around each, (h, w, 3)."""
    difference: npt.NDArray[Any] = cv2.subtract(one, other, dtype=cv2.CV_16S)
    mean: npt.NDArray[np.float32] = cv2.blur(difference.astype(np.float32), (3, 3))
    return mean


def _levels(one: Pixels, other: Pixels) -> npt.NDArray[np.float32]:
    """Its largest channel."""
    mean = np.abs(_means(one, other))
    largest = np.maximum(mean[..., 0], mean[..., 1])
    return np.asarray(np.maximum(largest, mean[..., 2]), np.float32)
