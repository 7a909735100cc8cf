"""Frame -> Maps while the plate may change: none yet, being taken, a new one.

The part of a live run that has a thread of its own, for the engine. Knows nothing about views.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from edgeds.estimate.estimator import Estimator
from edgeds.live.settings import LIVE
from edgeds.plate.capture import Wizard
from edgeds.plate.maintenance import Maintenance, PlateUpdate
from edgeds.plate.plate import Plate
from edgeds.plate.settings import PLATE_CAPTURE, PlateCapture
from edgeds.plate.status import PlatePhase, PlateStatus
from edgeds.sources import WatchedSource
from edgeds.types import Engine, FloatMap, Frame, Maps, Pixels


@dataclass(frozen=True, slots=True, eq=False)
class PlateInView:
    """What a view needs of the plate; the same object as long as nothing of it changed."""

    plate: Pixels
    plate_depth: FloatMap
    depth_range: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Estimated:
    """A frame, and what is known of it: nothing but itself as long as there is no plate."""

    frame: Frame
    maps: Maps | None = None
    scene: PlateInView | None = None


class LiveEstimate:
    """Estimates frames, and takes plates from them when asked; the old one serves until then.

    Without a plate it tries to take one until it has succeeded.
    """

    def __init__(
        self,
        engine: Engine,
        plate: Plate | None,
        source: WatchedSource,
        on_event: Callable[[str], None],
        capture: PlateCapture = PLATE_CAPTURE,
    ) -> None:
        self._engine, self._source = engine, source
        self._event, self._settings = on_event, capture
        self._estimator: Estimator | None = None
        self._maintenance: Maintenance | None = None
        self._look: Future[PlateUpdate] | None = None
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="edgeds-maintenance")
        self._scene: PlateInView | None = None
        self._captured: Plate | None = None
        self._wizard: Wizard | None = None
        self._locking = False
        self._wanted, self._cancelled = threading.Event(), threading.Event()
        self._given: deque[Plate] = deque(maxlen=1)
        self.plates = 0
        """How many plates were in use so far."""
        self._refused_secs: float | None = None
        self.status = PlateStatus()
        if plate is None:
            self._wanted.set()
        else:
            self._use(plate)
            if plate.camera:
                source.lock(plate.camera)
            self.status = PlateStatus(phase="ready", verdict="as given")

    def take_plate(self) -> None:
        """From any thread; a capture that is under way goes on."""
        self._wanted.set()

    def cancel_plate(self) -> None:
        """From any thread; harmless where no plate is being taken."""
        self._cancelled.set()

    def use_plate(self, plate: Plate) -> None:
        """From any thread: a plate of the source's size, in use from the next frame on."""
        self._given.append(plate)

    @property
    def plate_pixels(self) -> Pixels | None:
        """From any thread: of the plate in use, as it was taken or given."""
        plate = self._captured
        return None if plate is None else plate.pixels

    def each(self, frames: Iterable[Frame]) -> Iterator[Estimated]:
        with self._beside:
            yield from self._each(frames)

    def _each(self, frames: Iterable[Frame]) -> Iterator[Estimated]:
        for frame in frames:
            self._mind_plate(frame)
            if self._estimator is None:
                yield Estimated(frame)
                continue
            maps, scene = self._estimator(frame), self._scene
            self._keep(frame, maps)
            yield Estimated(frame, maps, scene)

    def _mind_plate(self, frame: Frame) -> None:
        """Start, go on with or end the taking of a plate."""
        if self._cancelled.is_set():
            self._end_capture("The plate was not taken.")
        if self._given:
            self._end_capture("")
            self._use(self._given.popleft())
            self.status = PlateStatus(phase="ready", verdict="The plate is the picture you gave.")
        if self._wizard is None:
            self._get_over_refusal()
            if not self._wanted.is_set():
                return
            self._wizard = Wizard(self._engine, self._settings, former=self._captured)
            self._refused_secs, self._locking = None, False
            if self._source.locked is not None:  # the light may be another than it was locked in
                self._source.unlock()
        self._wanted.clear()
        wizard = self._wizard
        status = wizard(frame)
        if not self._locking and status.secs_left < self._settings.lock_secs:
            self._locking = True
            self._source.lock()
        if wizard.ended:
            self._wizard = None
            if wizard.plate is not None:
                locked = self._source.locked
                self._use(replace(wizard.plate, camera=locked.values if locked else {}))
                if locked is not None:
                    self._event(f"camera {locked}")
            else:
                self._refused_secs = time.monotonic()
            self._event(f"plate {status.phase}: {status.verdict}")
        self.status = replace(status, health=self.status.health, prompt=self.status.prompt)

    def _end_capture(self, verdict: str) -> None:
        """Take no plate after all; the former one serves on, with the camera as it was then."""
        self._cancelled.clear()
        self._wanted.clear()
        self._refused_secs = None
        if self._wizard is None:
            return
        self._wizard = None
        if self._captured is not None and self._captured.camera:
            self._source.lock(self._captured.camera)
        phase: PlatePhase = "none" if self._captured is None else "ready"
        self.status = replace(self.status, phase=phase, secs_left=0.0, verdict=verdict)

    def _keep(self, frame: Frame, maps: Maps) -> None:
        """Follow the light and small nudges, and tell when that is no longer enough.

        A look takes as long as a frame: it is done beside the frames, and the next one begins
        when it is finished.
        """
        assert self._estimator is not None
        assert self._maintenance is not None
        if self._look is None:
            self._look = self._beside.submit(self._maintenance, frame, maps)
        if not self._look.done():
            return
        update, self._look = self._look.result(), None
        if update.plate is not None:
            self._estimator.replace_plate(update.plate, move=update.move)
            self._see()
        if update.prompt and update.prompt != self.status.prompt:
            self._event(update.prompt)
        self.status = replace(self.status, health=update.health, prompt=update.prompt)

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
            self.status = replace(self.status, phase="ready", verdict="the former plate serves on")

    def _use(self, plate: Plate) -> None:
        self._estimator = Estimator(self._engine, plate)
        self._captured, self._maintenance, self._look = plate, Maintenance(plate), None
        self.plates += 1
        self._see()

    def _see(self) -> None:
        estimator = self._estimator
        assert estimator is not None
        self._scene = PlateInView(
            estimator.plate.pixels, estimator.plate_depth, estimator.depth_range
        )
