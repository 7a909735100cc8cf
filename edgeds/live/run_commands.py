"""The commands to a live run's plate, view and files, from any thread.

The run itself implements the rest of `LiveControl` (status, stop).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edgeds.live.live_plate import LivePlate
from edgeds.live.recordings_and_snapshots import LiveFiles
from edgeds.live.signals.signals import Signals, object_seen
from edgeds.live.view_settings import ViewSettings
from edgeds.plate.plate import Plate, plate_at_size
from edgeds.sources import WatchedSource
from edgeds.types import Closing, Frame, Pixels
from edgeds.views.settings import View


class LiveCommands(Closing):
    """Passes each command to the part of the run that carries it out."""

    _source: WatchedSource
    _plate: LivePlate
    _view: ViewSettings
    _files: LiveFiles
    signals: Signals | None
    _shown: Callable[[], Frame] | None
    """Gives the picture of now; None before the first."""

    def take_plate(self) -> None:
        self._plate.take()

    def cancel_plate(self) -> None:
        self._plate.cancel()

    def set_plate(self, pixels: Pixels) -> None:
        plate = plate_at_size(Plate(pixels), self._source.info.size)
        self._plate.give(plate, "The plate is the picture you gave.")

    def use_offered_plate(self) -> None:
        self._plate.take_offered()

    def take_into_plate(self, number: int) -> None:
        self._plate.take_in(object_seen(self.signals, number).outline)

    def plate(self) -> Pixels | None:
        plate = self._plate.current
        return None if plate is None else plate.pixels

    def set_view(self, view: View) -> None:
        self._view.set_view(view)

    def set_opacity(self, opacity: float) -> None:
        self._view.set_opacity(opacity)

    def set_blur(self, strength: float) -> None:
        self._view.set_blur(strength)

    def set_backdrop(self, backdrop: Pixels | str | None, *, name: str = "picture") -> None:
        self._view.set_backdrop(backdrop, name=name)

    def start_recording(self) -> None:
        alpha = self._view.request.view == "cutout"
        self._files.start_recording(self._source.info, alpha=alpha)

    def stop_recording(self) -> Path | None:
        return self._files.stop_recording()

    def snapshot(self) -> Path | None:
        shown = self._shown
        return None if shown is None else self._files.snapshot(shown())
