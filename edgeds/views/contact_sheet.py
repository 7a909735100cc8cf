"""A contact sheet: moments of a clip side by side, each as frame, overlay, mask and depth.

Knows nothing about files but how to write its one PNG.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgeds.errors import SinkFailed
from edgeds.sinks.atomic_files import replace_file
from edgeds.sinks.images import image_bytes
from edgeds.sources.media_errors import translated
from edgeds.sources.scaling import resized
from edgeds.types import FloatMap, Frame, Maps, Pixels
from edgeds.types.maps import resized_map
from edgeds.views.canvas import RgbCanvas
from edgeds.views.depth import depth_picture
from edgeds.views.mask import mask_picture
from edgeds.views.over import over
from edgeds.views.overlay import tinted
from edgeds.views.settings import STYLE

_GAP_PX = 4


class ContactSheet:
    """Keeps a few small pictures, evenly spread however long the clip turns out to be."""

    def __init__(
        self,
        plate: Pixels,
        plate_depth: FloatMap,
        depth_range: tuple[float, float],
        *,
        doubt: FloatMap | None = None,
    ) -> None:
        self._range = depth_range
        self._columns = STYLE.sheet_columns
        width = STYLE.sheet_width_px // self._columns
        # A picture that is tall beyond measure is squeezed: its sheet would take gigabytes.
        height = round(width * plate.shape[0] / plate.shape[1])
        self._size = max(1, min(height, STYLE.sheet_max_aspect * width)), width
        self._plate = self._plate_column(plate, plate_depth, doubt)
        self._kept: list[Pixels] = []
        self._stride = 1

    def add(self, frame: Frame, maps: Maps) -> None:
        """Look at a frame; keep it if it is the n-th, and thin out when there are too many."""
        if frame.index % self._stride:
            return
        self._kept.append(self._column(frame, maps))
        if len(self._kept) >= 4 * self._columns:
            self._kept = self._kept[::2]
            self._stride *= 2

    def save(self, path: Path) -> None:
        """Write the PNG: the first column is the plate, the others moments from left to right."""
        count = min(len(self._kept), self._columns)
        last = len(self._kept) - 1
        moments = [self._kept[round(last * i / max(1, count - 1))] for i in range(count)]
        sheet = np.hstack([self._plate, *moments])
        what = f"cannot write the contact sheet {str(path)!r}"
        with translated(SinkFailed, what, fix="give a place you may write to with --sheet"):
            replace_file(path, image_bytes(sheet))

    def _column(self, frame: Frame, maps: Maps) -> Pixels:
        pixels = frame.rgb(self._size)
        small = Maps(maps.alpha_at(self._size), maps.inverse_depth_at(self._size))
        overlaid = RgbCanvas(pixels.copy())
        tinted(overlaid, small, STYLE.opacity)
        return _stacked(
            [
                pixels,
                overlaid.picture.pixels,
                mask_picture(small.alpha),
                depth_picture(small.inverse_depth, self._range),
            ]
        )

    def _plate_column(self, plate: Pixels, plate_depth: FloatMap, doubt: FloatMap | None) -> Pixels:
        depth = resized_map(plate_depth, self._size)
        pixels = resized(plate, self._size)
        blank = np.full_like(pixels, 32)
        doubtful = blank
        if doubt is not None:
            red = np.full_like(pixels, STYLE.doubt)
            weight = np.ascontiguousarray(resized_map(doubt, self._size))
            doubtful = over(red, pixels, np.sqrt(np.clip(weight, 0, 1)) * np.float32(0.8))
        return _stacked([pixels, doubtful, blank, depth_picture(depth, self._range)])


def _stacked(pictures: list[Pixels]) -> Pixels:
    framed = [np.pad(p, ((0, _GAP_PX), (0, _GAP_PX), (0, 0))) for p in pictures]
    return np.vstack(framed)
