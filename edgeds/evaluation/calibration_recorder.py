"""Records a calibration set from a camera or clip: chooses the frames and writes their folder.

The folder is a set as `edgeds.evaluation.dataset` reads it, and it is one at every moment from the
first frame on, since a frame is written before its line. Knows nothing about cameras or
calibration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.estimator import Estimator
from edgeds.estimate.maintained_estimator import Followed, MaintainedEstimator
from edgeds.evaluation.recorded_set_folder import SetFolder
from edgeds.evaluation.settings import SET_RECORDING, SetRecording
from edgeds.plate.plate import Plate
from edgeds.sources.scaling import resized
from edgeds.types import Engine, Frame, Pixels, Size

_THUMBNAIL = (18, 32)
Thumbnail = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    line: dict[str, Any]
    thumbnail: Thumbnail

    @property
    def empty(self) -> bool:
        return bool(self.line["empty"])

    @property
    def brightness(self) -> float:
        return float(self.thumbnail.mean())


class SetRecorder:
    """Keeps those of the offered frames that add something.

    A frame is kept at the earliest `every_secs` after the one before, and only if it differs from
    all others. A share of empty frames is kept although they are alike. Beyond twice
    `settings.frames` the frames are thinned out evenly in time; the brightest and darkest stay.
    """

    def __init__(
        self,
        folder: Path,
        plate: Plate,
        engine: Engine,
        *,
        name: str,
        every_secs: float,
        fixed: bool = False,
        settings: SetRecording = SET_RECORDING,
    ) -> None:
        """
        Args:
            folder: a new one, or one with a set that this made, which goes on.
            plate: at the frames' size. Where light or camera drift it is corrected as in use, and
                each correction is a plate of the set.
            name: of the source; the frames' clip and scene are called after it.
            fixed: leave the plate as it is.

        Raises:
            DatasetError: the folder holds something else.
            SinkFailed: it cannot be written.
        """
        self._every_secs, self._next_secs = every_secs, float("-inf")
        self._lines = SetFolder(folder)
        self._kept = [_Kept(line, _thumbnail(pixels)) for line, pixels in self._lines.read()]
        # What a set has is not taken from it.
        self._settings = replace(settings, frames=max(settings.frames, len(self._kept)))
        self._size = _within(plate.size, settings.max_side_px)
        small = resized(plate.pixels, self._size)
        self._clip = self._lines.free_clip(name)
        self._plates, self._plate_pixels = 1, small
        self._plate = self._lines.write_plate(small, self._clip)
        plain = Estimator(engine, plate)
        self._estimate = plain if fixed else MaintainedEstimator(plain)
        if self._plate not in {kept.line["frame"] for kept in self._kept}:
            self._keep(self._plate, small, empty=True, index=None)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def followed(self) -> Followed | None:
        """How far the plate was corrected; None where it is used as it is."""
        return self._estimate.followed

    @property
    def empty(self) -> int:
        """How many of them are empty."""
        return sum(kept.empty for kept in self._kept)

    def offer(self, frame: Frame) -> bool:
        """Consider the next frame. Returns whether it was kept.

        Raises:
            SinkFailed: it cannot be written.
        """
        if frame.pts_secs < self._next_secs:
            return False
        self._next_secs = frame.pts_secs + self._every_secs
        pixels = frame.rgb(self._size)
        is_new = self._is_new(_thumbnail(pixels))
        wants_empty = self.empty < self._settings.empty_share * (len(self) + 1)
        if not (is_new or wants_empty):
            return False
        alpha = self._estimate(frame).alpha
        empty = float((alpha > 0.5).mean()) <= self._settings.empty_foreground
        if not (is_new or empty):
            return False
        self._write_corrected_plate()
        path = f"frame/{self._clip}_{frame.index:07d}.jpg"
        self._lines.write_image(path, pixels)
        self._keep(path, pixels, empty=empty, index=frame.index)
        if len(self) >= 2 * self._settings.frames:
            self._thin_out()
            self._every_secs *= 2
        return True

    def finish(self) -> None:
        """Reduce the set to the number that was asked for."""
        if len(self) > self._settings.frames:
            self._thin_out()

    def _keep(self, path: str, pixels: Pixels, *, empty: bool, index: int | None) -> None:
        line = {
            "frame": path,
            "plate": self._plate,
            "alpha": None,
            "ignore": None,
            "depth_mm": None,
            "scene": self._clip,
            "empty": empty,
            "clip": None if index is None else self._clip,
            "index": index,
        }
        self._lines.append(line)
        self._kept.append(_Kept(line, _thumbnail(pixels)))

    def _write_corrected_plate(self) -> None:
        """The frames from here on belong to the plate as it is corrected now."""
        small = resized(self._estimate.plate.pixels, self._size)
        change = cv2.norm(small, self._plate_pixels, cv2.NORM_L1) / small.size
        if change < self._settings.new_plate_levels:
            return
        self._plates, self._plate_pixels = self._plates + 1, small
        self._plate = self._lines.write_plate(small, f"{self._clip}_{self._plates}")

    def _is_new(self, thumbnail: Thumbnail) -> bool:
        # The newest first: what is alike is most often like them.
        return all(
            int(cv2.norm(kept.thumbnail, thumbnail, cv2.NORM_INF)) >= self._settings.new_levels
            for kept in reversed(self._kept)
        )

    def _thin_out(self) -> None:
        chosen = chosen_evenly(
            [kept.brightness for kept in self._kept],
            [kept.empty for kept in self._kept],
            self._settings,
        )
        dropped = [kept.line for i, kept in enumerate(self._kept) if i not in chosen]
        self._kept = [kept for i, kept in enumerate(self._kept) if i in chosen]
        self._lines.rewrite([kept.line for kept in self._kept], dropped)


def chosen_evenly(brightness: list[float], empty: list[bool], settings: SetRecording) -> set[int]:
    """Choose `settings.frames` of more frames: the extremes of exposure, some empty ones, and the
    rest evenly in their order.
    """
    count = len(brightness)
    if count <= settings.frames:
        return set(range(count))
    order = np.argsort(brightness, kind="stable")
    extremes = max(1, int(settings.extreme_share * settings.frames))
    chosen = {int(i) for i in (*order[:extremes], *order[-extremes:])}
    empties = [i for i in range(count) if empty[i]]
    chosen |= set(_evenly(empties, int(settings.empty_share * settings.frames)))
    rest = [i for i in range(count) if i not in chosen]
    return chosen | set(_evenly(rest, settings.frames - len(chosen)))


def _thumbnail(pixels: Pixels) -> Thumbnail:
    small = cv2.resize(pixels, _THUMBNAIL[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.int16)


def _within(size: Size, max_side_px: int) -> Size:
    shrink = max(1.0, max(size) / max_side_px)
    return round(size[0] / shrink), round(size[1] / shrink)


def _evenly(items: list[int], count: int) -> list[int]:
    """`count` of the items, spread evenly; all of them where there are no more."""
    if count <= 0:
        return []
    if len(items) <= count:
        return items
    return [items[int((i + 0.5) * len(items) / count)] for i in range(count)]
