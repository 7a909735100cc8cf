"""The plate of a still scene: the median of its frames, and their noise."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import numpy.typing as npt

from edgeds.plate.plate import Plate
from edgeds.plate.sorting import band_rows, sort_samples
from edgeds.types import FloatMap, Pixels


def median_plate(samples: list[Pixels]) -> Generator[None, object, Plate]:
    """The plate of a still scene: the median of each pixel and channel, with its noise.

    A generator that returns the plate. It yields a few times a second, so that its caller can do
    something else in between.

    The noise is the root mean square deviation from the median over all channels. Deviations are
    limited to three sigmas, estimated from the interquartile range. This is as robust as the MAD,
    without its steps of whole levels.

    Args:
        samples: uint8 RGB arrays of one shape (H, W, 3), at most 255.
    """
    height, width = samples[0].shape[:2]
    pixels, noise = np.empty_like(samples[0]), np.empty((height, width), np.float32)
    rows = band_rows(samples)
    for done, y in enumerate(range(0, height, rows), start=1):
        band = slice(y, y + rows)
        pixels[band], noise[band] = _median_and_noise(np.stack([s[band] for s in samples]))
        if done % 4 == 0:
            yield
    pixels.flags.writeable = noise.flags.writeable = False
    return Plate(pixels, origin="capture", samples=len(samples), noise=noise)


def median_plate_at_once(samples: list[Pixels]) -> Plate:
    """`median_plate`, all its steps at once."""
    steps = median_plate(samples)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            plate: Plate = end.value
            return plate


def _median_and_noise(stack: npt.NDArray[np.uint8]) -> tuple[Pixels, FloatMap]:
    count = len(stack)
    sort_samples(stack)
    low, high = stack[(count - 1) // 2], stack[count // 2]
    median: Pixels = (low + ((high - low + 1) >> 1)).astype(np.uint8)
    quartiles = stack[(3 * count) // 4].astype(np.uint16) - stack[count // 4]
    # 3 sigma is 2.2 interquartile ranges of a Gaussian; the level more is for rounding.
    limit = np.minimum(2.2 * quartiles + 1.5, 255).astype(np.uint8)
    total = np.zeros(median.shape, np.float32)
    for sample in stack:
        difference = np.minimum(np.maximum(sample, median) - np.minimum(sample, median), limit)
        total += np.square(difference, dtype=np.uint16)
    noise: FloatMap = np.sqrt(total.mean(axis=-1) / max(1, count - 1))
    return median, noise
