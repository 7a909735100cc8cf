"""3A lock: locks exposure, white balance and focus of a camera as they are, so that a plate stays
valid.

Drivers are not reliable. Every setting is read back, and the picture is checked, since many cameras
leave the automatic mode with a value that has nothing to do with the automatic one. Knows OpenCV's
property numbers and their meaning by backend, and nothing about plates or threads.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from edgeds.types import Pixels

# Relative change of a channel's mean past which the picture has jumped.
_JUMP = 0.08
# Pictures that may still have the former setting: queued in the driver, or on the way from the
# camera.
_STALE_PICTURES = 6


_Level: TypeAlias = npt.NDArray[np.float64]


class Camera(Protocol):
    """The part of cv2.VideoCapture that a lock needs."""

    def get(self, prop: int) -> float: ...

    def set(self, prop: int, value: float) -> bool: ...

    def getBackendName(self) -> str: ...  # noqa: N802 (OpenCV's name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """The result of a lock. `str()` describes it for people."""

    values: Mapping[str, float]
    """Each locked setting and its value in the driver's own units, to be kept with a plate."""
    refused: Mapping[str, str]
    """Each setting that stays automatic, and why."""

    def __str__(self) -> str:
        names = ", ".join(self.values) or "nothing"
        left = "; ".join(f"{name} is not: {why}" for name, why in self.refused.items())
        return f"locked: {names}" + (f" ({left})" if left else "")


Locking: TypeAlias = Generator[None, Pixels, Locked]
"""A lock under way. Start it with `next` and send it every picture of the camera; it returns
`Locked`.

It takes 8 pictures if none jumps. It never reads a picture itself, so the live picture goes on.
"""


def lock(camera: Camera, values: Mapping[str, float] | None = None) -> Locking:
    """Switch the automatics off, at their present values or at the `values` of an earlier lock.

    Run it in the thread that reads the camera, when the picture has settled and is empty.
    """
    controls = _controls(camera.getBackendName())
    wanted = values or {}
    locked: dict[str, float] = {}
    refused: dict[str, str] = {}
    level = yield from _level(2)
    for control in controls:
        if control.name in wanted:
            try:
                locked[control.name] = _set_to(camera, control, wanted[control.name])
            except _Refused as reason:
                refused[control.name] = str(reason)
    if locked:
        level = yield from _level(_STALE_PICTURES)
    rest = [control for control in controls if control.name not in wanted]
    settled = yield from _lock_together(camera, rest, level)
    if settled is None:
        settled = yield from _lock_one_by_one(camera, rest, level)
    return Locked(
        values={c.name: v for c in controls for v in _found(c, locked, settled.values)},
        refused={**refused, **settled.refused},
    )


def unlock(camera: Camera) -> None:
    """Switch the automatics on again."""
    for control in _controls(camera.getBackendName()):
        camera.set(control.automatic, control.on)


@dataclass(frozen=True, slots=True)
class _Control:
    name: str
    automatic: int
    value: int
    off: tuple[float, ...]
    """Values of `automatic` that switch it off; they differ by backend."""
    on: float


def _controls(backend: str) -> tuple[_Control, ...]:
    import cv2

    # V4L2 passes its own menu through: 1 is manual, 3 is "aperture priority", which UVC cameras
    # call automatic. Others take a switch, or DirectShow's former halves.
    manual, automatic = ((1.0,), 3.0) if backend == "V4L2" else ((0.0, 0.25), 1.0)
    return (
        _Control("exposure", cv2.CAP_PROP_AUTO_EXPOSURE, cv2.CAP_PROP_EXPOSURE, manual, automatic),
        _Control("white balance", cv2.CAP_PROP_AUTO_WB, cv2.CAP_PROP_WB_TEMPERATURE, (0.0,), 1.0),
        _Control("focus", cv2.CAP_PROP_AUTOFOCUS, cv2.CAP_PROP_FOCUS, (0.0,), 1.0),
    )


class _Refused(Exception):  # noqa: N818 (it never leaves this module)
    pass


def _found(control: _Control, *locks: Mapping[str, float]) -> list[float]:
    return [values[control.name] for values in locks if control.name in values]


def _set_to(camera: Camera, control: _Control, value: float) -> float:
    before = camera.get(control.automatic)
    _switch_off(camera, control)
    camera.set(control.value, value)
    if camera.get(control.value) != value:
        camera.set(control.automatic, before)
        raise _Refused(f"the driver does not take the value {value:g}")
    return value


def _lock_together(
    camera: Camera, controls: list[_Control], level: _Level
) -> Generator[None, Pixels, Locked | None]:
    """Lock all controls at once, which takes the fewest pictures; None if the picture jumped."""
    before = [(c, camera.get(c.automatic)) for c in controls]
    refused: dict[str, str] = {}
    found: dict[_Control, float] = {}
    for control in controls:
        value = camera.get(control.value)
        try:
            _switch_off(camera, control)
            found[control] = value
        except _Refused as reason:
            refused[control.name] = str(reason)
    if found and _jumped(level, (yield from _level(_STALE_PICTURES))):
        for control, value in found.items():
            camera.set(control.value, value)  # some cameras lose it when they switch
        if _jumped(level, (yield from _level(_STALE_PICTURES))):
            for control, automatic in before:
                if control in found:
                    camera.set(control.automatic, automatic)
            yield from _level(_STALE_PICTURES)
            return None
    return Locked(values={c.name: float(camera.get(c.value)) for c in found}, refused=refused)


def _lock_one_by_one(
    camera: Camera, controls: list[_Control], level: _Level
) -> Generator[None, Pixels, Locked]:
    """Find the control that makes the picture jump, and leave only this one automatic."""
    values: dict[str, float] = {}
    refused: dict[str, str] = {}
    for control in controls:
        before, found = camera.get(control.automatic), camera.get(control.value)
        try:
            _switch_off(camera, control)
        except _Refused as reason:
            refused[control.name] = str(reason)
            continue
        if _jumped(level, (yield from _level(_STALE_PICTURES))):
            camera.set(control.value, found)  # some cameras lose it when they switch
            if _jumped(level, (yield from _level(_STALE_PICTURES))):
                camera.set(control.automatic, before)
                refused[control.name] = "the picture jumps when it is locked, so it stays automatic"
                yield from _level(_STALE_PICTURES)  # the next control is judged without the jump
                continue
        values[control.name] = float(camera.get(control.value))
    return Locked(values=values, refused=refused)


def _switch_off(camera: Camera, control: _Control) -> None:
    """
    Raises:
        _Refused: the driver did not do it, even if it reported success.
    """
    if camera.get(control.automatic) in control.off:
        return
    for off in control.off:
        if camera.set(control.automatic, off) and camera.get(control.automatic) == off:
            return
    raise _Refused("the driver does not let it")


def _level(pictures: int) -> Generator[None, Pixels, _Level]:
    """Mean of each channel in the newest of so many pictures."""
    for _ in range(pictures):
        newest = yield
    return np.asarray(newest[::8, ::8].mean(axis=(0, 1)), np.float64)


def _jumped(before: _Level, after: _Level) -> bool:
    return bool((np.abs(after - before) > _JUMP * before + 1).any())
