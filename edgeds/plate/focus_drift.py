"""Measures whether the focus changes during a capture. Knows nothing about colours or motion."""

from __future__ import annotations

from collections.abc import Generator

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.types import FloatMap

_TILES = (12, 8)  # across, down: a person fills some of them, an iris or a lens changes all
_MIN_TILES = 4


def focus_drift(greys: list[npt.NDArray[np.uint8]]) -> Generator[None, object, float]:
    """Relative change of the sharpness between thirds: the median over the textured tiles."""
    measured = []
    for part in thirds(len(greys)):
        measured.append(_sharpness(greys[part]))
        yield
    energy = np.stack([energy for energy, _ in measured])
    noise = np.stack([noise for _, noise in measured])
    sharpest = energy.max(axis=0)
    textured = sharpest > np.maximum(4 * noise.max(axis=0), 0.5)
    if textured.sum() < _MIN_TILES:
        return 0.0
    ratio = (np.maximum(energy - noise, 0).min(axis=0) / sharpest)[textured]
    return float(1 - np.sqrt(np.median(ratio)))


def thirds(count: int) -> list[slice]:
    """A capture's beginning, middle and end."""
    return [slice(count * i // 3, count * (i + 1) // 3) for i in range(3)]


def _sharpness(greys: list[npt.NDArray[np.uint8]]) -> tuple[FloatMap, FloatMap]:
    """(energy of the frames' edges, the part of it that is noise) for each tile.

    Computed for each frame, not for their mean, which a trembling camera would blur. The noise is
    the difference between the means of the odd and the even frames; a single frame has count / 4
    times its energy.
    """
    even, odd = (
        np.stack(half).mean(axis=0, dtype=np.float32) for half in (greys[::2], greys[1::2])
    )
    energy = np.mean([_tile_energy(grey.astype(np.float32)) for grey in greys], axis=0)
    return energy, _tile_energy(even - odd) * np.float32(len(greys) / 4)


def _tile_energy(grey: FloatMap) -> FloatMap:
    """Mean square of the Laplacian of Gaussian: edges, and hardly any noise."""
    edges = cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), 1.0), cv2.CV_32F)
    energy: FloatMap = cv2.resize(edges * edges, _TILES, interpolation=cv2.INTER_AREA)
    return energy
