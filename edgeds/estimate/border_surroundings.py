"""What surrounds each pixel of a coarse alpha: the border's bounds, colours and light nearby.

`matte_refinement` draws it from that. Knows nothing about networks.
"""

from __future__ import annotations

from collections.abc import Sequence
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

    side = 2 * AROUND_PX + 1

    def summed(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        total: npt.NDArray[np.float32] = cv2.boxFilter(
            values, cv2.CV_32F, (side, side), normalize=False
        )
        return total

    kernel = np.ones((3, 3), np.uint8)
    sure, empty = coarse > settings.sure, coarse < 1 - settings.sure
    total, bare = cv2.split(summed(cv2.merge([sure.view(np.uint8), empty.view(np.uint8)])))
    count, enough = np.maximum(total, np.float32(1e-3)), np.maximum(bare, np.float32(1))
    colours = frame.astype(np.float32)
    *colour, power = cv2.split(summed(_in(sure, cv2.merge([colours, dot(colours, colours)]))))
    for channel in (*colour, power):
        channel /= count
    off: FloatMap = cv2.subtract(frame, plate, dtype=cv2.CV_32F)
    *offset, scatter = cv2.split(summed(_in(empty, cv2.merge([off, dot(off, off)]))))
    # What scatters about the offset is no light: the plate lies wrong there, or something moves.
    scatter -= dot_of_channels(offset, offset) / enough
    scatter /= enough
    # A few pixels' worth of "no offset" in the mean: where hardly any background is near, none.
    for channel in offset:
        channel /= bare + np.float32(4)
    trust = total * np.float32(1 / 6)  # six sure pixels make a mean to be trusted
    trust *= np.exp(np.maximum(scatter, 0) / np.float32(-3 * settings.scatter_levels**2))
    if doubt is not None:
        trust *= 1 - doubt
    low, high = cv2.erode(coarse, kernel), cv2.dilate(coarse, kernel)
    nothing = np.zeros_like(coarse)
    return Around(
        bounds=cv2.merge([low, high * (2 - high), nothing, nothing]),
        foreground=cv2.merge([*colour, np.maximum(power - dot_of_channels(colour, colour), 0)]),
        background=cv2.merge([*offset, trust]),
        is_open=(high > settings.band) & (low < 1 - settings.band),
    )


def _in(mask: Mask, values: FloatMap) -> FloatMap:
    """The values (h, w, c) where the mask is true, else 0."""
    import cv2

    inside: FloatMap = cv2.copyTo(values, mask.view(np.uint8))
    return inside


def dot_of_channels(one: Sequence[FloatMap], other: Sequence[FloatMap]) -> FloatMap:
    """The dot product of colours whose three channels are maps of their own."""
    r, g, b = (x * y for x, y in zip(one, other, strict=True))
    r += g
    r += b
    return np.asarray(r, np.float32)


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
