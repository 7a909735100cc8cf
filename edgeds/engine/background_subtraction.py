"""Plain background subtraction behind the engine protocol: no weights, no training.

The fake among the engines, for tests; and the yardstick that a trained network has to beat
(`edgeds eval SET --engine difference`).
"""

from __future__ import annotations

import numpy as np

from edgeds.engine.in_turn import InTurn, in_turn
from edgeds.types import FloatMap, Maps, Pixels, PlateFeatures, Size
from edgeds.types.picture import largest_channel


class DifferenceEngine(InTurn):
    """alpha grows with the colour difference to the plate; depth is a floor: nearer below."""

    name = "plate difference"
    takes_noise = False

    def __init__(self, *, size: Size = (192, 320), low: float = 12.0, high: float = 36.0) -> None:
        super().__init__()
        self.size = size
        self._low, self._high = low, high

    @in_turn
    def encode_plate(self, plate: Pixels, noise: FloatMap | None = None) -> PlateFeatures:  # noqa: ARG002
        return plate.astype(np.int16)

    @in_turn
    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        difference = largest_channel(np.abs(frame.astype(np.int16) - plate))
        alpha = np.clip((difference - self._low) / (self._high - self._low), 0, 1)
        return Maps(alpha.astype(np.float32), self._floor() + 0.5 * alpha.astype(np.float32))

    def _floor(self) -> FloatMap:
        height, width = self.size
        ramp = np.linspace(0.1, 1.0, height, dtype=np.float32)
        return np.repeat(ramp[:, None], width, axis=1)
