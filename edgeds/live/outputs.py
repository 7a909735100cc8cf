"""The outputs of a live run, each in a thread of its own: slow or failing, none bothers another.

Knows nothing about cameras, views, or what a sink does with a frame.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from edgeds.errors import EdgedsError
from edgeds.live.control import OutputStatus
from edgeds.live.meter import Meter
from edgeds.live.settings import LIVE
from edgeds.sinks.recording import RecordingSink, dated, free_path
from edgeds.types import Closing, Frame, Sink, StreamInfo

_CLOSE_SECS = 10.0


class Outputs(Closing):
    """Any number at once, of which one may be the recording. Calls are welcome from any thread."""

    def __init__(
        self, *, record: Path | None, folder: Path, on_event: Callable[[str], None]
    ) -> None:
        self._record, self._folder, self._event = record, folder, on_event
        self._lock = threading.Lock()
        self._recorded = False
        self._running: list[Output] = []
        self._ended: list[OutputStatus] = []
        self._recording: Output | None = None
        self._recording_since = 0.0

    def add(self, name: str, sink: Sink, *, shown: bool = True) -> None:
        with self._lock:
            self._running.append(Output(name, sink, shown=shown, on_end=self._event))

    def offer(self, frame: Frame) -> None:
        """To all of them; returns at once."""
        for output in tuple(self._running):
            output.offer(frame)

    def statuses(self) -> tuple[OutputStatus, ...]:
        """Of all that were ever there, those that ended first."""
        with self._lock:
            return (*self._ended, *(output.status() for output in self._running))

    def slowest_shown(self) -> OutputStatus | None:
        """The one that shows frames last, of those that somebody looks at now."""
        with self._lock:
            shown = [output.status() for output in self._running if output.shown]
        return max(
            (status for status in shown if not status.ended),
            key=lambda status: status.latency_p95_ms,
            default=None,
        )

    @property
    def any_left(self) -> bool:
        return any(not output.ended for output in tuple(self._running))

    @property
    def recording(self) -> str | None:
        output = self._recording
        return None if output is None or output.ended else output.sink.location

    @property
    def recording_secs(self) -> float:
        return time.monotonic() - self._recording_since if self.recording else 0.0

    def start_recording(self, like: StreamInfo) -> None:
        """To the wished file the first time, then to names beside it that are free.

        Raises:
            SinkError: it cannot be written.
        """
        with self._lock:
            if self._recording is not None and not self._recording.ended:
                return
            path = self._record if self._record and not self._recorded else None
            path = path or free_path(self._record or self._folder / dated(".mp4"))
            sink = RecordingSink(path, like)
            self._recorded = True
            self._recording = Output(
                "recording", sink, depth=LIVE.recording_depth, shown=False, on_end=self._event
            )
            self._recording_since = time.monotonic()
            self._running.append(self._recording)

    def stop_recording(self) -> Path | None:
        with self._lock:
            output, self._recording = self._recording, None
        if output is None:
            return None
        self._end(output)
        return Path(output.sink.location) if output.meter.frames else None

    def close(self) -> None:
        """Complete them all."""
        for output in tuple(self._running):
            self._end(output)

    def _end(self, output: Output) -> None:
        output.close()
        with self._lock:
            if output in self._running:
                self._running.remove(output)
                self._ended.append(output.status())


class Output:
    """Hands frames to a sink; of those that wait, at most `depth`, the oldest make room.

    The sink is used and closed in that thread alone. When it fails it is closed, keeping what it
    wrote, and `on_end` is told why.
    """

    def __init__(
        self,
        name: str,
        sink: Sink,
        *,
        depth: int = 1,
        shown: bool = True,
        on_end: Callable[[str], None] | None = None,
    ) -> None:
        self.name, self.sink = name, sink
        self.shown = shown
        """Whether somebody looks at it now, so that its latency counts."""
        self.meter = Meter()
        self._depth, self._on_end = depth, on_end
        self._changed = threading.Condition()
        self._waiting: deque[Frame] = deque()
        self._dropped = 0
        self._closing = self.ended = False
        self._message = ""
        self._thread = threading.Thread(target=self._work, name=f"edgeds-{name}", daemon=True)
        self._thread.start()

    def offer(self, frame: Frame) -> None:
        """Returns at once."""
        with self._changed:
            if self._closing or self.ended:
                return
            if len(self._waiting) == self._depth:
                self._waiting.popleft()
                self._dropped += 1
            self._waiting.append(frame)
            self._changed.notify()

    def status(self) -> OutputStatus:
        recent = self.meter.recent()
        with self._changed:
            return OutputStatus(
                name=self.name,
                location=self.sink.location,
                frames=self.meter.frames,
                dropped=self._dropped,
                fps=recent.fps,
                latency_p50_ms=recent.latency_p50_ms,
                latency_p95_ms=recent.latency_p95_ms,
                ended=self.ended,
                message=self._message,
            )

    def close(self) -> None:
        """Write what waits and complete the output. Waits for it, but not for ever."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(_CLOSE_SECS)

    def _work(self) -> None:
        message = ""
        try:
            with self.sink:
                while (frame := self._next()) is not None:
                    self.sink.write(frame)
                    self.meter.add(frame.grabbed_secs)
        except EdgedsError as error:
            message = f"{self.name} ended: {error.what}: {error.why}"
        except Exception as error:  # a library's surprise ends this output like any other failure
            message = f"{self.name} ended: {type(error).__name__}: {error}"
        with self._changed:
            self.ended, self._message = True, message
            self._waiting.clear()
        if message and self._on_end is not None:
            self._on_end(message)

    def _next(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            return self._waiting.popleft() if self._waiting else None
