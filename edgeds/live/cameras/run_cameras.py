"""Several live runs at once, each in a thread of its own. If one fails, the others continue.

Knows nothing about how a camera is opened, and nothing about pages and terminals.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from edgeds.errors import EdgedsError, RunError, SourceError
from edgeds.live.cameras.camera_file import CameraPlan
from edgeds.live.control import LiveStatus
from edgeds.live.report import LiveReport
from edgeds.live.run import LiveRun
from edgeds.sources.unfailing import unfailing
from edgeds.sources.url import masked
from edgeds.types import Closing

CameraState = Literal["starting", "running", "waiting", "ended", "missing", "failed"]
"""At the end: ended, missing (it was not there then) or failed."""
OpenRun: TypeAlias = Callable[[CameraPlan, threading.Event], AbstractContextManager[LiveRun]]
"""Opens a camera with its outputs. The event ends the wait for its first picture."""

_LONGEST_PAUSE_SECS = 60.0
_GOOD_SECS = 60.0
"""After a run of this length, the next pause is short again."""
_JOIN_SECS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraReport:
    """One camera at the end."""

    name: str
    source: str
    state: CameraState
    message: str
    """Why it failed, or what it waits for."""
    restarts: int
    runs: tuple[LiveReport, ...] = field(default=())
    """One, and one more for each restart that gave a picture."""


class Camera:
    """One camera and its attempts to run. All methods may be called from any thread."""

    def __init__(
        self,
        plan: CameraPlan,
        open_run: OpenRun,
        on_event: Callable[[str], None],
        stop: threading.Event,
        pause_secs: float,
    ) -> None:
        self._first_pause_secs = pause_secs
        self.plan, self._open, self._event, self._stop = plan, open_run, on_event, stop
        self.state: CameraState = "starting"
        self.message = ""
        self.run: LiveRun | None = None
        """The run of the moment; None while there is none."""
        self._restarts = 0
        self._reports: list[LiveReport] = []
        self._thread = threading.Thread(target=self._live, name=f"edgeds-{plan.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout_secs: float) -> bool:
        """Wait until it has ended; whether it has."""
        self._thread.join(timeout_secs)
        return not self._thread.is_alive()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def status(self) -> LiveStatus | None:
        """How its run is doing; None while there is none."""
        run = self.run
        return None if run is None else run.status()

    def report(self) -> CameraReport:
        return CameraReport(
            name=self.plan.name,
            source=masked(self.plan.source),
            state=self.state,
            message=self.message,
            restarts=self._restarts,
            runs=tuple(self._reports),
        )

    def _live(self) -> None:
        pause_secs = self._first_pause_secs
        while not self._stop.is_set():
            began_secs = time.monotonic()
            error = self._attempt()
            if error is None:
                self._ended()
                return
            before, self.message = self.message, masked(f"{error.what}: {error.why}")
            # A plate, an output or an option that is wrong stays wrong.
            if not isinstance(error, SourceError | RunError):
                self.state = "failed"
                self._event(f"{self.plan.name} failed: {self.message}")
                return
            if self._stop.is_set():  # which says less than why it failed before
                self.message = before or self.message
                break
            if time.monotonic() - began_secs > _GOOD_SECS:
                pause_secs = self._first_pause_secs
            self.state = "waiting"
            self._event(f"{self.plan.name}: {self.message}; trying again in {pause_secs:.0f} s")
            self._stop.wait(pause_secs)
            pause_secs = min(2 * pause_secs, _LONGEST_PAUSE_SECS)
            self._restarts += 1
        self.state = "missing"

    def _ended(self) -> None:
        """Its run ended in order; the camera may have been away then."""
        self.message = self._reports[-1].camera_away
        self.state = "missing" if self.message else "ended"

    def _attempt(self) -> EdgedsError | None:
        """Run once, to the end. Returns the failure, or None."""
        try:
            with self._open(self.plan, self._stop) as run:
                self.run, self.state, self.message = run, "running", ""
                self._reports.append(run.run())
        except EdgedsError as error:
            return error
        except Exception as error:  # a library's surprise ends this camera's run, not the others'
            return RunError("the run broke off", why=f"{type(error).__name__}: {error}")
        finally:
            self.run = None
        return None


class Cameras(Closing):
    """All cameras. `wait` returns when every camera has ended, or when it should stop."""

    def __init__(
        self,
        plans: Sequence[CameraPlan],
        open_run: OpenRun,
        *,
        on_event: Callable[[str], None] = lambda _text: None,
        pause_secs: float = 1.0,
    ) -> None:
        """`pause_secs`: before a camera that failed is tried again; doubled each time."""
        self._stop, on_event = threading.Event(), unfailing(on_event)
        self.all = [Camera(plan, open_run, on_event, self._stop, pause_secs) for plan in plans]
        self._event = on_event
        for camera in self.all:
            camera.start()

    def wait(self, stop: threading.Event, *, duration_secs: float | None = None) -> None:
        """Until `stop` is set, the time is over, or every camera has ended."""
        began_secs = time.monotonic()
        while any(camera.is_alive for camera in self.all):
            if stop.wait(0.1):
                return
            if duration_secs is not None and time.monotonic() - began_secs >= duration_secs:
                return

    def close(self) -> None:
        """End all runs; their outputs are completed."""
        self._stop.set()
        for camera in self.all:
            run = camera.run
            if run is not None:
                run.stop()
        for camera in self.all:
            if not camera.join(_JOIN_SECS):
                self._event(f"{camera.plan.name} did not end within {_JOIN_SECS:.0f} s")
