"""Whether a frame differs from earlier ones by more than noise. Knows no plate and no network."""

from __future__ import annotations

import cv2
import numpy as np

from edgeds.estimate.look_settings import CHANGE, ChangeLimits
from edgeds.plate.robust_fit import median
from edgeds.types import Box, FloatMap, Pixels


class ChangeDetector:
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
        mean = cv2.blur(cv2.subtract(small, before, dtype=cv2.CV_32F), (3, 3))
        # Half of the picture may change: medians are of the other half. Light that changes
        # everywhere is no noise.
        channels = np.ascontiguousarray(mean[::3, ::3].reshape(-1, 3).T)
        away = [np.abs(one - np.float32(median(one))) for one in channels]
        noise = median(np.maximum(np.maximum(away[0], away[1]), away[2]))
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


class JudgedColours:
    """The colours that the network has seen at each pixel of the small frames, and judged.

    Where it found background, that is a range: a leaf that sways between colours that were judged
    background is no change. Where it found foreground, the range begins again. Ranges narrow
    with time, so that one flash does not hide a thing for ever.
    """

    def __init__(self) -> None:
        self._set = CHANGE
        self._low: Pixels | None = None
        self._high: Pixels | None = None

    def forget(self) -> None:
        """Nothing is judged: with another plate, the same colours may be foreground."""
        self._low = self._high = None

    @property
    def is_empty(self) -> bool:
        return self._low is None

    def take(self, smooth: Pixels, alpha: FloatMap, seen: Box) -> None:
        """Learn from a look at the pixels in `seen`; `alpha` (h, w) is that of the whole frame."""
        if self._low is None or self._high is None:
            self._low, self._high = smooth.copy(), smooth.copy()
            return
        now = np.ascontiguousarray(smooth[seen.of])
        # 3x3 pixels of the frame are in each smooth one.
        shown = (alpha[seen.of] > self._set.foreground).astype(np.uint8)
        shown = cv2.dilate(shown, np.ones((3, 3), np.uint8))
        kept = self._set.range_kept
        for bound, outer in ((self._low, cv2.min), (self._high, cv2.max)):
            drawn_in = cv2.addWeighted(np.ascontiguousarray(bound[seen.of]), kept, now, 1 - kept, 0)
            reaching = outer(drawn_in, now)
            cv2.copyTo(now, shown, reaching)
            bound[seen.of] = reaching

    def left(self, smooth: Pixels, limit: float, *, outside: Box) -> bool:
        """Whether a pixel outside of a box shows a colour that was not judged there.

        `limit`: of `ChangeDetector`, for what is no noise. The network is not asked again for a few
        levels.
        """
        assert self._low is not None
        assert self._high is not None
        off = cv2.max(cv2.subtract(smooth, self._high), cv2.subtract(self._low, smooth))
        off[outside.of] = 0
        return bool((off > np.uint8(min(max(limit, self._set.entering_levels), 255))).any())
