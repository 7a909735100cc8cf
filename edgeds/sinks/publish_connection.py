"""One connection of a published stream, in a process of its own, and the thread that feeds it.

Connecting holds Python's global lock in PyAV, and a network call may hang where nothing can
interrupt it: in its own process both slow nobody, and the process can be killed.
Knows nothing about reconnecting.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from typing import cast

import numpy as np
import numpy.typing as npt

from edgeds.errors import SinkFailed
from edgeds.sinks.encoder_settings import PUBLISH
from edgeds.sinks.live_recording import letterboxed
from edgeds.sinks.publish_process import CLOCK_HZ, HEAD
from edgeds.sources.url import masked
from edgeds.types import Frame, Pixels, Size

_BT709 = 1


class Publisher:
    """Connects at once, then sends the newest frame whenever the last one has gone out."""

    def __init__(self, url: str, size: Size) -> None:
        self.sent = 0
        self.failed: SinkFailed | None = None
        """How the connection ended, if it did."""
        self._url = url
        self._size = size[0] - size[0] % 2, size[1] - size[1] % 2  # 4:2:0
        self._changed = threading.Condition()
        self._waiting: Frame | None = None
        self._ending = self._left = False
        self._busy = True  # connecting
        self._sending = False
        self._since_secs = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "edgeds.sinks.publish_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # FFmpeg's messages hold URLs
            start_new_session=True,  # Ctrl-C is for edgeds, which ends the stream in order
        )
        self._thread = threading.Thread(target=self._run, name="edgeds-publish", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """Frames that wait or are on their way."""
        return (self._waiting is not None) + self._sending

    @property
    def silent_secs(self) -> float:
        """For how long the network has not taken what it was given; 0 while nothing is."""
        return time.monotonic() - self._since_secs if self._busy else 0.0

    def offer(self, frame: Frame) -> None:
        """The next frame to send, in place of one that still waits. Returns at once."""
        with self._changed:
            self._waiting = frame
            self._changed.notify()

    def finish(self, timeout_secs: float) -> None:
        """Send what waits, and end the stream in order."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join(timeout_secs)

    def leave(self) -> None:
        """End at once."""
        with self._changed:
            self._left = True
            self._changed.notify()
        self._process.kill()
        self._thread.join()

    def _run(self) -> None:
        try:
            with self._process as process:
                try:
                    self._feed()
                finally:
                    assert process.stdin is not None
                    with suppress(OSError):  # flushes what a process that died did not take
                        process.stdin.close()
                    if self.failed is not None:
                        process.kill()
        except (OSError, ValueError) as error:
            self._fail(f"its process failed ({type(error).__name__})")

    def _feed(self) -> None:
        head = {"url": self._url, "size": self._size, "settings": asdict(PUBLISH)}
        if not self._sent(json.dumps(head).encode() + b"\n"):
            return
        began_secs: float | None = None
        while (frame := self._next()) is not None:
            now = time.monotonic() if frame.grabbed_secs is None else frame.grabbed_secs
            began_secs = now if began_secs is None else began_secs
            pixels = letterboxed(frame.pixels, self._size)
            if not self._sent(HEAD.pack(round((now - began_secs) * CLOCK_HZ)) + _yuv(pixels)):
                return
            self.sent += 1
            self._sending = False

    def _sent(self, message: bytes) -> bool:
        """Hand a message to the process, and wait until the network has it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):  # it said why
            self._process.stdin.write(message)
            self._process.stdin.flush()
        answer = self._process.stdout.readline().decode().strip()
        if answer != "ok":
            self._fail(answer or "its process ended")
        return answer == "ok"

    def _fail(self, why: str) -> None:
        self.failed = SinkFailed(f"cannot publish to {masked(self._url)}", why=why)

    def _next(self) -> Frame | None:
        with self._changed:
            self._busy = False
            self._changed.wait_for(lambda: self._waiting or self._ending or self._left)
            frame, self._waiting = self._waiting, None
            self._busy, self._since_secs = True, time.monotonic()
            self._sending = frame is not None and not self._left
            return None if self._left else frame


def _yuv(pixels: Pixels) -> bytes:
    """BT.709, limited range, 4:2:0."""
    import av

    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24").reformat(
        format="yuv420p", dst_colorspace=_BT709, dst_color_range=1
    )
    return cast("npt.NDArray[np.uint8]", picture.to_ndarray()).tobytes()
