"""A state machine that decides which plate a live run uses.

                  take            a bad capture
    none, ready -------> taking -----------------> refused --> taking, or ready with the former
         ^  ^             |  ^                                 plate
         |  +-------------+  | the view is another one
         +-- checking -------+

`taking` is the capture (count-down, frames, checks) or the estimate from a moving stream. Knows
nothing about views. Of the network it knows only that the capture needs it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Literal

from edgeds.live.event_callback import reported
from edgeds.live.ground_watch import GroundWatch
from edgeds.live.settings import LIVE
from edgeds.plate.capture import PlateCapture
from edgeds.plate.from_stream import StreamPlate
from edgeds.plate.ground.depth_wanted import AS_FOUND, DepthWanted
from edgeds.plate.lock_while_in_use import CameraLock
from edgeds.plate.maintenance import PlateUpdate
from edgeds.plate.patched import patched
from edgeds.plate.plate import Plate
from edgeds.plate.settings import PLATE_CAPTURE, CaptureSettings
from edgeds.plate.status import PlatePhase, PlateStatus
from edgeds.sources import WatchedSource
from edgeds.types import Engine, Frame

State = Literal["none", "checking", "taking", "refused", "ready"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateChoice:
    """Where a live run's plate comes from."""

    given: Plate | None = None
    """At the source's size. It is used as it is."""
    kept: Plate | None = None
    """The plate of an earlier run, at the source's size. A user can ask for it at any time."""
    use_kept: bool = True
    """Begin with the kept plate, if it fits the view."""
    allow_motion: bool = False
    """Estimate the plate from a stream in which something always moves, instead of from an empty
    scene."""
    depth: DepthWanted = AS_FOUND
    """Where its depth comes from."""
    capture: CaptureSettings = PLATE_CAPTURE
    on_taken: Callable[[Plate], None] | None = None
    """Called with each good plate that was taken, in a thread; its failure is an event."""


