"""A contact sheet of drawings: pictures and their inverse depth."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from train.worlds.film import Pixels
from train.worlds.write_set import Depth, Drawing


def sheet(drawings: Sequence[Drawing], *, across: int = 4, width: int = 256) -> Pixels:
    """Each picture (or frame) above its inverse depth, `across` drawings per row."""
    cells = []
    for drawing in drawings:
        picture = drawing.plate if drawing.frame is None else drawing.frame
        depth = drawing.plate_depth_m if drawing.frame_depth_m is None else drawing.frame_depth_m
        size = (width, width * picture.shape[0] // picture.shape[1])
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        shown = cv2.resize(coloured(depth), size, interpolation=cv2.INTER_NEAREST)
        cells.append(np.concatenate((small, shown)))
    empty = np.zeros_like(cells[0])
    cells += [empty] * (-len(cells) % across)
    rows = [np.concatenate(cells[i : i + across], 1) for i in range(0, len(cells), across)]
    return np.concatenate(rows)


def coloured(depth_m: Depth) -> Pixels:
    """Inverse depth as colours, near is bright; the sky is black."""
    inverse = np.where(depth_m > 0, 1 / np.maximum(depth_m, 1e-3), 0)
    top = max(float(np.percentile(inverse, 99)), 1e-6)
    grey = np.rint(np.clip(inverse / top, 0, 1) ** 0.6 * 255).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO)[..., ::-1], np.uint8)
