"""The plate of a simulated run: counts down, takes, refuses and gets plates, whatever the picture.

`tend` advances it with the clock; the caller locks.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from edgeds.errors import PlateError
from edgeds.live.signals.signals import Signals, object_seen
from edgeds.plate.patched import patched
from edgeds.plate.plate import Plate, plate_at_size
from edgeds.plate.status import PlateStatus
from edgeds.types import Frame, Pixels, Size


class SimulatedPlate:
    def __init__(
        self, pixels: Pixels, *, is_there: bool, count_down_secs: float, capture_secs: float
    ) -> None:
        """`pixels`: what every captured plate shows. `is_there`: whether it begins with a plate."""
        self._pixels = pixels
        self._count_down_secs, self._capture_secs = count_down_secs, capture_secs
        self._due_secs: float | None = None
        self._before = PlateStatus()
        self.pixels: Pixels | None = None
        self.status = self._before
        self.count = 0
        """How many plates were in use so far."""
        self.offer = ""
        self.frame: Frame | None = None
        """The newest."""
        self.occupied = False
        """Refuse the next plates, as if somebody stood in the scene."""
        if is_there:
            self._use(pixels, "the synthetic plate")

    @property
    def size(self) -> Size:
        return self._pixels.shape[0], self._pixels.shape[1]

    def take(self) -> None:
        if self._due_secs is None:
            self._before = self.status
            self._due_secs = time.perf_counter() + self._count_down_secs + self._capture_secs

    def cancel(self) -> None:
        if self._due_secs is not None:
            self._due_secs, self.status = None, self._before

    def give(self, pixels: Pixels) -> None:
        """
        Raises:
            PlateError: its aspect ratio is another.
        """
        plate = plate_at_size(Plate(pixels), self.size)
        self._due_secs = None
        self._use(plate.pixels, "The plate is the picture you gave.")

    def take_in(self, outline: Sequence[tuple[float, float]]) -> None:
        if self.pixels is not None and self.frame is not None:
            plate = patched(Plate(self.pixels), self.frame.pixels, outline)
            self._use(plate.pixels, "The plate has what was left behind.")

    def use_offered(self) -> None:
        if self.offer:
            self._use(self._pixels, f"in use: {self.offer}")
            self.offer = ""

    def tend(self) -> None:
        if self._due_secs is None:
            return
        left = self._due_secs - time.perf_counter()
        if left > self._capture_secs:
            wait = left - self._capture_secs
            self.status = replace(self.status, phase="counting", secs_left=wait, verdict="")
        elif left > 0:
            self.status = replace(self.status, phase="capturing", secs_left=left)
        else:
            self._due_secs = None
            self._judge()

    def _judge(self) -> None:
        if not self.occupied:
            self._use(self._pixels, "a good plate: nothing moved")
            return
        refusal = PlateError(
            "the plate was refused",
            why="somebody is in the picture",
            fix="step out of it and take the plate again",
        )
        verdict = f"{refusal.why}: {refusal.fix}"
        self.status = replace(self.status, phase="refused", secs_left=0.0, verdict=verdict)

    def _use(self, pixels: Pixels, verdict: str) -> None:
        self.pixels, self.count = pixels, self.count + 1
        self.status = PlateStatus(phase="ready", verdict=verdict, health=1.0, fits=True)


class SimulatedPlateCommands:
    """The part of `LiveControl` that is about the plate."""

    _lock: AbstractContextManager[Any]
    _plate: SimulatedPlate
    signals: Signals | None

    def take_plate(self) -> None:
        with self._lock:
            self._plate.take()

    def cancel_plate(self) -> None:
        with self._lock:
            self._plate.cancel()

    def set_plate(self, pixels: Pixels) -> None:
        with self._lock:
            self._plate.give(pixels)

    def take_into_plate(self, number: int) -> None:
        outline = object_seen(self.signals, number).outline
        with self._lock:
            self._plate.take_in(outline)

    def use_offered_plate(self) -> None:
        with self._lock:
            self._plate.use_offered()

    def plate(self) -> Pixels | None:
        return self._plate.pixels
