"""One network that several cameras use in turn. Knows nothing about cameras."""

from __future__ import annotations

import threading

from edgeds.estimate.plate_depth import DepthNetwork
from edgeds.types import Closing, Engine, FloatMap, Maps, Pixels, PlateFeatures, Size


class SharedEngine(Closing):
    """An engine for any number of threads. The code that opened the engine closes it.

    A CPU is busy with one frame, so frames of several cameras are not gathered into a batch.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine, self._turn = engine, threading.Lock()

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def size(self) -> Size:
        return self._engine.size

    @property
    def takes_noise(self) -> bool:
        return self._engine.takes_noise

    def encode_plate(self, plate: Pixels, noise: FloatMap | None = None) -> PlateFeatures:
        with self._turn:
            return self._engine.encode_plate(plate, noise)

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        with self._turn:
            return self._engine.infer(frame, plate)

    def close(self) -> None:
        """Nothing: the other cameras go on."""


class SharedDepth:
    """A depth network for any number of threads."""

    def __init__(self, network: DepthNetwork) -> None:
        self._network, self._turn = network, threading.Lock()

    @property
    def size(self) -> Size:
        return self._network.size

    @property
    def identity(self) -> str:
        return self._network.identity

    def __call__(self, pixels: Pixels) -> FloatMap:
        with self._turn:
            return self._network(pixels)
