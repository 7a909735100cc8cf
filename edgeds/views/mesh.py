"""A frame in three dimensions: the empty scene and the foreground as coloured surfaces.

Knows nothing about files: sinks/mesh.py writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from edgeds.sinks.mesh import Mesh
from edgeds.types import FloatMap
from edgeds.views.scene_at_depths import SceneLayer

_VERTICES = 150_000  # of a layer: what viewers turn smoothly
_JUMP = 1.1  # ratio of the distances of neighbours above which a surface ends


def mesh_of(
    layers: Sequence[SceneLayer], focal_px: float, distance: Callable[[FloatMap], FloatMap]
) -> Mesh:
    """The surfaces of layers: x to the right, y up, the camera at 0 looks along -z, as in glTF.

    Args:
        focal_px: focal length in pixels of the frame.
        distance: along the optical axis, of inverse depth: metres, or relative.
    """
    parts = [_surface(layer, focal_px, distance) for layer in layers]
    starts = np.cumsum([0, *(len(part.points) for part in parts)])
    triangles = [
        part.triangles + np.int32(start) for part, start in zip(parts, starts[:-1], strict=True)
    ]
    return Mesh(
        points=np.concatenate([part.points for part in parts]),
        colours=np.concatenate([part.colours for part in parts]),
        triangles=np.concatenate(triangles),
    )


def _surface(layer: SceneLayer, focal_px: float, distance: Callable[[FloatMap], FloatMap]) -> Mesh:
    height, width = layer.inverse_depth.shape
    step = max(1, int(np.ceil(np.sqrt(height * width / _VERTICES))))
    rows, columns = np.mgrid[:height:step, :width:step]
    away = distance(layer.inverse_depth[rows, columns])
    right = (columns + 0.5 - width / 2) / focal_px * away
    up = (height / 2 - rows - 0.5) / focal_px * away
    points = np.stack([right, up, -away], axis=-1).astype(np.float32)
    seen = np.isfinite(away)
    if layer.alpha is not None:
        seen &= layer.alpha[rows, columns] > 0.5
    triangles = _triangles(away, seen)
    used, numbers = np.unique(triangles, return_inverse=True)
    return Mesh(
        points=points.reshape(-1, 3)[used],
        colours=layer.pixels[rows, columns].reshape(-1, 3)[used],
        triangles=numbers.reshape(-1, 3).astype(np.int32),
    )


def _triangles(away: FloatMap, seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Two for each four neighbours that are seen and nearly as far away, facing the camera."""
    number = np.arange(away.size).reshape(away.shape)
    corners = [np.s_[:-1, :-1], np.s_[1:, :-1], np.s_[1:, 1:], np.s_[:-1, 1:]]
    depths = np.stack([away[corner] for corner in corners])
    good = np.logical_and.reduce([seen[corner] for corner in corners])
    with np.errstate(invalid="ignore"):
        good &= depths.max(axis=0) < _JUMP * depths.min(axis=0)
    a, b, c, d = (number[corner][good] for corner in corners)
    return np.concatenate([np.stack([a, b, c], axis=-1), np.stack([a, c, d], axis=-1)])
