"""A local camera by index or device, through OpenCV.

Knows nothing about reconnecting: `reconnecting` does that.
"""

from __future__ import annotations

import os
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Literal

from edgeds.errors import SourceError, SourceFailed
from edgeds.sources.feed import Grab
from edgeds.types import Closing, Pixels, Size

PixelFormat = Literal["auto", "mjpg", "yuyv"]


class CameraFeed(Closing):
    """A camera that is open. It rounds a size or rate that it does not offer."""

    def __init__(
        self,
        device: int | str,
        *,
        size: Size | None = None,
        rate: Fraction | None = None,
        pixel_format: PixelFormat = "auto",
    ) -> None:
        """
        Raises:
            SourceError: no such camera, it may not be opened, or it is in use.
        """
        import cv2

        self._name = f"camera {device}"
        _check(device)
        backend = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
        self.camera = self._capture = cv2.VideoCapture(device, backend)
        if not self._capture.isOpened():
            self._capture.release()
            raise SourceError(
                f"cannot open {self._name}",
                why="the driver gives no video: it is in use, or it is not a camera",
                fix=f"close the programs that use it; {_present()}",
            )
        # The pixel format first: it decides which sizes and rates the camera offers.
        if pixel_format != "auto":
            self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*pixel_format.upper()))
        if size is not None:
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, size[1])
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size[0])
        if rate is not None:
            self._capture.set(cv2.CAP_PROP_FPS, float(rate))
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # a queue in the driver adds latency
        stated = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate = Fraction(stated).limit_denominator(1001) if 0 < stated <= 1000 else rate
        code = _fourcc(int(self._capture.get(cv2.CAP_PROP_FOURCC)))
        self.description = f"{self._name}{f', {code}' if code else ''}"

    def read(self) -> Grab:
        import cv2

        if not self._capture.grab():
            raise SourceFailed(
                "the camera gives no more pictures",
                why="it was unplugged, or fell silent",
                fix="look at its cable, and whether another program has taken the camera",
            )
        secs = self._grabbed_secs()
        done, bgr = self._capture.retrieve()
        if not done:
            raise SourceFailed(
                "the camera gave a picture that cannot be decoded",
                why="the cable or the camera is failing",
                fix="try another cable, another USB port, or a smaller --size",
            )
        pixels: Pixels = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
        return Grab(pixels, secs)

    def close(self) -> None:
        self._capture.release()

    def _grabbed_secs(self) -> float:
        """The driver's own time stamp, if it is on the monotonic clock (V4L2's usually is)."""
        import cv2

        now = time.monotonic()
        stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
        return stamp if now - 1.0 < stamp <= now else now


def _check(device: int | str) -> None:
    """Check the device first, since OpenCV gives no reason when it fails.

    Raises:
        SourceError: there is no such device, or this user may not use it.
    """
    if sys.platform != "linux":
        return
    path = Path(f"/dev/video{device}" if isinstance(device, int) else device)
    why = ""
    if not path.exists():
        why = f"there is no {path}"
    elif not os.access(path, os.R_OK | os.W_OK):
        why = f"this user may not use {path}"
    if why:
        raise SourceError(f"cannot open camera {device}", why=why, fix=_present())


def _present() -> str:
    """A remedy that fits the cameras of this machine."""
    found = sorted(str(path) for path in Path("/dev").glob("video*"))
    if not found:
        return "plug a camera in, or try a clip in its place: file:clip.mp4"
    usable = [path for path in found if os.access(path, os.R_OK | os.W_OK)]
    if not usable:
        return "join the group that may use cameras: sudo usermod -aG video $USER, and log in again"
    return f"cameras here: {', '.join(usable)}"


def _fourcc(code: int) -> str:
    letters = "".join(chr(code >> shift & 0xFF) for shift in (0, 8, 16, 24))
    return letters.strip() if letters.isprintable() and code > 0 else ""