class LivePlate:
    """Takes every frame; `current` is the plate for it. Commands may come from any thread."""

    def __init__(
        self,
        engine: Engine,
        source: WatchedSource,
        choice: PlateChoice,
        pool: Executor,
        on_event: Callable[[str], None],
    ) -> None:
        self._engine, self._choice, self._pool = engine, choice, pool
        self._lock, self._event = CameraLock(source, choice.capture), on_event
        self._commands: deque[Callable[[], None]] = deque()
        self._job: PlateCapture | StreamPlate | None = None
        self._since_secs = 0.0
        self._misses = 0
        self._frame: Frame | None = None
        self.state: State = "none"
        self.current: Plate | None = None
        self.improved = False
        """Whether it is a better estimate of the scene that the one before it showed."""
        self._maker: PlateCapture | StreamPlate | None = None
        self.offered = choice.kept
        """The kept plate, while it is not the one in use."""
        self.status = PlateStatus()
        if choice.given is not None:
            self._use(choice.given, "The plate is the file that was given.")
        elif choice.kept is not None and choice.use_kept:
            self._check_kept()
        else:
            self._begin()

    def __call__(self, frame: Frame) -> Plate | None:
        """Take the next frame of the stream. Returns the plate to use from this frame on."""
        self._frame = frame
        while self._commands:
            self._commands.popleft()()
        if self._job is not None:
            self._go_on(self._job, frame)
        elif self.state == "refused" and self._waited() > LIVE.refusal_secs:
            self._get_over_refusal()
        return self.current

    def take(self) -> None:
        self._commands.append(self._begin)

    def cancel(self) -> None:
        self._commands.append(self._cancel)

    def give(self, plate: Plate, verdict: str) -> None:
        """Use a plate of the source's size."""
        self._commands.append(lambda: self._use(plate, verdict))

    def take_in(self, outline: Sequence[tuple[float, float]]) -> None:
        """From the next frame on, what it shows inside this outline is background."""
        self._commands.append(lambda: self._take_in(outline))

    def take_offered(self) -> None:
        self._commands.append(self._check_kept)

    def judged(self, update: PlateUpdate, *, fits: bool, gone: str = "") -> None:
        """Take the result of a look at the plate in use. `gone`: what to do about a thing in it
        that is there no more.
        """
        prompt = update.prompt or (gone if self._job is None else "")
        prompt = "" if self.state == "checking" else prompt
        if prompt and prompt != self.status.prompt:
            self._event(prompt)
        self.status = replace(self.status, health=update.health, prompt=prompt, fits=fits)
        if self.state == "checking":
            self._check(update, fits=fits)

    def ground_watch(self, plate: Plate) -> GroundWatch:
        """What measures this plate's ground while people pass."""
        return GroundWatch(plate, self._choice.depth, self._pool, self._event)

    def measured(self, plate: Plate) -> None:
        """Keep the plate in use for a later run, with the depth that was measured since."""
        keeps = self._choice.given is None and self._choice.depth.source != "network"
        if self._choice.on_taken is not None and keeps:
            self._pool.submit(reported(self._choice.on_taken, "on_taken", self._event), plate)

    def doubted(self) -> None:
        """Doubt that the plate still fits. The next look decides."""
        self.status = replace(self.status, fits=False)

    def _begin(self) -> None:
        """Take a new plate; the one in use stays until the new one is good."""
        if self._job is not None and self.state == "taking":
            return
        self._lock.begin()
        if self._choice.allow_motion:
            self._job = StreamPlate(self._pool)
        else:
            self._job = PlateCapture(self._engine, self._choice.capture, former=self.current)
        self.state = "taking"

    def _go_on(self, job: PlateCapture | StreamPlate, frame: Frame) -> None:
        status, before = job(frame), self.current
        if isinstance(job, PlateCapture):
            self._lock.follow(frame, status)
        ended = job.ended
        if ended:
            self._job = None
        if job.plate is not None and (ended or isinstance(job, StreamPlate)):
            self._take_over(job)
        elif ended:
            self.state, self._since_secs = "refused", time.monotonic()
        news = status.phase == "ready" and self.current is not before
        estimated = status.phase == "estimating" and bool(status.verdict)
        news = news or (estimated and status.verdict != self.status.verdict)
        if status.phase == "refused" or news:
            self._event(f"plate {status.phase}: {status.verdict}")
        if self.state != "ready" or self.current is not before:
            self.status = replace(
                status,
                health=self.status.health,
                prompt=self.status.prompt,
                fits=self.status.fits if self.current is before else True,
            )

    def _take_over(self, job: PlateCapture | StreamPlate) -> None:
        """Use the new plate, if there is one, and keep it for later runs."""
        plate = job.plate
        assert plate is not None
        if isinstance(job, PlateCapture):
            plate = replace(plate, camera=self._lock.values)
            if self._lock.report:
                self._event(self._lock.report)
        elif self.current is not None and self.current.pixels is plate.pixels:
            return
        self.improved, self._maker = self._maker is job, job
        self.current, self.state, self.offered = plate, "ready", None
        if self._choice.on_taken is not None:
            self._pool.submit(reported(self._choice.on_taken, "on_taken", self._event), plate)

    def _use(self, plate: Plate, verdict: str) -> None:
        """Use a given plate; before the first look it is not known to fit."""
        self._job = None
        self._lock.restore(plate)
        self.current, self.improved = plate, False
        self.status = PlateStatus()
        self._settle(verdict)

    def _take_in(self, outline: Sequence[tuple[float, float]]) -> None:
        if self.current is None or self._frame is None or self.state != "ready":
            return
        self.current, self.improved = patched(self.current, self._frame.pixels, outline), True
        self._event("plate ready: it has what was left behind")
        self.measured(self.current)

    def _check_kept(self) -> None:
        """Test the kept plate: use it, and go on using it if it fits."""
        plate = self.offered
        if plate is None:
            return
        self._job, self.offered, self._misses = None, None, 0
        self._lock.restore(plate)
        self.current, self.state, self._since_secs = plate, "checking", time.monotonic()
        self.improved = False
        self.status = PlateStatus(phase="checking", secs_left=LIVE.check_secs)

    def _check(self, update: PlateUpdate, *, fits: bool) -> None:
        """Keep the kept plate, or take a new one if no look finds it for some time."""
        if fits and update.health >= LIVE.check_health:
            self._settle("The last plate still fits.")
            self._event("plate ready: the last one still fits")
            return
        self._misses += 1
        if self._misses >= LIVE.check_looks and self._waited() > LIVE.check_secs:
            self._event("the last plate does not fit what the camera sees now")
            self.current, self.status = None, PlateStatus()
            self._begin()

    def _cancel(self) -> None:
        """Cancel taking a plate; the former one stays in use, with the camera's former settings."""
        if self.state not in ("taking", "refused"):
            return
        if self._job is not None and self.current is not None:
            self._lock.restore(self.current)
        self._job = None
        self._settle("The plate was not taken.")

    def _get_over_refusal(self) -> None:
        """After the refusal was readable: go back to the former plate, or try again without one."""
        if self.current is None:
            self._begin()
        else:
            self._settle("the former plate serves on")

    def _settle(self, verdict: str) -> None:
        """Nothing is under way."""
        phase: PlatePhase = "none" if self.current is None else "ready"
        self.state = "none" if self.current is None else "ready"
        self.status = replace(self.status, phase=phase, secs_left=0.0, verdict=verdict)

    def _waited(self) -> float:
        return time.monotonic() - self._since_secs
