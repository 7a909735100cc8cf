"""Events as JSON Lines, into a file or standard output. Knows nothing about rules."""

from __future__ import annotations

import os
import sys
from base64 import b64encode
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

from edgeds.errors import SinkFailed
from edgeds.live.signals.delivery.retry_queue import DeliveryFailedError, Message
from edgeds.live.signals.events import Event, json_line
from edgeds.sinks.atomic_files import PendingFile
from edgeds.sources.media_errors import reason_of
from edgeds.types import Closing


class JsonLines(Closing):
    """Writes every event at once, one line each: the file can be followed while it grows.

    For files of video: they can wait for a disk. For cameras, put it behind an `Outbox`.
    """

    def __init__(self, place: Path, *, whole: bool = True) -> None:
        """
        Args:
            place: a file; "-" is standard output.
            whole: the file appears under its name when it is complete, and replaces an older one.
                Otherwise lines are appended to what is there.

        Raises:
            SinkError: it cannot be written.
        """
        self.location = "standard output" if str(place) == "-" else str(place)
        self.written = 0
        self._pending: PendingFile | None = None
        self._file: FileIO | None = None
        if str(place) == "-":
            return
        if whole:
            self._pending = PendingFile(place)
            self._file = FileIO(self._pending.part, "w")
        else:
            from edgeds.sinks.atomic_files import check_writable

            check_writable(place, "the events")
            self._file = FileIO(place, "a")

    def event(self, event: Event) -> None:
        """
        Raises:
            SinkFailed: the disk is full, or the reader of standard output is gone.
        """
        line = event.as_json()
        if event.snapshot is not None:
            line["snapshot_jpeg"] = b64encode(event.snapshot).decode()
        self._write(json_line(line))
        self.written += 1

    def state(self, state: dict[str, Any]) -> None:
        """States are not events: they are left out."""

    def close(self) -> None:
        """Complete the file. One without any event is there, too, and empty."""
        self.end(whole=True)

    def end(self, *, whole: bool) -> None:
        """`whole`: the run got to its end; otherwise an older, whole file is not replaced."""
        file, self._file = self._file, None
        if file is None:
            return
        file.close()
        if self._pending is not None:
            place = self._pending.finish() if whole else self._pending.keep()
            self.location = str(place)

    def _write(self, line: str) -> None:
        try:
            if self._file is not None:
                _append(self._file, f"{line}\n".encode())
            else:
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
        except (OSError, ValueError) as error:
            if self._file is None:
                # Python writes what is left once more when it exits, and would fail once more.
                with suppress(OSError, ValueError):
                    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            is_unread = isinstance(error, BrokenPipeError)
            why = "nobody reads it any more" if is_unread else reason_of(error).why
            raise SinkFailed(
                "the events could not be written",
                why=f"{self.location}: {why}",
                fix="make room, or read standard output to its end",
            ) from error


def _append(file: FileIO, line: bytes) -> None:
    """Write the whole line, or nothing: a line that a full disk cut off is written again later.

    Without a buffer, which would keep the line and write it, too, once there is room.
    """
    end = file.seek(0, os.SEEK_END) if file.seekable() else None
    left = memoryview(line)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError:
        if end is not None:
            with suppress(OSError):
                file.truncate(end)
        raise


class LinesConsumer(Closing):
    """`JsonLines` behind an outbox, so that a slow disk or reader does not slow the camera."""

    takes_states = False

    def __init__(self, lines: JsonLines) -> None:
        self.name, self._lines = lines.location, lines

    def deliver(self, message: Message) -> None:
        """
        Raises:
            DeliveryFailedError: the disk is full, for now.
        """
        if message.event is None:
            return
        try:
            self._lines.event(message.event)
        except SinkFailed as error:
            raise DeliveryFailedError(error.why) from None

    def close(self) -> None:
        """Whoever opened the lines ends them."""
