"""Encodes the plates of a set's items, with and without noise, as ranges and verdicts need them.

Sets do not have their plates' noise. An engine that takes it is given a drawn one with every other
item, so that int8 holds for plates whose noise is known and for those where it is not.
"""

from __future__ import annotations

import numpy as np

from edgeds.evaluation.set_files import SetFile
from edgeds.types import Engine, FloatMap, Pixels, PlateFeatures, Size

_STILL_LEVELS = 0.4, 4.0
_MOVING_LEVELS = 4.0, 60.0
"""Where leaves, water or a screen move."""


class PlateEncoder:
    """Encodes the plates of one item after the other: each plate once, and once with noise."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._in_use: SetFile | None = None
        self._features: dict[bool, PlateFeatures] = {}
        self._plates = self._items = 0

    def __call__(self, path: SetFile, plate: Pixels) -> PlateFeatures:
        """The features of the next item's plate, which has the engine's size."""
        if path != self._in_use:
            self._in_use, self._features = path, {}
            self._plates += 1
        is_known = self._engine.takes_noise and self._items % 2 == 1
        self._items += 1
        if is_known not in self._features:
            noise = drawn_noise(self._plates, self._engine.size) if is_known else None
            self._features[is_known] = self._engine.encode_plate(plate, noise)
        return self._features[is_known]


def drawn_noise(number: int, size: Size) -> FloatMap:
    """Noise of a plate, in levels: a still scene's, with a region that moves. Each number has its
    own."""
    rng = np.random.default_rng(number)
    still, moving = (np.exp(rng.uniform(*np.log(ends))) for ends in (_STILL_LEVELS, _MOVING_LEVELS))
    ys, xs = np.mgrid[0 : size[0], 0 : size[1]] / np.reshape(size, (2, 1, 1))
    (y, x), (down, across) = rng.uniform(0, 1, 2), rng.uniform(0.1, 0.5, 2)
    inside = np.clip(4 * (1 - np.hypot((ys - y) / down, (xs - x) / across)), 0, 1)
    rough = np.exp(rng.normal(0, 0.15, size))
    return np.asarray((still + inside * moving) * rough, np.float32)
