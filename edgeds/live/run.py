"""The live loop.

    source --latest--> estimate (its thread) --paced--> compose, window (the caller's) --> outputs

`pipeline.run` keeps every frame and waits; here a frame that is not wanted at once is dropped, the
picture goes on while a plate is taken or the camera is away, and an output that fails ends alone.
Knows nothing about drivers, codecs or web servers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgeds.errors import EdgedsError
from edgeds.live.composing import LiveCompose, ViewRequest
from edgeds.live.control import LiveStatus, OutputStatus
from edgeds.live.estimating import LiveEstimate
from edgeds.live.memory import return_large_arrays
from edgeds.live.meter import Meter, Reading
from edgeds.live.outputs import Outputs
from edgeds.live.view_settings import ViewSettings
from edgeds.plate.plate import Plate, fitted
from edgeds.plate.settings import PLATE_CAPTURE, PlateCapture
from edgeds.plate.status import PlateStatus
from edgeds.sinks.images import ImagesSink
from edgeds.sinks.recording import dated, free_path
from edgeds.sources import WatchedSource
from edgeds.sources.handoff import Counts, latest, paced
from edgeds.sources.status import SourceState
from edgeds.types import Closing, Engine, Frame, Pixels, Sink
from edgeds.views.backdrop import Backdrop
from edgeds.views.settings import STYLE, View

_POLL_SECS = 0.05
_TELL_SECS = 0.25


class Window(Sink, Protocol):
    """A sink that has keys. All calls come from the thread that runs the loop."""

    def keys(self) -> str | None:
        """What was typed since the last call; None once the user has closed it.

        It is called often, frames or not, so it also keeps the window alive.
        """
        ...

    def tell(self, status: LiveStatus) -> None:
        """What to write beside the picture from now on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveReport:
    """What a live run did. The counts add up: grabbed == delivered + dropped."""

    secs: float
    first_frame_secs: float | None
    """From the start of the run to the first picture."""
    frames: int
    """Composed and handed to the outputs."""
    grabbed: int
    delivered: int
    dropped: int
    fps: float
    latency_p50_ms: float
    """From the grab of a frame until it was handed to the outputs, over the whole run."""
    latency_p95_ms: float
    plate: PlateStatus
    """At the end: its last verdict, its health, and the prompt that was still open."""
    outputs: tuple[OutputStatus, ...]


