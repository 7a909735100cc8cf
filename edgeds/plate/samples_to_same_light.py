"""Corrects samples of one scene to the same light, so that they can be compared pixel by pixel.

Cameras open and close their iris, days end, and lamps on mains flicker in bands that roll through
the picture. Without a correction, samples of the same background would not agree. Knows nothing
about plates.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeds.plate.light_change import SAME, Light, light_between
from edgeds.plate.sorting import sort_samples
from edgeds.types import Pixels

Stack = npt.NDArray[np.uint8]
"""uint8 RGB (n, h, w, 3)."""
Floats = npt.NDArray[np.float32]

_FIT_STRIDE = 3  # a ninth of the pixels fits as well as all of them
_MIN_LEVELS = 1.5  # a smaller change of the light is within rounding and noise
_MIN_BAND = 0.02  # relative brightness of rows; and how much better bands must explain the samples
_MAX_BAND = 0.4
_BAND_GAIN = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class SampleLight:
    """Corrects a sample to the light of the median: row gains, and a change per channel."""

    light: Light
    rows: Floats | None
    """Gain of each row of the small sample; None where the light has no bands."""

    def __call__(self, band: Pixels, top: int, height: int) -> Pixels:
        """Rows `top`... of a picture that is `height` rows high, in the median's light."""
        import cv2

        if self.rows is not None:
            at = (np.arange(top, top + len(band)) + 0.5) * (len(self.rows) / height) - 0.5
            gain = np.interp(at, np.arange(len(self.rows)), self.rows).astype(np.float32)
            band = np.clip(band * gain[:, None, None] + 0.5, 0, 255).astype(np.uint8)
        if self.light is SAME:
            return band
        levels = np.repeat(np.arange(256, dtype=np.float32)[None, :, None], 3, axis=2)
        lit: Pixels = cv2.LUT(band, np.round(self.light(levels)).astype(np.uint8))
        return lit


def equalised(small: Stack) -> tuple[Stack, list[SampleLight]]:
    """Small samples in the light of their median, and the corrections for the full samples.

    A gain and bias per sample and channel, fitted robustly, then a gain per row where that
    explains the samples clearly better: half of a row, or of the picture, may be something else.
    """
    middle = _median(small)
    with ThreadPoolExecutor() as pool:
        changes = list(pool.map(lambda sample: _change(sample, middle), small))
        lit = np.stack(list(pool.map(_applied, changes, small)))
    middle = _median(lit)
    rows = _row_gains(lit, middle)
    if rows is None:
        return lit, [SampleLight(change, None) for change in changes]
    # Bands spoil the first fit: remove them from the original samples, and repeat the fit.
    lights = []
    for index, sample in enumerate(small):
        banded = SampleLight(SAME, rows[index])(sample, 0, len(sample))
        lights.append(SampleLight(_change(banded, middle), rows[index]))
    height = small.shape[1]
    return np.stack([at(s, 0, height) for at, s in zip(lights, small, strict=True)]), lights


def _change(sample: Pixels, middle: Floats) -> Light:
    part = sample[::_FIT_STRIDE, ::_FIT_STRIDE].astype(np.float32)
    everywhere = np.ones(part.shape[:2], np.bool_)
    change = light_between(part, middle[::_FIT_STRIDE, ::_FIT_STRIDE], everywhere)
    return SAME if change is None or change.levels() < _MIN_LEVELS else change


def _applied(change: Light, sample: Pixels) -> Pixels:
    return SampleLight(change, None)(sample, 0, len(sample))


def _median(stack: Stack) -> Floats:
    ordered = stack.copy()
    sort_samples(ordered)
    middle: Floats = ordered[len(ordered) // 2].astype(np.float32)
    return middle


def _row_gains(lit: Stack, middle: Floats) -> Floats | None:
    """(n, h): the factor of each row; None if bands explain nothing."""
    import cv2

    # Green stands for the light; a quarter of the columns is enough.
    grey, wanted = lit[:, :, ::4, 1].astype(np.float32), middle[:, ::4, 1]
    ratio = np.median((wanted + 4) / (grey + 4), axis=2).astype(np.float32)
    side = max(1, lit.shape[1] // 24) | 1
    smooth = np.stack([cv2.blur(r[:, None], (1, side))[:, 0] for r in ratio])
    if smooth.std() < _MIN_BAND or np.abs(smooth - 1).max() > _MAX_BAND:
        return None
    before = np.median(np.abs(grey - wanted))
    after = np.median(np.abs(grey * smooth[..., None] - wanted))
    return smooth if after < _BAND_GAIN * before else None
