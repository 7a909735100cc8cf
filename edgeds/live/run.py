"""The live loop.

    source --latest--> estimate (its thread) --paced--> compose, window (the caller's) --> outputs

`pipeline.run` keeps every frame and waits. Here a frame that nobody needs at once is dropped, the
picture goes on while a plate is taken or the camera is away, and an output that fails ends alone.
Knows nothing about drivers, codecs or web servers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from edgeds.errors import SourceError
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.plate_depth import DepthNetwork
from edgeds.estimate.plate_state import check_engine_and_plate
from edgeds.live.camera_state import CameraState
from edgeds.live.composing import LiveCompose, ViewRequest, drawn
from edgeds.live.control import LiveStatus
from edgeds.live.estimating import Estimated, LiveEstimate, MakeEstimator
from edgeds.live.event_callback import EventCallback
from edgeds.live.fps_meter import Meter, Reading
from edgeds.live.live_plate import LivePlate, PlateChoice
from edgeds.live.outputs import Output, Outputs
from edgeds.live.recordings_and_snapshots import LiveFiles
from edgeds.live.report import LiveReport as LiveReport
from edgeds.live.run_commands import LiveCommands
from edgeds.live.signals.signals import Signals
from edgeds.live.view_settings import ViewSettings
from edgeds.live.window_keys import Window as Window
from edgeds.live.window_keys import WindowKeys
from edgeds.plate.plate import Plate
from edgeds.plate.settings import PLATE_CAPTURE, CaptureSettings
from edgeds.plate.time_taken import in_local_time
from edgeds.sources import WatchedSource
from edgeds.sources.argument_checks import check_argument
from edgeds.sources.handoff import Handoff, HandoffCounts, latest, paced
from edgeds.types import Engine, Frame, Sink
from edgeds.views.backdrop import Backdrop
from edgeds.views.settings import STYLE, View

_POLL_SECS = 0.05


class LiveRun(LiveCommands):
    """A live run, which implements LiveControl. `run` returns after a stop or the source's end.

    Without a plate it takes one at once. Until there is a plate that fits, views that hide the room
    show no camera picture, and the others the bare one.
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
        capture: CaptureSettings = PLATE_CAPTURE,
        choice: PlateChoice | None = None,
        depth_network: DepthNetwork | None = None,
        signals: Signals | None = None,
        steady: bool = False,
        estimator: MakeEstimator = Estimator,
    ) -> None:
        """
        Args:
            plate: at the source's size; see `plate_at_size`.
            record: path of the first recording; it does not start by itself.
            folder: for snapshots and for recordings without a name; None is the current one.
            on_event: called with messages for people, from any thread. If it raises, `run` ends
                and raises that.
            stop: ends the run when set; `stop()` does too, and leaves it as it is.
            capture: how the plate is taken from an empty scene.
            choice: all sources of a plate; instead of `plate` and `capture`.
            depth_network: for the plate's depth, which it improves a moment later.
        """
        _check(source, engine, plate)
        self._source, self._engine, self.signals = source, engine, signals
        self._asked, self._stopped = stop or threading.Event(), threading.Event()
        self._event = EventCallback(on_event, self._stopped.set)
        request = ViewRequest(view=view, opacity=opacity, backdrop=backdrop, steady=steady)
        self._view = ViewSettings(request, source.info.size)
        pool = ThreadPoolExecutor(3, thread_name_prefix="edgeds-plate")  # look, estimate, depth
        choice = choice or PlateChoice(given=plate, capture=capture)
        self._plate = LivePlate(engine, source, choice, pool, self._event)
        parts = engine, self._plate, pool, depth_network, signals, estimator
        self._estimate = LiveEstimate(*parts, self._event)
        self._outputs = Outputs(self._event)
        self._files = LiveFiles(
            self._outputs, record=record, folder=folder or Path(), on_event=self._event
        )
        self._window = None if window is None else self._add_window(window)
        self._count: Callable[[], HandoffCounts] = lambda: HandoffCounts(0, 0, 0)
        self._shown: Callable[[], Frame] | None = None
        self._camera, self._away = CameraState(source, self._event), ""
        self._began_secs, self._meter = time.monotonic(), Meter()
        self._first_secs: float | None = None

    def add_output(
        self, name: str, sink: Sink, *, shown: bool = True, is_file: bool = True
    ) -> None:
        """Add an output, which gets its own thread; it is closed with the run.

        Args:
            shown: whether somebody looks at it at once, so that its latency is the run's.
            is_file: whether the run must wait for its end, however long that takes.
        """
        self._outputs.add(Output(name, sink, shown=shown, is_file=is_file, on_end=self._ended))

    def run(
        self, *, duration_secs: float | None = None, max_frames: int | None = None
    ) -> LiveReport:
        """Run until stopped, until the source ends, or for some seconds or composed frames.

        It returns when all its threads have ended: engine and source can be closed right after.

        Raises:
            EdgedsError: source or engine failed for good. Outputs are completed nevertheless.
        """
        self._began_secs = time.monotonic()
        compose, frames = LiveCompose(), latest(self._source)
        self._count = frames.counts
        with self, self._stopping(frames, paced(self._estimate.each(frames))) as estimated:
            while not self._over(duration_secs, max_frames):
                try:
                    item = estimated.take(timeout_secs=_POLL_SECS)
                except StopIteration:
                    break
                if item is not None:
                    self._present(item, compose)
                self._camera.report_change()
                if self._window is not None:
                    self._window.work()
        self._event.check()
        return self._report(frames.counts())

    def close(self) -> None:
        """End the run and complete its outputs."""
        self._stopped.set()
        self._source.close()
        self._outputs.close()

    def status(self) -> LiveStatus:
        """How the run is now, for a page or a report. Any thread may ask."""
        request, counts, recent = self._view.request, self._count(), self._meter.recent()
        slowest: Reading = self._outputs.slowest_shown() or recent  # type: ignore[assignment]
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
            latency_p50_ms=slowest.latency_p50_ms,
            latency_p95_ms=slowest.latency_p95_ms,
            grabbed=counts.produced,
            delivered=counts.delivered,
            dropped=counts.dropped,
            plate=self._plate.status,
            plates=self._estimate.plates,
            plate_offer=_offer(self._plate.offered),
            recording=self._files.recording,
            recording_secs=self._files.recording_secs,
            outputs=self._outputs.statuses(),
            secs=time.monotonic() - self._began_secs,
        )

    def stop(self) -> None:
        """Have `run` end soon and complete its outputs. Any thread may call it."""
        self._stopped.set()

    @contextmanager
    def _stopping(
        self, frames: Handoff[Frame], estimated: Handoff[Estimated]
    ) -> Iterator[Handoff[Estimated]]:
        """One stop for the whole chain: after this block nothing reads or estimates."""
        try:
            yield estimated
        finally:
            self._away = self._camera.why_away()
            self._source.close()
            estimated.stop()
            frames.stop()
            estimated.join()
            frames.join()
            self._view.close()

    def _over(self, duration_secs: float | None, max_frames: int | None) -> bool:
        secs = time.monotonic() - self._began_secs
        is_late = duration_secs is not None and secs >= duration_secs
        if self._asked.is_set() or self._stopped.is_set() or is_late:
            return True
        return max_frames is not None and self._meter.frames >= max_frames

    def _present(self, item: Estimated, compose: LiveCompose) -> None:
        self._shown = drawn(compose, item, self._view.current(), now=self._outputs.any_left)
        if self._outputs.any_left:
            self._outputs.offer(self._shown())
        self._meter.add(item.frame.grabbed_secs)
        if self._first_secs is None:
            self._first_secs = time.monotonic() - self._began_secs

    def _report(self, counts: HandoffCounts) -> LiveReport:
        whole = self._meter.whole()
        return LiveReport(
            secs=time.monotonic() - self._began_secs,
            first_frame_secs=self._first_secs,
            frames=self._meter.frames,
            grabbed=counts.produced,
            delivered=counts.delivered,
            dropped=counts.dropped,
            fps=whole.fps,
            latency_p50_ms=whole.latency_p50_ms,
            latency_p95_ms=whole.latency_p95_ms,
            plate=self._plate.status,
            outputs=self._outputs.statuses(),
            camera_away=self._away,
            depth=self._estimate.depth,
        )

    def _add_window(self, window: Window) -> WindowKeys:
        output = Output("window", window, is_file=False, in_loop=True, on_end=self._ended)
        self._outputs.add(output)
        return WindowKeys(window, output, self, on_close=self._window_closed, on_event=self._event)

    def _window_closed(self) -> None:
        if not self._outputs.any_left:
            self._stopped.set()

    def _ended(self, _output: Output, message: str) -> None:
        if message:
            self._event(message)


def _offer(plate: Plate | None) -> str:
    if plate is None:
        return ""
    return f"the plate of {in_local_time(plate.taken)}" if plate.taken else "the last plate"


def _check(source: object, engine: object, plate: Plate | None) -> None:
    """
    Raises:
        InputError: one of them is something else.
    """
    check_argument(
        source, hasattr(source, "state"), name="the source", wanted="a live source",
        fix='open one: open_live_source("file:in.mp4"); docs/python.md has your own camera as one',
        error=SourceError,
    )  # fmt: skip
    check_engine_and_plate(engine, plate, must=False)
