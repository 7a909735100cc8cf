"""Whether a frame differs from an earlier one by more than noise. Knows no plate and no network."""

from __future__ import annotations

import cv2
import numpy as np

from edgeds.estimate.settings import CHANGE, ChangeLimits
from edgeds.types import Box, Pixels


class Change:
    """Compares small frames of one stream; they are all of one size.

    Noise is the difference between successive frames. A slow change is not noise: it adds up until
    it shows against an earlier frame.
    """

    def __init__(self, settings: ChangeLimits = CHANGE) -> None:
        self._set = settings
        self._before: Pixels | None = None
        self._count = 0
        self._noise = 0.0

    @property
    def limit(self) -> float:
        """Levels of 255: a larger difference of the mean of 3x3 pixels is a change."""
        return max(self._set.floor_levels, self._set.noises * self._noise)

    def smooth(self, small: Pixels) -> Pixels:
        """What is compared of the next frame, uint8 RGB (h, w, 3). The noise is learned from it."""
        before, self._before = self._before, small
        if before is not None and before is not small and before.shape == small.shape:
            if self._count % self._set.learn_every == 0:
                self._learn(before, small)
            self._count += 1
        return np.asarray(cv2.blur(small, (3, 3)), np.uint8)

    def _learn(self, before: Pixels, small: Pixels) -> None:
        mean = cv2.blur(cv2.subtract(small, before, dtype=cv2.CV_16S).astype(np.float32), (3, 3))
        # Half of the picture may change: medians are of the other half. Light that changes
        # everywhere is no noise.
        mean = mean[::3, ::3].reshape(-1, 3)
        noise = float(np.median(np.abs(mean - np.median(mean, axis=0)).max(axis=1)))
        # It rises at once, so that a picture that gets noisy costs few looks, and falls slowly.
        kept = self._set.noise_kept * self._noise + (1 - self._set.noise_kept) * noise
        self._noise = max(noise, kept)

    def between(self, earlier: Pixels, now: Pixels, *, outside: Box | None = None) -> bool:
        """Whether anything changed between two smooth frames, `outside` of a box."""
        # uint8 throughout: a tenth of the time of floats.
        difference = cv2.absdiff(earlier, now)
        if outside is not None:
            difference[outside.of] = 0
        return bool((difference > np.uint8(min(self.limit, 255))).any())
