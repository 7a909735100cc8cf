"""What surrounds each pixel of a coarse alpha: the border's bounds, colours and light nearby.

`matte_refinement` draws it from that. Knows nothing about networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeds.estimate.settings import Matte
from edgeds.types import FloatMap, Indices, Pixels


@dataclass(frozen=True, slots=True)
class Around:
    """What is near each pixel of the coarse size (h, w)."""

    low: FloatMap
    """Lowest alpha nearby, and highest."""
    high: FloatMap
    colour: npt.NDArray[np.float32]
    """Mean colour of the sure foreground, (h, w, 3), and its variance summed over channels."""
    variance: FloatMap
    trust: FloatMap
    """How far there is enough sure foreground to know these, and the plate shows what is behind
    it; 1 and over is enough.
    """
    offset: npt.NDArray[np.float32]
    """How much brighter the sure background is than the plate, (h, w, 3)."""


def around(coarse: FloatMap, frame: Pixels, plate: Pixels, settings: Matte) -> Around:
    """Of coarse alpha (h, w), frame and plate uint8 RGB (h, w, 3)."""
    import cv2

    def summed(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        total: npt.NDArray[np.float32] = cv2.boxFilter(values, -1, (9, 9), normalize=False)
        return total

    kernel = np.ones((3, 3), np.uint8)
    sure = (coarse > settings.sure).astype(np.float32)
    empty = (coarse < 1 - settings.sure).astype(np.float32)
    colours = frame.astype(np.float32)
    total = summed(sure)
    count = np.maximum(total, 1e-3)
    colour = summed(colours * sure[..., None])
    colour /= count[..., None]
    power = summed(dot(colours, colours) * sure) / count
    off = (colours - plate.astype(np.float32)) * empty[..., None]
    bare = summed(empty)
    offset, enough = summed(off), np.maximum(bare, 1)
    # What scatters about the offset is no light: the plate lies wrong there, or something moves.
    mean = np.asarray(offset / enough[..., None], np.float32)
    scatter = summed(dot(off, off)) / enough - dot(mean, mean)
    # A few pixels' worth of "no offset" in the mean: where hardly any background is near, none.
    offset /= (bare + 4)[..., None]
    trust = total * np.float32(1 / 6)  # six sure pixels make a mean to be trusted
    trust *= np.exp(np.maximum(scatter, 0) / np.float32(-3 * settings.scatter_levels**2))
    return Around(
        low=cv2.erode(coarse, kernel),
        high=cv2.dilate(coarse, kernel),
        colour=colour,
        variance=np.maximum(power - dot(colour, colour), 0),
        trust=trust,
        offset=offset,
    )


def open_pixels(
    low: FloatMap, high: FloatMap, size: tuple[int, int], settings: Matte
) -> tuple[Indices, Indices] | None:
    """Rows and columns, at full size, of the pixels whose alpha is open; None if none is."""
    import cv2

    is_open = ((high > settings.band) & (low < 1 - settings.band)).view(np.uint8)
    full = cv2.resize(is_open, size[::-1], interpolation=cv2.INTER_NEAREST)
    found = cv2.findNonZero(full)  # much quicker than NumPy's
    if found is None:
        return None
    columns, rows = np.ascontiguousarray(found.reshape(-1, 2).T)
    return rows, columns


def on_coarse(
    rows: npt.NDArray[Any], columns: npt.NDArray[Any], coarse_size: tuple[int, ...],
    size: tuple[int, ...],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:  # fmt: skip
    """(x, y) on the coarse map of full-size pixels, half-pixel centres."""
    down, across = coarse_size[0] / size[0], coarse_size[1] / size[1]
    x = columns * np.float32(across) + np.float32(across / 2 - 0.5)
    y = rows * np.float32(down) + np.float32(down / 2 - 0.5)
    return x.astype(np.float32), y.astype(np.float32)


def dot(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> FloatMap:
    """Sums of products over the last axis, of three channels: (h, w, 3) or (n, 3)."""
    import cv2

    # NumPy's sum and einsum over an axis of three are several times slower.
    product = one * other
    flat = cv2.transform(product.reshape(1, -1, 3), np.ones((1, 3), np.float32))
    return np.asarray(flat.reshape(product.shape[:-1]), np.float32)
