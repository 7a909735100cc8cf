"""Frame -> Maps while the plate may change: none yet, being taken, a new one.

The part of a live run that has a thread of its own, for the engine. Knows nothing about views.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from edgeds.control import PlateStatus
from edgeds.errors import PlateError
from edgeds.estimate import Estimator
from edgeds.plate import Plate, plate_from_samples
from edgeds.types import Engine, FloatMap, Frame, Maps, Pixels

_PLATE_FRAMES = 15


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
    """Estimates frames, and takes plates from them when asked; the old one serves until then."""

    def __init__(
        self, engine: Engine, plate: Plate | None, on_event: Callable[[str], None]
    ) -> None:
        self._engine, self._event = engine, on_event
        self._estimator: Estimator | None = None
        self._scene: Scene | None = None
        self._samples: list[Pixels] | None = None
        self._wanted = plate is None
        self.status = PlateStatus(phase="none")
        if plate is not None:
            self._use(plate, "as given")

    def take_plate(self) -> None:
        """From any thread; a capture that is under way goes on."""
        self._wanted = True

    def each(self, frames: Iterable[Frame]) -> Iterator[Estimated]:
        for frame in frames:
            if self._wanted or self._samples is not None:
                self._capture(frame)
            if self._estimator is None:
                yield Estimated(frame)
            else:
                yield Estimated(frame, self._estimator(frame), self._scene)

    def _capture(self, frame: Frame) -> None:
        self._wanted = False
        if self._samples is None:
            self._samples = []
            self.status = PlateStatus(phase="capturing")
        self._samples.append(frame.pixels)
        if len(self._samples) < _PLATE_FRAMES:
            return
        samples, self._samples = self._samples, None
        try:
            self._use(plate_from_samples(samples), f"from {len(samples)} frames")
        except PlateError as error:
            self.status = PlateStatus(phase="refused", verdict=f"{error.why}; {error.fix}")
        self._event(f"plate: {self.status.verdict}")

    def _use(self, plate: Plate, verdict: str) -> None:
        self._estimator = Estimator(self._engine, plate)
        self._scene = Scene(plate.pixels, self._estimator.plate_depth, self._estimator.depth_range)
        self.status = PlateStatus(phase="ready", verdict=verdict)
