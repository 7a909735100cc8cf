"""The window as an output: it runs in the loop's thread, has keys, and shows the status."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from edgeds.errors import EdgedsError
from edgeds.live.control import LiveControl, LiveStatus
from edgeds.live.outputs import Output
from edgeds.types import Pixels, Sink
from edgeds.views.settings import VIEWS

_STATUS_SECS = 0.25


class Window(Sink, Protocol):
    """A sink that has keys. All calls come from the thread that runs the loop."""

    def keys(self) -> str | None:
        """The keys typed since the last call; None after the user has closed the window.

        The loop calls it often, with or without frames, so it also keeps the window responsive.
        """
        ...

    def show_status(self, status: LiveStatus) -> None:
        """Set the text on the picture from now on."""
        ...

    def show_plate(self, pixels: Pixels) -> None:
        """Show a new plate, uint8 RGB (H, W, 3), so that the user can look at it."""
        ...


class WindowKeys:
    """Carries out the keys typed into a window, and keeps its status line up to date."""

    def __init__(
        self,
        window: Window,
        output: Output,
        control: LiveControl,
        *,
        on_close: Callable[[], None],
        on_event: Callable[[str], None],
    ) -> None:
        """`output`: the window's, in the loop. `on_close`: the user closed the window."""
        self._window, self._output, self._control = window, output, control
        self._on_close, self._event = on_close, on_event
        self._status_secs = 0.0
        self._plates = 0

    def work(self) -> None:
        """Show the waiting frames, then handle the keys. Call it often, from the loop's thread."""
        self._output.work()
        if self._output.ended:
            return
        now = time.monotonic()
        if now - self._status_secs > _STATUS_SECS:
            self._status_secs = now
            self._show(self._control.status())
        keys = self._window.keys()
        if keys is None:
            self._event("the window was closed")
            self._output.ask_to_end()
            self._output.work()
            self._on_close()
            return
        for key in keys:
            self._obey(key)

    def _show(self, status: LiveStatus) -> None:
        self._window.show_status(status)
        if status.plates == self._plates:
            return
        self._plates = status.plates
        if (pixels := self._control.plate()) is not None:
            self._window.show_plate(pixels)

    def _obey(self, key: str) -> None:
        action = self._actions().get(key)
        if action is None:
            return
        try:
            action()
        except EdgedsError as error:
            self._event(f"{error.what}: {error.why}")

    def _actions(self) -> Mapping[str, Callable[[], object]]:
        """The hot keys."""
        control = self._control
        status = control.status()
        following = VIEWS[(VIEWS.index(status.view) + 1) % len(VIEWS)]
        return {
            "b": control.take_plate,
            "v": lambda: control.set_view(following),
            "r": control.stop_recording if status.recording else control.start_recording,
            "s": control.snapshot,
            "q": control.stop,
        }
