"""Decides whether a region is a new thing, or the place of a thing that was removed.

A thing has edges along its outline. A new thing has them in the frame, a removed thing had them in
the plate. Knows nothing about time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.types import Pixels, Size
from edgeds.types.picture import largest_channel

Mask: TypeAlias = npt.NDArray[np.uint8]
_BAND = 0.06  # width of the band around the outline, over the object's size


class Outlined(Protocol):
    """Something with a place in the picture, in pixels."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """left, top, width, height."""

    @property
    def outline(self) -> Sequence[tuple[float, float]]: ...


def newness(thing: Outlined, frame: Pixels, plate: Pixels) -> float:
    """-1 (gone from the plate) to 1 (new in the frame): whose edges lie along the outline."""
    left, top, width, height = thing.box
    band_px = max(2, round(_BAND * max(width, height)))
    margin = 2 * band_px + 2
    x0, y0 = max(0, int(left) - margin), max(0, int(top) - margin)
    x1 = min(frame.shape[1], int(left + width) + margin)
    y1 = min(frame.shape[0], int(top + height) + margin)
    if x1 - x0 < 4 or y1 - y0 < 4 or len(thing.outline) < 3:
        return 0.0
    outline = np.round(np.array(thing.outline) - (x0, y0)).astype(np.int32)
    band = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.polylines(band, [outline], isClosed=True, color=1, thickness=2 * band_px + 1)
    inside = _off_border(band, (x0, y0), frame.shape[:2], band_px + 2)
    if inside.any():  # along the picture's border a thing is cut off, and has no outline
        band = inside
    normal = _away_from(outline, band.shape)
    in_frame = _edges(frame[y0:y1, x0:x1], normal)
    in_plate = _edges(plate[y0:y1, x0:x1], normal)
    # Edges that both have are the background's.
    only_frame = np.maximum(in_frame - in_plate, 0)[band > 0].mean()
    only_plate = np.maximum(in_plate - in_frame, 0)[band > 0].mean()
    total = float(only_frame + only_plate)
    return 0.0 if total < 1e-3 else float(only_frame - only_plate) / total


def _off_border(band: Mask, at: tuple[int, int], size: Size, margin: int) -> Mask:
    """The part of a band, whose corner is `at` (x, y), that is not at the picture's border."""
    x, y = at
    height, width = band.shape
    kept = np.zeros_like(band)
    rows = slice(max(0, margin - y), max(0, min(height, size[0] - margin - y)))
    columns = slice(max(0, margin - x), max(0, min(width, size[1] - margin - x)))
    kept[rows, columns] = band[rows, columns]
    return kept


def _away_from(
    outline: npt.NDArray[np.int32], shape: tuple[int, ...]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Unit vectors across the outline, at every pixel."""
    inside = np.zeros(shape, np.uint8)
    cv2.fillPoly(inside, [outline], 1)
    signed = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    signed -= cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
    signed = cv2.GaussianBlur(signed, (0, 0), 1.5)
    x, y = cv2.Sobel(signed, cv2.CV_32F, 1, 0), cv2.Sobel(signed, cv2.CV_32F, 0, 1)
    length = np.maximum(np.hypot(x, y), 1e-6)
    return x / length, y / length


def _edges(
    pixels: Pixels, normal: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
) -> npt.NDArray[np.float32]:
    """How much the picture changes across the outline, the strongest of the three channels."""
    smooth = cv2.GaussianBlur(pixels, (0, 0), 1.0).astype(np.float32)
    x, y = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    across: npt.NDArray[np.float32] = largest_channel(
        np.abs(x * normal[0][..., None] + y * normal[1][..., None])
    )
    return across
