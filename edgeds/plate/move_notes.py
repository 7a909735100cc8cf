"""What people should know of a camera that points, or zooms, otherwise than the plate shows."""

from __future__ import annotations

import numpy as np

from edgeds.plate.registration import Matrix
from edgeds.types import Size

_UNSEEN = 0.02  # of the picture's width: a strip that the plate does not show, and a viewer sees
_ZOOM = 0.02  # more than a lens breathes when it focuses


class MoveNotes:
    """Takes where each look found the plate. Each kind of move is noted once."""

    def __init__(self, size: Size) -> None:
        """`size` (height, width) of the plate."""
        self._size = size
        self._noted: dict[str, str] = {}

    @property
    def notes(self) -> list[str]:
        return list(self._noted.values())

    def take(self, move: Matrix, secs: float) -> None:
        """`move` takes (x, y, 1) of the first plate to the one of this time, in px."""
        height, width = self._size
        since = f"from {secs:.1f} s on"
        middle = np.array([width / 2, height / 2, 1])
        there = move @ middle
        shift_px = float(np.hypot(*(there[:2] / there[2] - middle[:2])))
        if shift_px > _UNSEEN * width:
            self._noted.setdefault(
                "shift",
                f"{since}: the camera points {shift_px:.0f} px beside the plate: what the plate "
                "does not show, at the picture's border, may count as foreground",
            )
        zoom = float(np.sqrt(abs(np.linalg.det(move[:2, :2]))))
        if zoom > 1 + _ZOOM:
            self._noted.setdefault(
                "tighter",
                f"{since}: the view is {zoom - 1:.0%} tighter than the plate's: the plate is "
                "enlarged to it",
            )
        elif zoom < 1 - _ZOOM:
            self._noted.setdefault(
                "wider",
                f"{since}: the view is {1 / zoom - 1:.0%} wider than the plate's: what the plate "
                "does not show, at the picture's border, may count as foreground",
            )
