"""The files of a live run: recordings and snapshots, under names that are not in use.

Knows nothing about encoders.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from edgeds.errors import SinkError, SinkFailed
from edgeds.live.outputs import Output, Outputs
from edgeds.live.settings import LIVE
from edgeds.sinks.atomic_files import leftovers_of
from edgeds.sinks.images import ImagesSink
from edgeds.sinks.live_recording import RecordingSink, claimed_path, dated, free_path
from edgeds.types import Frame, StreamInfo


class LiveFiles:
    """One recording at a time, and any number of snapshots. Call it from any thread."""

    def __init__(
        self,
        outputs: Outputs,
        *,
        record: Path | None,
        folder: Path,
        on_event: Callable[[str], None],
        open_recording: Callable[..., RecordingSink] = RecordingSink,
    ) -> None:
        """
        Args:
            record: where the first recording goes; the next ones get free names beside it.
            folder: for snapshots, and for recordings where `record` is None.
        """
        self._outputs, self._record, self._folder = outputs, record, folder
        self._event, self._open_recording = on_event, open_recording
        self._lock = threading.Lock()
        self._recorded: set[Path] = set()
        self._output: Output | None = None
        self._since_secs = 0.0

    @property
    def recording(self) -> str | None:
        """The path of the recording, while there is one."""
        output = self._output
        return None if output is None or output.ended else output.sink.location

    @property
    def recording_secs(self) -> float:
        return time.monotonic() - self._since_secs if self.recording else 0.0

    def start_recording(self, like: StreamInfo, *, alpha: bool = False) -> None:
        """Record to the given file the first time, later to free names beside it.

        `alpha`: the view has alpha, which the recording keeps if its format can store it.

        Raises:
            SinkError: it cannot be written, or the run has ended.
        """
        with self._lock:
            if self.recording is not None:
                return
            if self._outputs.closed:
                raise SinkError(
                    "cannot start a recording",
                    why="the live run has ended",
                    fix="start it while the run goes on",
                )
            path = self._record if self._record and not self._recorded else None
            path = path or free_path(self._record or self._folder / dated(".mp4"), self._recorded)
            sink = self._open_recording(path, like, alpha=alpha)
            self._recorded.add(path)
            self._output = Output(
                "recording",
                sink,
                max_waiting=LIVE.recording_max_waiting,
                keeps_alpha=sink.keeps_alpha,
                shown=False,
                on_end=self._report,
            )
            self._since_secs = time.monotonic()
            self._outputs.add(self._output)
        self._event(f"recording to {path}")
        for left in leftovers_of(path):
            self._event(
                f"an earlier run was killed and left {left}, which plays as far as it got: keep it "
                "under another name, or delete it"
            )
        if alpha and not sink.keeps_alpha:
            self._event(
                f"{path.name} cannot keep alpha: the cutout is recorded over a checkerboard; "
                "a .webm or .mov keeps it"
            )

    def stop_recording(self) -> Path | None:
        """Complete the recording; return its path, or None if there was none.

        Raises:
            SinkFailed: it failed, or is still being completed; a message follows in that case.
        """
        with self._lock:
            output, self._output = self._output, None
        if output is None:
            return None
        output.ask_to_end()
        if not output.wait(self._outputs.close_secs):
            raise SinkFailed(
                f"{output.sink.location} is not complete yet",
                why=f"its end takes longer than {self._outputs.close_secs:.0f} s to write",
                fix="wait for the message that it is recorded, also before you stop edgeds",
            )
        status = output.status()
        if status.message and not status.frames:
            raise SinkFailed("nothing was recorded", why=status.message)
        return Path(output.sink.location) if status.frames else None

    def snapshot(self, picture: Frame) -> Path:
        """Write a picture as PNG, and return its path.

        Raises:
            SinkError: it cannot be written.
        """
        path = claimed_path(self._folder / dated(".png"))
        try:
            ImagesSink(path, alpha=picture.pixels.shape[2] == 4).write(picture)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._event(f"snapshot: {path}")
        return path

    def _report(self, output: Output, message: str) -> None:
        if message:
            self._event(message)
        elif output.meter.frames:
            self._event(f"recorded: {output.sink.location}")
