"""One of many cameras as `LiveControl`: commands go to its current run, if there is one.

Knows nothing about pages.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgeds.live.cameras.run_cameras import Camera
from edgeds.live.control import LiveStatus
from edgeds.live.run import LiveRun
from edgeds.types import Pixels
from edgeds.views.settings import View

if TYPE_CHECKING:
    from edgeds.live.signals.signals import Signals


class CameraControl:
    """Without a run, commands do nothing, and the status says what the camera waits for."""

    def __init__(self, engine_name: str) -> None:
        self.camera: Camera | None = None
        """To be set before the first command."""
        self._engine_name = engine_name

    @property
    def signals(self) -> Signals | None:
        run = self._run
        return None if run is None else run.signals

    def status(self) -> LiveStatus:
        if self.camera is None:
            return LiveStatus(
                source="",
                engine=self._engine_name,
                size=(0, 0),
                source_state="reconnecting",
                source_message="starting",
            )
        status, plan, state = self.camera.status(), self.camera.plan, self.camera.state
        if status is not None:
            return replace(status, source=plan.name)
        return LiveStatus(
            source=plan.name,
            engine=self._engine_name,
            size=(0, 0),
            source_state="ended" if state in ("ended", "missing", "failed") else "reconnecting",
            source_message=self.camera.message or state,
            view=plan.view,
        )

    def take_plate(self) -> None:
        if run := self._run:
            run.take_plate()

    def cancel_plate(self) -> None:
        if run := self._run:
            run.cancel_plate()

    def set_plate(self, pixels: Pixels) -> None:
        if run := self._run:
            run.set_plate(pixels)

    def use_offered_plate(self) -> None:
        if run := self._run:
            run.use_offered_plate()

    def take_into_plate(self, number: int) -> None:
        if run := self._run:
            run.take_into_plate(number)

    def plate(self) -> Pixels | None:
        run = self._run
        return None if run is None else run.plate()

    def set_view(self, view: View) -> None:
        if run := self._run:
            run.set_view(view)

    def set_opacity(self, opacity: float) -> None:
        if run := self._run:
            run.set_opacity(opacity)

    def set_blur(self, strength: float) -> None:
        if run := self._run:
            run.set_blur(strength)

    def set_backdrop(self, backdrop: Pixels | str | None, *, name: str = "picture") -> None:
        if run := self._run:
            run.set_backdrop(backdrop, name=name)

    def start_recording(self) -> None:
        if run := self._run:
            run.start_recording()

    def stop_recording(self) -> Path | None:
        run = self._run
        return None if run is None else run.stop_recording()

    def snapshot(self) -> Path | None:
        run = self._run
        return None if run is None else run.snapshot()

    def stop(self) -> None:
        if run := self._run:
            run.stop()

    @property
    def _run(self) -> LiveRun | None:
        return None if self.camera is None else self.camera.run
