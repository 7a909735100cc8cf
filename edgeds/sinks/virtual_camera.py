"""A camera that other programs see, through pyvirtualcam. Knows nothing about real cameras."""

from __future__ import annotations

import re
import sys
from fractions import Fraction

import numpy as np

from edgeds.errors import SinkError, SinkFailed
from edgeds.sinks.live_recording import letterboxed
from edgeds.types import Closing, Frame, StreamInfo

_SETUP = {
    "linux": (
        "sudo apt install v4l2loopback-dkms, then "
        'sudo modprobe v4l2loopback devices=1 exclusive_caps=1 card_label="edgeds"'
    ),
    "darwin": "install OBS (obsproject.com), start its virtual camera once, and stop it again",
    "win32": "install OBS (obsproject.com); its virtual camera comes with it",
}


class VirtualCameraSink(Closing):
    """Has the size of the live picture; other views are fitted into it."""

    lost = 0

    def __init__(self, like: StreamInfo, device: str | None = None) -> None:
        """
        Raises:
            SinkError: pyvirtualcam is not installed, or the system has no virtual camera.
        """
        check_installed()
        import pyvirtualcam

        self._size = like.size
        try:
            self._camera = pyvirtualcam.Camera(
                width=like.size[1],
                height=like.size[0],
                fps=float(like.rate or Fraction(30)),
                fmt=pyvirtualcam.PixelFormat.RGB,
                device=device,
            )
        except (RuntimeError, ValueError) as error:
            raise SinkError(
                f"cannot open the virtual camera{f' {device}' if device else ''}",
                why=str(error).strip().replace("\n", "; "),
                fix=_setup(device),
            ) from error
        self.location = str(self._camera.device)

    def write(self, frame: Frame) -> None:
        try:
            self._camera.send(np.ascontiguousarray(letterboxed(frame.pixels, self._size)))
        except (RuntimeError, OSError) as error:
            raise SinkFailed(
                f"the virtual camera {self.location} stopped taking pictures",
                why=str(error),
                fix="start edgeds again; look whether the virtual camera's driver is still loaded",
            ) from error

    def close(self) -> None:
        self._camera.close()


def _setup(device: str | None) -> str:
    """How to get a virtual camera; with the number that was asked for (/dev/video10)."""
    fix = _SETUP.get(sys.platform, "see pyvirtualcam's documentation")
    number = re.fullmatch(r"/dev/video(\d+)", device or "")
    return fix if number is None else fix.replace("devices=1", f"video_nr={number[1]}")


def check_installed() -> None:
    """
    Raises:
        SinkError: pyvirtualcam is not installed, or does not load.
    """
    try:
        import pyvirtualcam  # noqa: F401
    except ImportError as error:
        raise SinkError(
            "cannot open a virtual camera",
            why=f"pyvirtualcam is not installed ({error})",
            fix='pip install "edgeds[virtual-camera]"',
        ) from error