class LiveRun(Closing):
    """Implements LiveControl. `run` returns when it is told to stop, or the source has ended.

    Without a plate it takes one at once; until then the bare picture is shown.
    """

    def __init__(
        self,
        source: WatchedSource,
        engine: Engine,
        plate: Plate | None = None,
        *,
        view: View = "overlay",
        opacity: float = STYLE.opacity,
        backdrop: Backdrop | None = None,
        window: Window | None = None,
        record: Path | None = None,
        folder: Path | None = None,
        on_event: Callable[[str], None] | None = None,
        stop: threading.Event | None = None,
        capture: PlateCapture = PLATE_CAPTURE,
    ) -> None:
        """
        Args:
            plate: at the source's size; see `fitted`.
            record: where the first recording goes; it does not start by itself.
            folder: for snapshots and for recordings without a name; None is the current one.
            on_event: is told what people should know, from any thread.
            stop: ends the run when set; `stop()` does too, and leaves it as it is.
        """
        self._source, self._engine, self._window = source, engine, window
        self._has_window = window is not None
        request = ViewRequest(view=view, opacity=opacity, backdrop=backdrop)
        self._view = ViewSettings(request, source.info.size)
        self._folder = folder or Path()
        self._event = on_event or (lambda _text: None)
        self._asked, self._stopped = stop or threading.Event(), threading.Event()
        self._estimate = LiveEstimate(engine, plate, source, self._event, capture)
        self._outputs = Outputs(record=record, folder=self._folder, on_event=self._event)
        self._meter, self._window_meter = Meter(), Meter()
        self._count: Callable[[], Counts] = lambda: Counts(0, 0, 0)
        self._shown: Frame | None = None
        self._told_state: SourceState = "running"
        self._told_secs = 0.0
        self._began_secs = time.monotonic()

    def add_output(self, name: str, sink: Sink, *, shown: bool = True) -> None:
        """One more output, in a thread of its own; it is closed with the run.

        `shown`: whether somebody looks at it at once, so that its latency is the run's.
        """
        self._outputs.add(name, sink, shown=shown)

    def run(
        self, *, duration_secs: float | None = None, max_frames: int | None = None
    ) -> LiveReport:
        """Until stopped, the end of the source, so many seconds or so many composed frames.

        Raises:
            EdgedsError: source or engine failed for good. Outputs are completed all the same.
        """
        return_large_arrays()
        self._began_secs = time.monotonic()
        first_frame_secs: float | None = None
        compose = LiveCompose()
        frames = latest(self._source)
        self._count = frames.counts
        with self, paced(self._estimate.each(frames)) as estimated:
            try:
                while not self._over(duration_secs, max_frames):
                    try:
                        item = estimated.take(timeout_secs=_POLL_SECS)
                    except StopIteration:
                        break
                    if item is not None:
                        self._present(compose(item, self._view.current()))
                        first_frame_secs = first_frame_secs or time.monotonic() - self._began_secs
                    self._tell()
                    self._listen()
            finally:
                self._source.close()
                frames.close()
                self._view.close()
        whole, counts = self._meter.whole(), frames.counts()
        return LiveReport(
            secs=time.monotonic() - self._began_secs,
            first_frame_secs=first_frame_secs,
            frames=self._meter.frames,
            grabbed=counts.produced,
            delivered=counts.delivered,
            dropped=counts.dropped,
            fps=whole.fps,
            latency_p50_ms=whole.latency_p50_ms,
            latency_p95_ms=whole.latency_p95_ms,
            plate=self._estimate.status,
            outputs=self._output_statuses(),
        )

    def close(self) -> None:
        """End the run and complete its outputs."""
        self._stopped.set()
        self._source.close()
        self._outputs.close()
        if self._window is not None:
            self._window.close()

    def status(self) -> LiveStatus:
        request, counts, recent = self._view.request, self._count(), self._meter.recent()
        p50_ms, p95_ms = self._shown_latency(recent)
        return LiveStatus(
            source=self._source.info.name,
            engine=self._engine.name,
            size=self._source.info.size,
            source_state=self._source.state,
            source_message=self._source.message,
            view=request.view,
            opacity=request.opacity,
            blur=request.blur,
            backdrop=self._view.backdrop_name,
            fps=recent.fps,
            latency_p50_ms=p50_ms,
            latency_p95_ms=p95_ms,
            grabbed=counts.produced,
            delivered=counts.delivered,
            dropped=counts.dropped,
            plate=self._estimate.status,
            plates=self._estimate.plates,
            recording=self._outputs.recording,
            recording_secs=self._outputs.recording_secs,
            outputs=self._output_statuses(),
            secs=time.monotonic() - self._began_secs,
        )

    def take_plate(self) -> None:
        self._estimate.take_plate()

    def cancel_plate(self) -> None:
        self._estimate.cancel_plate()

    def set_plate(self, pixels: Pixels) -> None:
        self._estimate.use_plate(fitted(Plate(pixels), self._source.info.size))

    def use_offered_plate(self) -> None:
        """No plate is kept yet, so none is offered."""

    def plate(self) -> Pixels | None:
        return self._estimate.plate_pixels

    def set_view(self, view: View) -> None:
        self._view.set_view(view)

    def set_opacity(self, opacity: float) -> None:
        self._view.set_opacity(opacity)

    def set_blur(self, strength: float) -> None:
        self._view.set_blur(strength)

    def set_backdrop(self, backdrop: Pixels | str | None, *, name: str = "picture") -> None:
        self._view.set_backdrop(backdrop, name=name)

    def start_recording(self) -> None:
        self._outputs.start_recording(self._source.info)
        self._event(f"recording to {self._outputs.recording}")

    def stop_recording(self) -> Path | None:
        path = self._outputs.stop_recording()
        if path is not None:
            self._event(f"recorded: {path}")
        return path

    def snapshot(self) -> Path | None:
        frame = self._shown
        if frame is None:
            return None
        path = free_path(self._folder / dated(".png"))
        ImagesSink(path).write(frame)
        self._event(f"snapshot: {path}")
        return path

    def stop(self) -> None:
        self._stopped.set()

    def _over(self, duration_secs: float | None, max_frames: int | None) -> bool:
        if self._asked.is_set() or self._stopped.is_set():
            return True
        if duration_secs is not None and time.monotonic() - self._began_secs >= duration_secs:
            return True
        return max_frames is not None and self._meter.frames >= max_frames

    def _output_statuses(self) -> tuple[OutputStatus, ...]:
        outputs = self._outputs.statuses()
        if not self._has_window:
            return outputs
        recent = self._window_meter.recent()
        window = OutputStatus(
            name="window",
            location="screen",
            frames=self._window_meter.frames,
            fps=recent.fps,
            latency_p50_ms=recent.latency_p50_ms,
            latency_p95_ms=recent.latency_p95_ms,
            ended=self._window is None,
        )
        return (window, *outputs)

    def _shown_latency(self, composed: Reading) -> tuple[float, float]:
        """p50 and p95 of the slowest output that is looked at; without one, until composed."""
        readings: list[Reading | OutputStatus] = []
        if self._window is not None:
            readings.append(self._window_meter.recent())
        if (output := self._outputs.slowest_shown()) is not None:
            readings.append(output)
        slowest = max(readings, key=lambda reading: reading.latency_p95_ms, default=composed)
        return slowest.latency_p50_ms, slowest.latency_p95_ms

    def _present(self, picture: Frame) -> None:
        self._outputs.offer(picture)
        self._shown = picture
        self._meter.add(picture.grabbed_secs)
        if self._window is None:
            return
        try:
            self._window.write(picture)
        except EdgedsError as error:
            self._end_window(f"the window ended: {error.what}: {error.why}")
        else:
            self._window_meter.add(picture.grabbed_secs)

    def _tell(self) -> None:
        """What changed, to whoever listens; how it goes, to the window, a few times a second."""
        now = time.monotonic()
        if self._window is not None and now - self._told_secs > _TELL_SECS:
            self._told_secs = now
            self._window.tell(self.status())
        state = self._source.state
        if state != self._told_state:
            self._told_state = state
            self._event(f"{self._source.info.name}: {self._source.message or state}")

    def _listen(self) -> None:
        """Do what was typed into the window."""
        if self._window is None:
            return
        keys = self._window.keys()
        if keys is None:
            self._end_window("the window was closed")
            if not self._outputs.any_left:
                self._stopped.set()
            return
        for key in keys:
            action = self._actions().get(key)
            if action is None:
                continue
            try:
                action()
            except EdgedsError as error:
                self._event(f"{error.what}: {error.why}")

    def _actions(self) -> dict[str, Callable[[], object]]:
        """The hot keys."""
        return {
            "b": self.take_plate,
            "v": self._view.next_view,
            "r": self.stop_recording if self._outputs.recording else self.start_recording,
            "s": self.snapshot,
            "q": self.stop,
        }

    def _end_window(self, why: str) -> None:
        window, self._window = self._window, None
        if window is not None:
            window.close()
        self._event(why)
