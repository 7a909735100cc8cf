"""Limits of a plate's depth, from people who walked in front of it or vanished behind it.

As in Brostow & Essa 1999 (Motion based decompositing of video). A person who is seen at a pixel is
nearer than the plate there. A person who must be there and is not seen is farther. Knows no depth
network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeds.plate.ground.gathering import Sighting
from edgeds.plate.ground.geometry import Floats, GroundView
from edgeds.plate.ground.settings import GROUND
from edgeds.types import FloatMap, Size


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """In 1/person height, float32 (h, w) of any size."""

    least: FloatMap
    """The plate is at least so near; 0 where nothing is known."""
    most: FloatMap
    """The plate is at most so near; infinite where nothing is known."""
    walked: npt.NDArray[np.bool_]
    """Where feet stood: this is ground."""


def bounds_of(sightings: Sequence[Sighting], view: GroundView, size: Size) -> Bounds:
    """The limits that sightings give, as maps of this (height, width)."""
    farthest, most = (np.full(size, np.inf, np.float32) for _ in range(2))
    walked = np.zeros(size, bool)
    hidden = [np.zeros(size, np.float32) for _ in range(2)]  # count, total of inverse depth
    for one in sightings:
        if one.blob.is_cut:
            continue
        lowest, highest = (np.array([end]) for end in (one.blob.lowest, one.blob.highest))
        height, _ = view.measured(lowest, highest)
        if not np.isfinite(height[0]) or height[0] <= 0:
            continue
        if one.blob.is_person and abs(np.log(height[0])) < GROUND.agrees:
            feet = view.feet(lowest)
            near = np.float32(1 / feet[0, 2])
            box, inside = _at_size(one, size)
            # The farthest but one: a single sighting may be wrong.
            before = farthest[box][inside]
            most[box][inside] = np.minimum(most[box][inside], np.maximum(before, near))
            farthest[box][inside] = np.minimum(before, near)
            _mark(walked, lowest[0], view.size)
        elif GROUND.hidden[0] < height[0] < GROUND.hidden[1]:
            _hide(hidden, one, view, highest)
    count = hidden[0]
    least = np.where(count >= GROUND.least_hidden, hidden[1] / np.maximum(count, 1), 0)
    least = np.where(least < most, least, 0)  # somebody farther than that was seen there
    return Bounds(least.astype(np.float32), most * np.float32(GROUND.loose), walked)


def by_height(view: GroundView, highest: Floats) -> Floats:
    """Places (n, 3) of the feet of mean people whose heads are seen at pixels (n, 2). NaN where a
    head so high is nowhere on that ray, or anywhere: the camera is as high as the head.
    """
    rays, down = view.rays(highest), view.down
    fall, above = rays @ down, view.camera_height - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = np.where(
            (fall * above > 0) & (abs(above) > GROUND.least_over_head), above / fall, 0
        )
    depth = np.where(depth > 0, depth, np.nan)
    return np.asarray(rays * depth[:, None] + down, np.float64)


def _at_size(one: Sighting, size: Size) -> tuple[tuple[slice, slice], npt.NDArray[np.bool_]]:
    """The rows and columns of a sighting in a smaller map, and where it fills them wholly."""
    import cv2

    left, top, width, height = one.blob.box
    down, across = size[0] / one.of[0], size[1] / one.of[1]
    box = (
        slice(int(top * down), max(int(top * down) + 1, int((top + height) * down))),
        slice(int(left * across), max(int(left * across) + 1, int((left + width) * across))),
    )
    shape = box[1].stop - box[1].start, box[0].stop - box[0].start
    eroded = cv2.erode(one.mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    share = cv2.resize(eroded.astype(np.float32), shape, interpolation=cv2.INTER_AREA)
    return box, share > 0.9


def _mark(walked: npt.NDArray[np.bool_], at: Floats, of: Size) -> None:
    height, width = walked.shape
    row = int(np.clip((at[1] + 0.5) * height / of[0], 0, height - 1))
    column = int(np.clip((at[0] + 0.5) * width / of[1], 0, width - 1))
    walked[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2] = True


def _hide(hidden: list[FloatMap], one: Sighting, view: GroundView, highest: Floats) -> None:
    """Count the pixels between the end of a person's visible part and the place of the feet."""
    feet = by_height(view, highest)
    if not np.isfinite(feet).all():
        return
    size = hidden[0].shape
    scale = np.array((size[1] / view.size[1], size[0] / view.size[0]))
    end, start = view.pixels(feet)[0] * scale, np.array(one.blob.lowest) * scale
    width = 0.5 * one.blob.box[2] * size[1] / one.of[1]
    top, bottom = int(start[1]) + 1, int(min(end[1], size[0]))
    left, right = (int(np.clip(start[0] + side * width / 2, 0, size[1])) for side in (-1, 1))
    if bottom > top and right > left:
        hidden[0][top:bottom, left:right] += 1
        hidden[1][top:bottom, left:right] += np.float32(1 / feet[0, 2])
