"""Stop signals: one handler for all of them and for all commands.

A program is asked to stop by Ctrl-C (SIGINT), by `kill` or a service manager (SIGTERM), and by a
closed terminal or a dropped SSH connection (SIGHUP). All three mean the same: complete the
outputs, give the camera its automatics back, exit with 128 + the signal's number.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_active: StopSignals | None = None


class StopSignals:
    """Sets the events that a command waits on; without any, raises KeyboardInterrupt.

    Only the first signal counts, since closing a terminal may send several. Ctrl-C is the
    exception: a second one interrupts at once, whatever the command is doing.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        """The first stop signal that arrived."""
        self._waiting: list[threading.Event] = []
        self._before: dict[int, Any] = {}
        self._terminals = [number for number in (1, 2) if _is_terminal(number)]

    @property
    def exit_code(self) -> int:
        """128 + the signal that arrived; that of Ctrl-C if none did."""
        return 128 + (self.received or signal.SIGINT)

    def install(self) -> None:
        """Call it in the main thread."""
        for number in _numbers():
            ignored = signal.getsignal(number) is signal.SIG_IGN
            if ignored and number == getattr(signal, "SIGHUP", None):
                continue  # nohup: the user wants it to outlive the terminal
            self._before[number] = signal.signal(number, self._handle)

    def uninstall(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    @contextmanager
    def event(self) -> Iterator[threading.Event]:
        """An event that the first stop signal sets."""
        event = threading.Event()
        if self.received is not None:
            event.set()
        self._waiting.append(event)
        try:
            yield event
        finally:
            self._waiting.remove(event)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        first, self.received = self.received is None, self.received or number
        if number == getattr(signal, "SIGHUP", None):
            self._leave_terminals()
        for event in self._waiting:
            event.set()
        if (first and not self._waiting) or (not first and number == signal.SIGINT):
            raise KeyboardInterrupt

    def _leave_terminals(self) -> None:
        """Send all further output to /dev/null: each write to a closed terminal is an error.

        `_terminals` was found at the start: a closed terminal no longer counts as one.
        """
        for descriptor in self._terminals:
            send_nowhere(descriptor)


@contextmanager
def stop_signals() -> Iterator[StopSignals]:
    """Handle stop signals inside the `with`. A nested one returns the outer one."""
    global _active
    if _active is not None:
        yield _active
        return
    _active = StopSignals()
    _active.install()
    try:
        yield _active
    finally:
        _active.uninstall()
        _active = None


def send_nowhere(descriptor: int) -> None:
    """Send all further output of a file descriptor to /dev/null."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """An event that any stop signal sets; a second Ctrl-C interrupts at once."""
    with stop_signals() as signals, signals.event() as event:
        yield event


def _numbers() -> list[int]:
    """The stop signals that this system has."""
    return [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False
