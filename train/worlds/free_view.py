"""Checks whether a camera has free space around it and a view. Knows nothing about pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from train.worlds.camera import Camera
from train.worlds.raycast import Scene, Vectors

CLEAR_M = 0.1
"""Least distance from a camera to anything."""

_FEWEST = 5  # least number of meshes in view: too many views would show blank walls


def good_view(scene: Scene, camera: Camera, *, close: bool = False, outdoors: bool = False) -> bool:
    """Whether nothing is within CLEAR_M of the camera, and near things do not fill the picture.

    Args:
        close: for a camera over a table: half of the picture may be near.
        outdoors: an empty road is accepted, much sky is not.
    """
    around = scene.distance(camera.origin, _directions(96))
    if around.min() < CLEAR_M or np.median(around) < (0.35 if close else 0.6):
        return False
    hits = scene.cast(camera.origin, camera.rays((18, 32)))
    depth = hits.t
    if depth.min() < CLEAR_M or len(np.unique(hits.mesh)) < _FEWEST + 2 * outdoors:
        return False
    if outdoors and float((hits.mesh < 0).mean()) > 0.5:
        return False
    if _is_ramp(depth.reshape(18, 32), 0.03 if outdoors else 0.06):
        return False
    near = float((depth < 0.35).mean())
    if outdoors and (float((depth < 1).mean()) > 0.4 or float(np.median(depth)) < 1.5):
        return False
    far = float(np.percentile(depth, 90))
    if close:
        return near < 0.5 and far > 0.6
    return near < 0.12 and far > 1.3 and float(np.median(depth)) > 0.6


def _is_ramp(depth: NDArray[np.float32], within: float) -> bool:
    """Whether the view shows one plane and little else.

    A plane's inverse depth is affine in the pixel, apart from lens distortion.
    """
    inverse = 1 / np.minimum(depth, 60).reshape(-1).astype(np.float64)
    row, column = np.indices(depth.shape).reshape(2, -1)
    known = np.stack((row, column, np.ones_like(row)), -1).astype(np.float64)
    found = np.linalg.lstsq(known, inverse, rcond=None)[0]
    off = np.abs(known @ found - inverse) / inverse
    return float(np.percentile(off, 80)) < within


def _directions(count: int) -> Vectors:
    """Directions spread evenly over the sphere, by Fibonacci's spiral."""
    number = np.arange(count, dtype=np.float64) + 0.5
    y = 1 - 2 * number / count
    radius, angle = np.sqrt(1 - y**2), number * np.pi * (3 - np.sqrt(5))
    return np.stack((radius * np.cos(angle), y, radius * np.sin(angle)), -1).astype(np.float32)
