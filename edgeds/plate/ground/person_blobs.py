"""Upright, uncut, person-like parts of an alpha. Knows no camera, and identifies nobody.

A blob is measured along its own axis: seen from above, people lean away from the picture's middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeds.plate.ground.settings import BLOBS
from edgeds.types import FloatMap, Size

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """A connected part of the foreground. Pixels are (x, y) of the picture it is measured for."""

    highest: tuple[float, float]
    lowest: tuple[float, float]
    box: tuple[int, int, int, int]
    """left, top, width, height in the alpha."""
    is_cut: bool
    """It touches the picture's border."""
    is_person: bool
    """It is whole, and upright and slender like somebody who stands or walks."""
    edge_px: float
    """Size of a pixel of the alpha in pixels of the picture: the error of its ends."""


def blobs_of(alpha: FloatMap, size: Size) -> list[tuple[Blob, Mask]]:
    """The blobs of an alpha (h, w) with their masks, each of its box's size.

    Args:
        size: (height, width) of the picture whose pixels their ends are given in.
    """
    import cv2

    inside = (alpha > BLOBS.alpha).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    least = max(BLOBS.least_px, BLOBS.least_height * alpha.shape[0])
    found = []
    for number in range(1, count):
        left, top, width, height, _area = (int(x) for x in stats[number])
        if max(width, height) < least:
            continue
        mask = labels[top : top + height, left : left + width] == number
        found.append((_blob(mask, (left, top, width, height), alpha.shape, size), mask))
    return found


def _blob(mask: Mask, box: tuple[int, int, int, int], of: tuple[int, ...], size: Size) -> Blob:
    left, top, width, height = box
    # In pixels of the picture, whose shape may be another than the alpha's.
    down, across_px = size[0] / of[0], size[1] / of[1]
    rows, columns = (at.astype(np.float64) for at in np.nonzero(mask))
    x = (columns + left + 0.5) * across_px - 0.5
    y = (rows + top + 0.5) * down - 0.5
    middle = np.array((x.mean(), y.mean()))
    axis = _axis(x, y)
    along = (x - middle[0]) * axis[0] + (y - middle[1]) * axis[1]
    across = (x - middle[0]) * axis[1] - (y - middle[1]) * axis[0]
    # Half a pixel past the middles of the last ones, in either direction.
    low, high = float(along.min()) - down / 2, float(along.max()) + down / 2

    def end(value: float, part: npt.NDArray[np.bool_]) -> tuple[float, float]:
        """The axis's end, as (x, y): sideways it is where the blob is at that end."""
        aside = float(across[part].mean())
        at = middle + value * axis + aside * np.array((axis[1], -axis[0]))
        return float(at[0]), float(at[1])

    eighth = (high - low) / 8
    margin_x, margin_y = (max(1.0, BLOBS.margin * side) for side in (of[1], of[0]))
    is_cut = (
        left < margin_x
        or top < margin_y
        or left + width > of[1] - margin_x
        or top + height > of[0] - margin_y
    )
    return Blob(
        highest=end(high, along > high - eighth),
        lowest=end(low, along < low + 2 * eighth),
        box=box,
        is_cut=is_cut,
        is_person=not is_cut and _is_person(along, across, high - low, axis, (down, across_px)),
        edge_px=down,
    )


def _axis(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Unit vector (x, y) of a blob's longest direction, upwards."""
    if len(x) < 3:
        return np.array((0.0, -1.0))
    _, vectors = np.linalg.eigh(np.cov(x, y))
    axis = vectors[:, 1]
    return np.asarray(-axis if axis[1] > 0 else axis, np.float64)


def _is_person(
    along: npt.NDArray[np.float64],
    across: npt.NDArray[np.float64],
    length: float,
    axis: npt.NDArray[np.float64],
    pixel: tuple[float, float],
) -> bool:
    width = float(across.max() - across.min()) + pixel[1]
    if not BLOBS.slender[0] < length / width < BLOBS.slender[1]:
        return False
    if not BLOBS.fill[0] < len(along) * pixel[0] * pixel[1] / (length * width) < BLOBS.fill[1]:
        return False
    if abs(np.arctan2(axis[0], -axis[1])) > BLOBS.most_lean:
        return False
    top = across[along > along.max() + pixel[0] / 2 - length / 8]
    return float(top.max() - top.min()) + pixel[1] <= BLOBS.head * width
