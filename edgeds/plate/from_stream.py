"""The plate of a stream in which something always moves, estimated while it goes on.

Samples are collected at growing intervals, so that they always span the whole time. Each time the
span has doubled, the plate is estimated again: things that stood still at first are outvoted later.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import replace

from edgeds.errors import PlateError
from edgeds.plate.estimated_from_clip import plate_from_samples
from edgeds.plate.frame_clock import FrameClock
from edgeds.plate.plate import Plate
from edgeds.plate.settings import PLATE_FROM_STREAM, PlateFromStream
from edgeds.plate.status import PlateStatus
from edgeds.types import Frame, Pixels


class StreamPlate:
    """Fed with frames as they come, and timed by them.

        estimate = StreamPlate(pool)
        for frame in source:
            status = estimate(frame)    # estimating, then ready: better plates may follow
            estimate.plate              # the newest one; None before the first

    It keeps frames by reference, at most `memory_bytes` of them. The estimation itself runs in the
    pool. If no plate could be estimated until the end, the phase is "refused".
    """

    def __init__(self, pool: Executor, settings: PlateFromStream = PLATE_FROM_STREAM) -> None:
        self._pool, self._settings = pool, settings
        self._clock = FrameClock()
        self._samples: list[Pixels] = []
        self._interval_secs = settings.interval_secs
        self._next_sample_secs, self._due_secs = 0.0, settings.first_secs
        self._running: Future[Plate] | None = None
        self._span_secs = 0.0
        self.plate: Plate | None = None
        self.ended = False
        """Whether no better plate follows."""
        self.status = PlateStatus(phase="estimating", secs_left=settings.first_secs)

    def __call__(self, frame: Frame) -> PlateStatus:
        """Take the next frame of the stream; does nothing after the end."""
        if self.ended:
            return self.status
        secs = self._clock.advanced_to(frame)
        self._collect(frame.pixels, secs)
        if self._running is None and secs >= self._due_secs:
            self._span_secs, self._due_secs = secs, 2 * secs
            self._running = self._pool.submit(plate_from_samples, list(self._samples))
        if self._running is not None and self._running.done():
            finished, self._running = self._running, None
            self._judge(finished)
        if self.plate is None and not self.ended:
            self.status = replace(self.status, secs_left=max(0.0, self._due_secs - secs))
        return self.status

    def _collect(self, pixels: Pixels, secs: float) -> None:
        if self._samples and self._samples[0].shape != pixels.shape:
            self._samples.clear()  # the view is another one
        if secs < self._next_sample_secs:
            return
        affordable = max(self._settings.min_samples, self._settings.memory_bytes // pixels.nbytes)
        if len(self._samples) >= min(self._settings.samples, affordable):
            self._samples = self._samples[::2]
            self._interval_secs *= 2
        self._samples.append(pixels)
        self._next_sample_secs = secs + self._interval_secs

    def _judge(self, estimate: Future[Plate]) -> None:
        last = self._span_secs >= self._settings.last_secs
        span = f"{self._span_secs:.0f} s"
        try:
            self.plate = estimate.result()
        except Exception as error:  # a library's surprise, or too little memory, ends no run
            if self.plate is None:
                phase = "refused" if last else "estimating"
                verdict = f"no plate from {span} of the stream: {_why(error)}"
                self.status = replace(self.status, phase=phase, verdict=verdict)  # type: ignore[arg-type]
        else:
            sure = 1 - (self.plate.doubtful or 0.0)
            more = "" if last else "; it improves"
            verdict = (
                f"estimated from {self.plate.samples} frames of {span}, sure of {sure:.0%} of the "
                f"picture{more}"
            )
            self.status = PlateStatus(phase="ready", verdict=verdict)
        self.ended = last
        if last:
            self._samples.clear()


def _why(error: Exception) -> str:
    if isinstance(error, PlateError):
        return f"{error.why}: {error.fix}"
    return f"{type(error).__name__}: {error}"
