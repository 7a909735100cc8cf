"""The 3A lock of a camera (exposure, white balance, focus) while its plate is taken and used.

A plate is only valid while the camera treats the scene as it did when the plate was taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice

from edgeds.plate.plate import Plate
from edgeds.plate.settings import PLATE_CAPTURE, CaptureSettings
from edgeds.plate.status import PlateStatus
from edgeds.sources import WatchedSource
from edgeds.types import Frame

_LOCK_PICTURES = 10
_UNLOCK_PICTURES = 10


class CameraLock:
    """Asks the source, if there is one, for a lock at the right moment of a capture."""

    def __init__(
        self, source: WatchedSource | None, settings: CaptureSettings = PLATE_CAPTURE
    ) -> None:
        self._source, self._settings = source, settings
        self._asked = False
        self._last_secs: float | None = None

    def begin(self) -> None:
        """A new capture begins: unlock, since the light may have changed since the last one."""
        self._asked, self._last_secs = False, None
        if self._source is not None and self._source.locked is not None:
            self._source.unlock()

    def follow(self, frame: Frame, status: PlateStatus) -> None:
        """Lock at the end of the count-down, when people have left the picture.

        A lock takes some pictures, so a slow camera begins earlier.
        """
        if self._source is None or self._asked:
            return
        gap_secs = 0.0 if self._last_secs is None else frame.pts_secs - self._last_secs
        self._last_secs = frame.pts_secs
        if status.secs_left < max(self._settings.lock_secs, _LOCK_PICTURES * gap_secs):
            self._asked = True
            self._source.lock()

    def restore(self, plate: Plate) -> None:
        """Lock the camera as it was when this plate was taken, where that is known."""
        if self._source is not None and plate.camera:
            self._source.lock(plate.camera)

    @property
    def values(self) -> Mapping[str, float]:
        """What is locked, in the driver's units, to be kept with the plate."""
        locked = None if self._source is None else self._source.locked
        return {} if locked is None else locked.values

    @property
    def report(self) -> str:
        """What was locked and what was not, for people; empty where nothing was asked."""
        locked = None if self._source is None else self._source.locked
        return "" if locked is None else f"camera {locked}"


@contextmanager
def unlocked_after(camera: WatchedSource | None, frames: Iterable[Frame]) -> Iterator[None]:
    """Unlock the camera at the end, since drivers keep the settings of a program."""
    try:
        yield
    finally:
        if camera is not None and _is_locked(camera):
            camera.unlock()  # which it does between two frames
            for _ in islice(frames, _UNLOCK_PICTURES):
                if not _is_locked(camera):
                    break


def _is_locked(camera: WatchedSource) -> bool:
    return camera.locked is not None
