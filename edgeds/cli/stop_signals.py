"""Stop signals: one handler for all of them and for all commands.

A program is asked to stop by Ctrl-C (SIGINT), by `kill` or a service manager (SIGTERM), and by a
closed terminal or a dropped SSH connection (SIGHUP). All three mean the same: complete the
outputs, give the camera its automatics back, exit with 128 + the signal's number. Impatient
people press Ctrl-C again: that never interrupts the completing, which would lose what is written.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_active: StopSignals | None = None

_PATIENCE_SECS = 2.0
"""Longer than a hasty triple Ctrl-C."""


class StopSignals:
    """Sets the events that a command waits on; without any, raises KeyboardInterrupt.

    Only the first signal counts, since closing a terminal may send several. Ctrl-C is the
    exception, for a run that hangs while it completes its outputs: the second Ctrl-C after the
    first signal, `_PATIENCE_SECS` or more after it, ends the process. Part files stay then.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        """The first stop signal that arrived."""
        self._first_secs = 0.0
        self._further = 0  # Ctrl-C after the first stop signal
        self._ended = False
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

    def end(self) -> None:
        """The command has ended: from here to the process's exit nothing is interrupted."""
        if self.received is None:
            self._first_secs = time.monotonic()  # patience with Python's own exit
        self._ended = True
        self._before.clear()

    def ignore(self) -> None:
        """For Python's own exit, which would give the signals their defaults back too early."""
        for number in _numbers():
            signal.signal(number, signal.SIG_IGN)

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
        if self.received is not None or self._ended:
            self._handle_further(number)
            return
        self.received, self._first_secs = number, time.monotonic()
        if number == getattr(signal, "SIGHUP", None):
            self._leave_terminals()
        for event in self._waiting:
            event.set()
        if not self._waiting:
            raise KeyboardInterrupt

    def _handle_further(self, number: int) -> None:
        if number == getattr(signal, "SIGHUP", None):
            self._leave_terminals()
        if number != signal.SIGINT:
            return
        self._further += 1
        if self._further >= 2 and time.monotonic() - self._first_secs >= _PATIENCE_SECS:
            _write_line(_left_behind())
            os._exit(self.exit_code)
        if self._further == 1 and not self._ended:
            _write_line(
                "stopping, the output is being completed; if that hangs, "
                f"Ctrl-C {_PATIENCE_SECS:g} s after the first leaves at once"
            )

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
    """An event that any stop signal sets."""
    with stop_signals() as signals, signals.event() as event:
        yield event


def _left_behind() -> str:
    """What becomes of the files under construction, in words; removes those without content."""
    # Not imported here: in a signal handler that could wait for another thread's import for ever.
    module = sys.modules.get("edgeds.sinks.atomic_files")
    kept = module.leave_part_files() if module is not None else []
    places = ", ".join(str(part) for part in kept)
    return f"left at once; unfinished, as far as it got: {places}" if kept else "left at once"


def _write_line(text: str) -> None:
    """Print on stderr from a signal handler, which may have interrupted a print."""
    with suppress(OSError):
        shown = "\033[?25h\n" if _is_terminal(2) else ""  # a progress bar hides the cursor
        os.write(2, f"{shown}edgeds: {text}\n".encode(errors="replace"))


def _numbers() -> list[int]:
    """The stop signals that this system has."""
    return [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False
