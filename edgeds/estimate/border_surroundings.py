"""What surrounds each pixel of a coarse alpha: the border's bounds, colours and light nearby.

`matte_refinement` draws it from that. Knows nothing about networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from edgeds.estimate.settings import Matte
from edgeds.types import FloatMap, Pixels

Mask: TypeAlias = npt.NDArray[np.bool_]
AROUND_PX = 4
"""So far around a pixel it counts what there is, in pixels of the coarse size."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is near each pixel of the coarse size (h, w). Of four channels, since OpenCV reads such
    maps at points in half the time of two.
    """

    bounds: FloatMap
    """(h, w, 4): lowest alpha nearby, and highest, which counts for more where it is open, since
    what is thin is coarsely too faint; and nothing."""
    foreground: FloatMap
    """(h, w, 4): mean colour of the sure foreground, and its variance summed over channels."""
    background: FloatMap
    """(h, w, 4): how much brighter the sure background is than the plate, and the trust: how far
    there is enough sure foreground to know its colours, and the plate shows what is behind it; 1
    and over is enough.
    """
    is_open: Mask
    """Where the border is drawn."""


def around(
    coarse: FloatMap, frame: Pixels, plate: Pixels, doubt: FloatMap | None, settings: Matte
) -> Around:
    """What surrounds pixels of coarse alpha (h, w), frame and plate uint8 RGB (h, w, 3), and of how
    far the plate may be wrong, 0..1.
    """
    import cv2

    kernel = np.ones((3, 3), np.uint8)
    sure, empty = (
        (coarse > settings.sure).view(np.uint8),
        (coarse < 1 - settings.sure).view(np.uint8),
    )
    total, bare = _summed(cv2.merge([sure, empty]))
    count, enough = np.maximum(total, np.float32(1e-3)), np.maximum(bare, np.float32(1))
    foreground = _summed_with_power(frame, sure)
    foreground /= count
    colour, variance = foreground[:3], foreground[3]
    variance -= dot_of_channels(colour, colour)
    np.maximum(variance, 0, out=variance)
    off = cv2.subtract(frame, plate, dtype=cv2.CV_16S)
    background = _summed_with_power(off, empty)
    offset, scatter = background[:3], background[3]
    # What scatters about the offset is no light: the plate lies wrong there, or something moves.
    scatter -= dot_of_channels(offset, offset) / enough
    scatter /= enough
    # A few pixels' worth of "no offset" in the mean: where hardly any background is near, none.
    offset /= bare + np.float32(4)
    trust = total * np.float32(1 / 6)  # six sure pixels make a mean to be trusted
    trust *= np.exp(np.maximum(scatter, 0) / np.float32(-3 * settings.scatter_levels**2))
    if doubt is not None:
        trust *= 1 - doubt.reshape(-1)
    background[3] = trust
    low, high = cv2.erode(coarse, kernel), cv2.dilate(coarse, kernel)
    nothing = np.zeros_like(coarse)
    maps = *coarse.shape, 4
    return Around(
        bounds=cv2.merge([low, high * (2 - high), nothing, nothing]),
        foreground=cv2.transpose(foreground).reshape(maps),
        background=cv2.transpose(background).reshape(maps),
        is_open=(high > settings.band) & (low < 1 - settings.band),
    )


def _summed_with_power(colours: npt.NDArray[Any], mask: npt.NDArray[np.uint8]) -> FloatMap:
    """The sums around each pixel of colours (h, w, 3) where a mask is true, and of their squares,
    (4, h * w). Whole numbers: all sums are exact.
    """
    import cv2

    inside = np.empty((4, mask.size), np.float32)
    inside[:3] = channels(cv2.copyTo(colours, mask).reshape(-1, 3))
    inside[3] = dot_of_channels(inside[:3], inside[:3])
    return _summed(cv2.transpose(inside).reshape(*mask.shape, 4))


def _summed(values: npt.NDArray[Any]) -> FloatMap:
    """The sums around each pixel of a map (h, w, c), (c, h * w)."""
    import cv2

    side = 2 * AROUND_PX + 1
    total = cv2.boxFilter(values, cv2.CV_32F, (side, side), normalize=False)
    return channels(total.reshape(-1, values.shape[2]))


def channels(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The c channels of values (n, c), as (c, n): in a third of the time of OpenCV's `split`."""
    import cv2

    apart: npt.NDArray[Any] = cv2.transpose(values)
    return apart


def dot_of_channels(one: FloatMap, other: FloatMap) -> FloatMap:
    """The dot product of colours whose channels are rows, (3, n), (n,)."""
    product = one * other
    total: FloatMap = product[0]
    total += product[1]
    total += product[2]
    return total


def open_pixels(is_open: Mask, size: tuple[int, int]) -> npt.NDArray[np.intp]:
    """The numbers, in a full-size picture, of the pixels whose coarse pixel is open."""
    import cv2

    full = cv2.resize(is_open.view(np.uint8), size[::-1], interpolation=cv2.INTER_NEAREST)
    # NumPy finds numbers in a third of the time OpenCV takes to find places.
    return np.flatnonzero(full.view(np.bool_))


def on_coarse(
    rows: npt.NDArray[Any], columns: npt.NDArray[Any], coarse_size: tuple[int, ...],
    size: tuple[int, ...],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:  # fmt: skip
    """(x, y) on the coarse map of full-size pixels, half-pixel centres."""
    down, across = coarse_size[0] / size[0], coarse_size[1] / size[1]
    x, y = columns.astype(np.float32), rows.astype(np.float32)
    for places, step in ((x, across), (y, down)):
        places *= np.float32(step)
        places += np.float32(step / 2 - 0.5)
    return x, y


def dot(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> FloatMap:
    """Sums of products over the last axis, of three channels: (h, w, 3) or (n, 3)."""
    import cv2

    # NumPy's sum and einsum over an axis of three are several times slower.
    product = one * other
    flat = cv2.transform(product.reshape(1, -1, 3), np.ones((1, 3), np.float32))
    return np.asarray(flat.reshape(product.shape[:-1]), np.float32)
