"""Frame -> Maps while the plate may change: none yet, being taken, a new one.

The part of a live run that has a thread of its own, for the engine. Knows nothing about views.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from edgeds.capture import Wizard
from edgeds.control import PlateStatus
from edgeds.estimate import Estimator
from edgeds.plate import Plate
from edgeds.presets import LIVE, PLATE_CAPTURE, PlateCapture
from edgeds.types import Engine, FloatMap, Frame, Maps, Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What a view needs of the plate; the same object as long as nothing of it changed."""

    plate: Pixels
    plate_depth: FloatMap
    depth_range: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """A frame, and what is known of it: nothing but itself as long as there is no plate."""

    frame: Frame
    maps: Maps | None = None
    scene: Scene | None = None


class LiveEstimate:
    """Estimates frames, and takes plates from them when asked; the old one serves until then.

    Without a plate it tries to take one until it has succeeded.
    """

    def __init__(
        self,
        engine: Engine,
        plate: Plate | None,
        on_event: Callable[[str], None],
        capture: PlateCapture = PLATE_CAPTURE,
    ) -> None:
        self._engine, self._event, self._settings = engine, on_event, capture
        self._estimator: Estimator | None = None
        self._scene: Scene | None = None
        self._wizard: Wizard | None = None
        self._wanted = threading.Event()
        self._refused_secs: float | None = None
        self.status = PlateStatus()
        if plate is None:
            self._wanted.set()
        else:
            self._use(plate)
            self.status = PlateStatus(phase="ready", verdict="as given")

    def take_plate(self) -> None:
        """From any thread; a capture that is under way goes on."""
        self._wanted.set()

    def each(self, frames: Iterable[Frame]) -> Iterator[Estimated]:
        for frame in frames:
            self._mind_plate(frame)
            if self._estimator is None:
                yield Estimated(frame)
            else:
                yield Estimated(frame, self._estimator(frame), self._scene)

    def _mind_plate(self, frame: Frame) -> None:
        """Start, go on with or end the taking of a plate."""
        if self._wizard is None:
            self._get_over_refusal()
            if not self._wanted.is_set():
                return
            former = None if self._estimator is None else self._estimator.plate
            self._wizard = Wizard(self._engine, self._settings, former=former)
            self._refused_secs = None
        self._wanted.clear()
        wizard = self._wizard
        status = wizard(frame)
        if wizard.ended:
            self._wizard = None
            if wizard.plate is not None:
                self._use(wizard.plate)
            else:
                self._refused_secs = time.monotonic()
            self._event(f"plate {status.phase}: {status.verdict}")
        self.status = status

    def _get_over_refusal(self) -> None:
        """Once it was read: back to the old plate, or try again where there is none."""
        if self._refused_secs is None:
            return
        if time.monotonic() - self._refused_secs < LIVE.refusal_secs:
            return
        self._refused_secs = None
        if self._estimator is None:
            self._wanted.set()
        else:
            self.status = PlateStatus(phase="ready", verdict="the former plate serves on")

    def _use(self, plate: Plate) -> None:
        self._estimator = Estimator(self._engine, plate)
        self._scene = Scene(plate.pixels, self._estimator.plate_depth, self._estimator.depth_range)
