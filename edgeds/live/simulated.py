"""A live run without camera and network: the fake behind `LiveControl`.

It repeats the synthetic scene with its true alpha, in all views. Recordings and snapshots are real
files. It is for tests, and for work on the page and the window.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from edgeds.live.composing import LiveCompose, ViewRequest
from edgeds.live.control import LiveStatus
from edgeds.live.estimating import Estimated, PlateInView
from edgeds.live.signals.rules.kinds import Rules
from edgeds.live.signals.signals import Signals
from edgeds.live.simulated_files import SimulatedFiles, completed
from edgeds.live.simulated_plate import SimulatedPlate, SimulatedPlateCommands
from edgeds.live.view_settings import ViewSettings
from edgeds.sources.synthetic import SyntheticSource
from edgeds.types import Closing, Frame, Maps, Pixels, Sink, Size
from edgeds.views.settings import VIEWS, View

_REMEMBERED = 120


class SimulatedRun(SimulatedPlateCommands, Closing):
    """Runs from its construction on; `add_sink` writes its pictures to a sink.

    `occupied` makes it refuse the next plates, as if somebody stood in the scene. `pretend`
    replaces any field of the status, to imitate rare troubles of a real run. `rules` are watched.
    """

    def __init__(
        self,
        folder: Path,
        *,
        size: Size = (180, 320),
        rate_hz: float = 30.0,
        count_down_secs: float = 3.0,
        capture_secs: float = 1.0,
        has_plate: bool = True,
        rules: Rules | None = None,
    ) -> None:
        self.signals = None if rules is None else Signals(rules, size, source="simulated")
        self._rate_hz = rate_hz
        self._source = SyntheticSource(
            size=size, frame_count=60, rate=Fraction(rate_hz).limit_denominator(1000)
        )
        self._loop: list[tuple[Frame, Maps]] = []
        self._lock = threading.RLock()
        self._sinks: list[Sink] = []
        self._view = ViewSettings(ViewRequest(), size)
        self._compose = LiveCompose()
        height, width = size
        slope = np.linspace(0.2, 0.6, height, dtype=np.float32)[:, None].repeat(width, axis=1)
        self._in_view = PlateInView(self._source.plate, slope, (0.2, 0.6))
        self.backdrop: Pixels | str | None = None
        """The argument of the last `set_backdrop`."""
        self._plate = SimulatedPlate(
            self._source.plate,
            is_there=has_plate,
            count_down_secs=count_down_secs,
            capture_secs=capture_secs,
        )
        self.files = SimulatedFiles(folder, self._source.info)
        self._shown: Frame | None = None
        self._count = 0
        self._stamps: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)
        self._pretended: dict[str, Any] = {}
        self._began_secs = time.perf_counter()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="edgeds-simulated", daemon=True)
        self._thread.start()

    def add_sink(self, sink: Sink) -> None:
        """Write all further pictures to it, too. The caller closes it."""
        with self._lock:
            self._sinks.append(sink)

    def remove_sink(self, sink: Sink) -> None:
        """Write no more pictures to it."""
        with self._lock:
            self._sinks.remove(sink)

    def pretend(self, **fields: Any) -> None:
        """Replace fields of every further `status()`; without fields, replace none."""
        with self._lock:
            self._pretended = fields

    def offer_plate(self, words: str) -> None:
        """Offer a kept plate, like a real run that knows its source."""
        self._plate.offer = words

    @property
    def occupied(self) -> bool:
        return self._plate.occupied

    @occupied.setter
    def occupied(self, occupied: bool) -> None:
        self._plate.occupied = occupied

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def status(self) -> LiveStatus:
        now = time.perf_counter()
        with self._lock:
            stamps = list(self._stamps)
            gaps = len(stamps) - 1
            latencies = [latency for _, latency in stamps] or [0.0]
            p50, p95 = np.percentile(latencies, (50, 95)) * 1e3
            status = LiveStatus(
                source="simulated",
                engine="truth",
                size=self._source.info.size,
                source_state="ended" if self.stopped else "running",
                view=self._view.request.view,
                opacity=self._view.request.opacity,
                blur=self._view.request.blur,
                backdrop=self._view.backdrop_name,
                fps=gaps / (stamps[-1][0] - stamps[0][0]) if gaps > 0 else 0.0,
                latency_p50_ms=float(p50),
                latency_p95_ms=float(p95),
                grabbed=self._count,
                delivered=self._count,
                plate=self._plate.status,
                plates=self._plate.count,
                plate_offer=self._plate.offer,
                recording=self.files.recording,
                recording_secs=self.files.recording_secs,
                secs=now - self._began_secs,
            )
            return replace(status, **self._pretended)

    def set_view(self, view: View) -> None:
        assert view in VIEWS
        self._view.set_view(view)

    def set_opacity(self, opacity: float) -> None:
        self._view.set_opacity(opacity)

    def set_blur(self, strength: float) -> None:
        self._view.set_blur(strength)

    def set_backdrop(self, backdrop: Pixels | str | None, *, name: str = "picture") -> None:
        self.backdrop = backdrop
        self._view.set_backdrop(backdrop, name=name)

    def start_recording(self) -> None:
        with self._lock:
            self.files.start_recording()

    def stop_recording(self) -> Path | None:
        with self._lock:
            recording = self.files.taken()
        return None if recording is None else completed(recording)

    def snapshot(self) -> Path | None:
        with self._lock:
            shown = self._shown
        return None if shown is None else self.files.snapshot(shown)

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        self._stopped.set()
        self._thread.join(5)
        self._view.close()
        self.stop_recording()

    def _run(self) -> None:
        due = time.perf_counter()
        while not self._stopped.is_set():
            grabbed = time.perf_counter()
            frame, maps = self._next()
            with self._lock:
                self._plate.tend()
                sinks, status = list(self._sinks), self._plate.status
            separated = (maps, self._in_view) if status.fits else (None, None)
            item = Estimated(frame, status, *separated)
            self._plate.frame = frame
            if self.signals is not None:
                item = replace(item, seen=self.signals(frame, item.maps, health=status.health))
            shown = self._compose(item, self._view.current())
            for sink in sinks:
                sink.write(shown)
            with self._lock:
                self.files.write(shown)
                self._shown = shown
                self._count += 1
                now = time.perf_counter()
                self._stamps.append((now, now - grabbed))
            due = max(due + 1 / self._rate_hz, now - 1 / self._rate_hz)
            self._stopped.wait(max(0.0, due - now))

    def _next(self) -> tuple[Frame, Maps]:
        """The scene, kept after the first lap: a simulated run should cost little."""
        length = self._source.info.frame_count or 1
        place = self._count % length
        if place == len(self._loop):
            alpha = self._source.alpha(place)
            depth = alpha + (1 - alpha) * self._in_view.plate_depth
            self._loop.append((self._source.frame(place), Maps(alpha, depth)))
        frame, maps = self._loop[place]
        return replace(frame, index=self._count, pts=self._count), maps
