"""The outputs of a live run. They are independent: a slow or failing one does not disturb the
others.

Knows nothing about cameras, views, or the use that a sink makes of a frame.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from edgeds.errors import EdgedsError
from edgeds.live.control import OutputStatus
from edgeds.live.fps_meter import Meter
from edgeds.live.settings import LIVE
from edgeds.types import Closing, Frame, Sink
from edgeds.views.checkerboard import over_checkerboard


class Outputs(Closing):
    """Any number of outputs. Call it from any thread."""

    def __init__(
        self, on_event: Callable[[str], None], *, close_secs: float = LIVE.close_secs
    ) -> None:
        self._event, self.close_secs = on_event, close_secs
        self._lock = threading.Lock()
        self._all: list[Output | OutputStatus] = []
        self.closed = False

    def add(self, output: Output) -> None:
        """It is closed with the others."""
        with self._lock:
            self._all.append(output)

    def offer(self, picture: Frame) -> Frame:
        """Hand a picture to all outputs, and return it as a screen shows it. Does not wait.

        Outputs that keep alpha get RGBA; the others get it over a checkerboard.
        """
        shown = opaque(picture)
        for output in self._running():
            output.offer(picture if output.keeps_alpha else shown)
        return shown

    def statuses(self) -> tuple[OutputStatus, ...]:
        """The status of all outputs, past ones too, in the order in which they were added."""
        with self._lock:
            for number, output in enumerate(self._all):
                if isinstance(output, Output) and output.ended:
                    self._all[number] = output.status()  # a run of days has many recordings
            return tuple(o.status() if isinstance(o, Output) else o for o in self._all)

    def slowest_shown(self) -> OutputStatus | None:
        """The slowest output of those that somebody looks at now."""
        return max(
            (output.status() for output in self._running() if output.shown),
            key=lambda status: status.latency_p95_ms,
            default=None,
        )

    @property
    def any_left(self) -> bool:
        return bool(self._running())

    def close(self) -> None:
        """Complete all outputs; wait for files as long as needed, for others a limited time."""
        self.closed = True
        running = self._running()
        for output in running:
            output.ask_to_end()
        end_secs = time.monotonic() + self.close_secs
        late = [o for o in running if not o.wait(max(0.0, end_secs - time.monotonic()))]
        for output in late:
            if output.is_file:
                self._event(
                    f"{output.sink.location} is still being completed; another Ctrl-C abandons it"
                )
                output.wait(None)
            else:
                output.give_up(f"{output.name} did not end within {self.close_secs:.0f} s")

    def _running(self) -> list[Output]:
        with self._lock:
            return [o for o in self._all if isinstance(o, Output) and not o.ended]


class Output:
    """Hands frames to a sink. At most `max_waiting` frames wait; a new one replaces the oldest.

    The sink is used and closed in one thread: the output's own, or with `in_loop` the one that
    calls `work`, for windows. If it fails, it is closed and keeps what it wrote.
    """

    def __init__(
        self,
        name: str,
        sink: Sink,
        *,
        max_waiting: int = 1,
        shown: bool = True,
        is_file: bool = True,
        in_loop: bool = False,
        keeps_alpha: bool = False,
        on_end: Callable[[Output, str], None] | None = None,
    ) -> None:
        """
        Args:
            max_waiting: so many frames wait while one is written; then the oldest is dropped.
            shown: whether somebody looks at it now, so that its latency counts.
            is_file: whether its end must be waited for, however long that takes.
            keeps_alpha: it takes RGBA.
            on_end: is called once it has ended, with the reason where it failed.
        """
        self.name, self.sink, self.shown, self.is_file = name, sink, shown, is_file
        self.meter = Meter()
        self.keeps_alpha, self._max_waiting, self._on_end = keeps_alpha, max_waiting, on_end
        self._changed = threading.Condition()
        self._waiting: deque[Frame] = deque()
        self._dropped = 0
        self._closing = self.ended = False
        self._message = ""
        self._thread: threading.Thread | None = None
        if not in_loop:
            self._thread = threading.Thread(target=self._run, name=f"edgeds-{name}", daemon=True)
            self._thread.start()

    def offer(self, frame: Frame) -> None:
        """Returns at once."""
        with self._changed:
            if self._closing or self.ended:
                return
            if len(self._waiting) == self._max_waiting:
                self._waiting.popleft()
                self._dropped += 1
            self._waiting.append(frame)
            self._changed.notify_all()

    def status(self) -> OutputStatus:
        reading = self.meter.whole() if self.ended else self.meter.recent()
        lost = self.sink.lost
        with self._changed:
            return OutputStatus(
                name=self.name,
                location=self.sink.location,
                frames=self.meter.frames - lost,
                dropped=self._dropped + lost,
                fps=reading.fps,
                latency_p50_ms=reading.latency_p50_ms,
                latency_p95_ms=reading.latency_p95_ms,
                ended=self.ended,
                message=self._message,
            )

    def ask_to_end(self) -> None:
        """Write what waits, then complete the output. Returns at once."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def wait(self, timeout_secs: float | None) -> bool:
        """Wait for its end; return whether it has ended."""
        if self._thread is None:
            self.work()
        else:
            self._thread.join(timeout_secs)
        return self.ended

    def give_up(self, why: str) -> None:
        """Leave behind an output that does not end, and report it."""
        with self._changed:
            self.ended, self._message = True, why

    def work(self) -> None:
        """For outputs in the loop: write the waiting frames, and end if asked to."""
        if self.ended:
            return
        message = self._attempt(self._write_waiting)
        if message or self._closing:
            message = self._attempt(self.sink.close) or message
            self._end(message)

    def _run(self) -> None:
        self._end(self._attempt(self._write_all))

    def _write_all(self) -> None:
        with self.sink:
            while (frame := self._next()) is not None:
                self._write(frame)

    def _write_waiting(self) -> None:
        while self._waiting:
            self._write(self._waiting.popleft())

    def _write(self, frame: Frame) -> None:
        self.sink.write(frame)
        self.meter.add(frame.grabbed_secs)

    def _attempt(self, work: Callable[[], None]) -> str:
        """Why it failed; empty if it did not."""
        try:
            work()
        except EdgedsError as error:
            return f"{self.name} ended: {error.what}: {error.why}"
        except (
            Exception
        ) as error:  # an unexpected exception of a library ends this output like any other failure
            return f"{self.name} ended: {type(error).__name__}: {error}"
        return ""

    def _end(self, message: str) -> None:
        with self._changed:
            self.ended, self._message = True, message
            self._waiting.clear()
        if self._on_end is not None:
            self._on_end(self, message)

    def _next(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            return self._waiting.popleft() if self._waiting else None


def opaque(picture: Frame) -> Frame:
    """The picture as RGB: screens have no alpha."""
    if picture.picture.layout != "rgba":
        return picture
    return picture.with_pixels(over_checkerboard(picture.pixels))
