"""Exposure, white balance and focus of a camera, held as they are so that a plate stays valid.

Drivers promise much: every setting is read back, and the picture is looked at, since many cameras
leave their automatic for a value that has nothing to do with what it had found. Knows OpenCV's
property numbers and their meaning by backend, and nothing about plates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

# Relative change of a channel's mean past which the picture has jumped.
_JUMP = 0.08
# Frames that may still have the former setting: queued in the driver, under way in the camera.
_STALE_FRAMES = 6


class Camera(Protocol):
    """What is used of cv2.VideoCapture."""

    def get(self, prop: int) -> float: ...

    def set(self, prop: int, value: float) -> bool: ...

    def read(self) -> tuple[bool, Any]: ...

    def getBackendName(self) -> str: ...  # noqa: N802 (OpenCV's name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What was achieved. `str()` tells it to people."""

    values: Mapping[str, float]
    """What holds still now, with its value in the driver's own units, to be kept with a plate."""
    refused: Mapping[str, str]
    """What does not, and why."""

    def __str__(self) -> str:
        held = ", ".join(self.values) or "nothing"
        left = "; ".join(f"{name} is not: {why}" for name, why in self.refused.items())
        return f"locked: {held}" + (f" ({left})" if left else "")


def hold(camera: Camera) -> Held:
    """Switch the automatics off, at what they have found. Reads some twenty frames on the way.

    Call it in the thread that reads the camera, when the picture has settled and is empty.
    """
    return _each(camera, {})


def restore(camera: Camera, values: Mapping[str, float]) -> Held:
    """Bring the camera to what it was held at when the plate was taken."""
    return _each(camera, values)


def release(camera: Camera) -> None:
    """Switch the automatics on again."""
    for control in _controls(camera.getBackendName()):
        camera.set(control.automatic, control.on)


@dataclass(frozen=True, slots=True)
class _Control:
    name: str
    automatic: int
    value: int
    off: tuple[float, ...]
    """Values of `automatic` that switch it off: what backends understand by it differs."""
    on: float


def _controls(backend: str) -> tuple[_Control, ...]:
    import cv2

    # V4L2 hands its own menu through: 1 is manual, 3 is "aperture priority", what UVC cameras
    # call automatic. Others take a switch, or DirectShow's former halves.
    manual, automatic = ((1.0,), 3.0) if backend == "V4L2" else ((0.0, 0.25), 1.0)
    return (
        _Control("exposure", cv2.CAP_PROP_AUTO_EXPOSURE, cv2.CAP_PROP_EXPOSURE, manual, automatic),
        _Control("white balance", cv2.CAP_PROP_AUTO_WB, cv2.CAP_PROP_WB_TEMPERATURE, (0.0,), 1.0),
        _Control("focus", cv2.CAP_PROP_AUTOFOCUS, cv2.CAP_PROP_FOCUS, (0.0,), 1.0),
    )


def _each(camera: Camera, wanted: Mapping[str, float]) -> Held:
    values, refused = {}, {}
    level = _level(camera, frames=2)
    for control in _controls(camera.getBackendName()):
        try:
            if control.name in wanted:
                values[control.name] = _held_at(camera, control, wanted[control.name])
                level = _level(camera)
            else:
                values[control.name] = _held_as_it_is(camera, control, level)
        except _Refused as reason:
            refused[control.name] = str(reason)
    return Held(values=values, refused=refused)


class _Refused(Exception):  # noqa: N818 (it never leaves this module)
    pass


def _held_at(camera: Camera, control: _Control, value: float) -> float:
    before = camera.get(control.automatic)
    _switch_off(camera, control)
    camera.set(control.value, value)
    if camera.get(control.value) != value:
        camera.set(control.automatic, before)
        raise _Refused(f"the driver does not take the value {value:g}")
    return value


def _held_as_it_is(
    camera: Camera, control: _Control, level: npt.NDArray[np.float64] | None
) -> float:
    before, found = camera.get(control.automatic), camera.get(control.value)
    _switch_off(camera, control)
    if _jumped(level, _level(camera)):
        camera.set(control.value, found)  # some forget it on the way
        if _jumped(level, _level(camera)):
            camera.set(control.automatic, before)
            raise _Refused("the picture jumps when it is locked, so it stays automatic")
    return float(camera.get(control.value))


def _switch_off(camera: Camera, control: _Control) -> None:
    """
    Raises:
        _Refused: the driver did not do it, whatever it said.
    """
    if camera.get(control.automatic) in control.off:
        return
    for off in control.off:
        if camera.set(control.automatic, off) and camera.get(control.automatic) == off:
            return
    raise _Refused("the driver does not let it")


def _level(camera: Camera, *, frames: int = _STALE_FRAMES) -> npt.NDArray[np.float64] | None:
    """Mean of each channel in the newest of so many frames; None where there is no picture."""
    level = None
    for _ in range(frames):
        done, picture = camera.read()
        if done:
            level = np.asarray(picture[::8, ::8].mean(axis=(0, 1)), np.float64)
    return level


def _jumped(before: npt.NDArray[np.float64] | None, after: npt.NDArray[np.float64] | None) -> bool:
    if before is None or after is None:
        return False
    return bool((np.abs(after - before) > _JUMP * before + 1).any())
