"""The recordings and snapshots of a simulated run: real files, numbered. The caller locks."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from edgeds.errors import SinkError
from edgeds.sinks.video import VideoSink
from edgeds.types import Frame, StreamInfo


class SimulatedFiles:
    def __init__(self, folder: Path, info: StreamInfo) -> None:
        self.folder, self._info = folder, info
        self._sink: VideoSink | None = None
        self._since_secs = 0.0
        self._recorded = self._taken = 0

    @property
    def recording(self) -> str | None:
        return None if self._sink is None else self._sink.location

    @property
    def recording_secs(self) -> float:
        return 0.0 if self._sink is None else time.perf_counter() - self._since_secs

    def write(self, frame: Frame) -> None:
        if self._sink is not None:
            self._sink.write(_opaque(frame))

    def start_recording(self) -> None:
        """
        Raises:
            SinkError: it cannot be written.
        """
        if self._sink is None:
            self._recorded += 1
            self._sink = VideoSink(self.folder / f"simulated-{self._recorded}.mp4", self._info)
            self._since_secs = time.perf_counter()

    def taken(self) -> VideoSink | None:
        """The recording under way, which the caller completes."""
        sink, self._sink = self._sink, None
        return sink

    def snapshot(self, frame: Frame) -> Path:
        """
        Raises:
            SinkError: it cannot be written.
        """
        import cv2

        self._taken += 1
        path = self.folder / f"simulated-{self._taken}.png"
        order = cv2.COLOR_RGBA2BGRA if frame.pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        if not cv2.imwrite(str(path), cv2.cvtColor(frame.pixels, order)):
            raise SinkError(f"cannot write {path.name!r}", why="the folder cannot be written")
        return path


def completed(recording: VideoSink) -> Path:
    recording.close()
    return Path(recording.location)


def _opaque(frame: Frame) -> Frame:
    if frame.pixels.shape[2] == 3:
        return frame
    return frame.with_pixels(np.ascontiguousarray(frame.pixels[..., :3]))
