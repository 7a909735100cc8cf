"""Notices that something the plate shows is gone: its place is foreground, and keeps its shape.

Such a ghost is where somebody kept still while the plate was taken. Its edges are in the plate, and
not in the frames. Knows nothing about files or networks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.plate.capture_checks import place
from edgeds.plate.new_or_removed import newness
from edgeds.types import FloatMap, Pixels

_LEAST_SHARE = 0.003  # of the picture
_GONE = -0.5  # `newness` under it
_SAME = 0.8  # intersection over union of two looks at one ghost; people breathe and turn
_LASTS_SECS = 0.4  # two looks at a file


@dataclass(frozen=True, slots=True)
class Ghost:
    """The place of something that is gone, in a small picture."""

    mask: npt.NDArray[np.bool_]
    box: tuple[float, float, float, float]
    outline: list[tuple[float, float]]
    since_secs: float

    @property
    def words(self) -> str:
        """What is wrong, for people."""
        return (
            f"something that the plate shows {place(self.mask)} is gone, and its place counts as "
            "foreground"
        )


class GoneFromPlate:
    """Call it with looks at frames in order; `found` is the first ghost that lasts."""

    def __init__(self, lasts_secs: float = _LASTS_SECS) -> None:
        self._lasts_secs = lasts_secs
        self._before: list[Ghost] = []
        self.found: Ghost | None = None

    @property
    def notes(self) -> list[str]:
        """For people, of a clip: none, or one."""
        if self.found is None:
            return []
        since_secs, words = self.found.since_secs, self.found.words
        return [f"from {since_secs:.1f} s on: {words}: take the plate again without it"]

    def __call__(self, secs: float, alpha: FloatMap, frame: Pixels, plate: Pixels) -> None:
        """All three are of one small size."""
        if self.found is not None:
            return
        now = []
        for ghost in _ghosts(secs, alpha, frame, plate):
            same = [one for one in self._before if _overlap(one.mask, ghost.mask) > _SAME]
            since = min((one.since_secs for one in same), default=secs)
            now.append(replace(ghost, since_secs=since))
            if secs - since >= self._lasts_secs:
                self.found = now[-1]
                return
        self._before = now


def _ghosts(secs: float, alpha: FloatMap, frame: Pixels, plate: Pixels) -> list[Ghost]:
    """Parts of the foreground whose edges are the plate's."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8))
    found = []
    for number in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[number])
        if area < _LEAST_SHARE * alpha.size:
            continue
        mask = labels == number
        outlines, _ = cv2.findContours(
            mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        longest = max(outlines, key=len)[:, 0]
        outline = [(float(x), float(y)) for x, y in longest]
        ghost = Ghost(mask, (left, top, width, height), outline, secs)
        if newness(ghost, frame, plate) < _GONE:
            found.append(ghost)
    return found


def _overlap(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> float:
    return float((one & other).sum() / max(1, int((one | other).sum())))
