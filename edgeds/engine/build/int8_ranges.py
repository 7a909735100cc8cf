"""Histograms of |x| of a graph's tensors over frames, and the int8 ranges that follow from them.
Knows nothing about graphs or files.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from edgeds.evaluation.settings import CALIBRATION

Method = Literal["max", "percentile", "entropy"]
METHODS: tuple[Method, ...] = get_args(Method)

_BINS = 2048
_LEVELS = 128
"""Magnitudes of a symmetric int8."""
_ENOUGH = 20_000
"""Values of a tensor that are counted per frame. The maximum covers all values."""


class Histogram:
    """Counts of |x| in equal bins from 0 to a limit. The limit doubles when a value passes it, so
    the memory does not grow with the number of frames.
    """

    def __init__(self) -> None:
        self.counts: npt.NDArray[np.float64] = np.zeros(_BINS)
        self.width = 0.0
        """The width of a bin."""
        self.largest = 0.0

    def add(self, values: npt.NDArray[np.float32]) -> None:
        """Count the values of one frame."""
        self.largest = max(self.largest, float(values.max()), -float(values.min()))
        if self.width == 0.0:
            self.width = max(self.largest, 1e-6) / _BINS
        while self.largest > self.width * _BINS:
            pairs = self.counts.reshape(-1, 2).sum(axis=1)
            self.counts, self.width = np.concatenate([pairs, np.zeros(_BINS // 2)]), 2 * self.width
        # Prime steps: no step is a multiple of a row's length.
        step = next(p for p in (1, 3, 7, 13, 29, 61, 127) if values.size <= p * _ENOUGH or p == 127)
        some = np.abs(values.reshape(-1)[::step])
        bins = np.minimum(some / np.float32(self.width), _BINS - 1).astype(np.int64)
        self.counts += np.bincount(bins, minlength=_BINS)

    def limit(self, method: Method) -> float:
        """The largest |x| that int8 represents; larger values saturate."""
        if method == "max":
            found = self.largest
        elif method == "percentile":
            found = self._percentile(CALIBRATION.percentile)
        else:
            found = self._least_entropy()
        return max(min(found, self.largest), 1e-6)

    def _percentile(self, percent: float) -> float:
        share = np.cumsum(self.counts) / max(self.counts.sum(), 1.0)
        return (int(np.searchsorted(share, percent / 100)) + 1) * self.width

    def _least_entropy(self) -> float:
        """The limit whose int8 histogram diverges least from the true one (Kullback-Leibler), as in
        Migacz, 8-bit Inference with TensorRT, GTC 2017.
        """
        counts = self.counts.copy()
        counts[0] = counts[1]  # zeros (after a ReLU: half of all values) cost no precision
        if not counts.any():
            return self.largest
        best, least = _BINS, np.inf
        for end in range(_LEVELS, _BINS + 1, 8):
            kept = counts[:end].copy()
            kept[-1] += counts[end:].sum()
            there = counts[:end] > 0
            level = np.arange(end) * _LEVELS // end
            of_level = np.bincount(level, weights=counts[:end], minlength=_LEVELS)
            bins_of_level = np.bincount(level, weights=there, minlength=_LEVELS)
            coarse = np.where(there, (of_level / np.maximum(bins_of_level, 1))[level], 0.0)
            divergence = _divergence(kept, coarse)
            if divergence < least:
                best, least = end, divergence
        return best * self.width


def _divergence(p: npt.NDArray[np.float64], q: npt.NDArray[np.float64]) -> float:
    """Kullback-Leibler divergence of counts. Where q is 0 it counts as one in a million; otherwise
    a single saturated value would make the divergence infinite.
    """
    if not q.any():
        return float(np.inf)
    p, q = p / p.sum(), q / q.sum() + 1e-6
    some = p > 0
    return float((p[some] * np.log(p[some] / q[some])).sum())
