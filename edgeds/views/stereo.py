"""Two views side by side, for 3D displays and headsets. Knows nothing about files.

Each layer is moved by its depth. The plate shows what the shifted foreground uncovers, so
nothing has to be invented.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgeds.types import FloatMap, Pixels
from edgeds.views.scene_at_depths import Scene, SceneLayer

_SOFT = 1 / 250  # of the width
_ROUNDS = 3  # of the fixed point: where a pixel of the moved picture comes from


def side_by_side(scene: Scene, disparity: float, *, screen: float) -> Pixels:
    """The left eye's view beside the right eye's, uint8 RGB (H, 2W, 3).

    Args:
        disparity: shift between the views from the plate's far end to its near end, as a share of
            the frame's width.
        screen: inverse depth of what appears on the screen itself: nearer things come out of it.
    """
    width = scene.layers[0].pixels.shape[1]
    shift_px = disparity * width / 2 / (scene.near - scene.far)
    views = [_view(scene, sign * shift_px, screen) for sign in (1, -1)]
    return np.hstack(views)


def _view(scene: Scene, shift_px: float, screen: float) -> Pixels:
    picture: FloatMap | None = None
    for layer in scene.layers:
        moved = _moved(layer, shift_px, screen)
        if picture is None:
            picture = moved[..., :3]
        else:
            picture = moved[..., :3] + (1 - moved[..., 3:]) * picture
    assert picture is not None
    return np.asarray(np.clip(picture + np.float32(0.5), 0, 255), np.float32).astype(np.uint8)


def _moved(layer: SceneLayer, shift_px: float, screen: float) -> npt.NDArray[np.float32]:
    """The layer moved sideways, RGB or premultiplied RGBA, float32."""
    import cv2

    height, width = layer.inverse_depth.shape
    # Where depth jumps, a moved picture would tear: neighbours move nearly alike.
    soft = cv2.GaussianBlur(layer.inverse_depth, (0, 0), max(1.0, _SOFT * width))
    move = np.float32(shift_px) * (soft - np.float32(screen))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    source = x
    for _ in range(_ROUNDS):
        there = cv2.remap(move, source, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        source = x - there
    own = layer.pixels.astype(np.float32)
    if layer.alpha is not None:
        own = np.dstack([own * layer.alpha[..., None], layer.alpha])
    border = cv2.BORDER_REPLICATE if layer.alpha is None else cv2.BORDER_CONSTANT
    return np.asarray(cv2.remap(own, source, y, cv2.INTER_LINEAR, borderMode=border), np.float32)
