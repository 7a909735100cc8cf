"""Depth of field: sharp at one depth, out of focus before and behind it. Knows no files.

The circle of confusion of a thin lens grows with the difference of inverse depth to the depth in
focus. Each layer is blurred by itself, the empty scene with nothing missing behind the foreground:
no colour of a person leaks into what is behind, so there is no halo.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from edgeds.types import FloatMap, Pixels
from edgeds.views.scene_at_depths import Scene, SceneLayer

_LEVELS = 6
_SHARP_PX = 0.7  # a smaller radius is not seen
_DISC_PX = 8  # a larger disc is drawn at a fraction of the size


def focused(scene: Scene, focus: float, aperture: float) -> Pixels:
    """The scene through a lens.

    Args:
        focus: inverse depth of what is sharp, in the plate's units.
        aperture: diameter of the blur across the plate's whole depth, over the frame's height.
    """
    height = scene.layers[0].pixels.shape[0]
    radius_px = aperture * height / 2 / (scene.near - scene.far)
    first, *others = scene.layers
    light = _background(_light(first.pixels), np.abs(first.inverse_depth - focus) * radius_px)
    for layer in others:
        assert layer.alpha is not None
        radius = abs(_mean_depth(layer) - focus) * radius_px
        alpha = layer.alpha[..., None]
        own = np.concatenate([_light(layer.pixels) * alpha, alpha], axis=-1)
        own = _disc_blurred(own, radius)
        light = own[..., :3] + (1 - own[..., 3:]) * light
    return _code_values(light)


def focus_on_foreground(scene: Scene) -> float:
    """Inverse depth of the foreground; of the plate's middle where there is none."""
    last = scene.layers[-1]
    if last.alpha is None or float(last.alpha.max()) < 0.5:
        return scene.at(0.5)
    return _mean_depth(last)


def _background(light: FloatMap, radius: FloatMap) -> FloatMap:
    """Each pixel from the blurred pictures whose radii are next to its own."""
    largest = float(radius.max())
    if largest < _SHARP_PX:
        return light
    step = largest / _LEVELS
    picture = light
    for level in range(1, _LEVELS + 1):
        share = np.clip(radius / step - (level - 1), 0, 1)[..., None]
        picture = picture + share * (_disc_blurred(light, level * step) - picture)
    return picture


def _mean_depth(layer: SceneLayer) -> float:
    assert layer.alpha is not None
    weight = float(layer.alpha.sum())
    return float((layer.alpha * layer.inverse_depth).sum() / max(weight, 1e-6))


def _disc_blurred(values: FloatMap, radius: float) -> FloatMap:
    """A lens draws a point as a disc. Large ones are drawn at a fraction of the size."""
    import cv2

    if radius < _SHARP_PX:
        return values
    shrink = max(1, int(radius / _DISC_PX))
    height, width = values.shape[:2]
    small = values
    if shrink > 1:
        size = max(1, width // shrink), max(1, height // shrink)
        small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    small = cv2.filter2D(small, -1, _disc(radius / shrink), borderType=cv2.BORDER_REPLICATE)
    if shrink > 1:
        small = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(small, np.float32)


def _disc(radius: float) -> npt.NDArray[np.float32]:
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return np.asarray(disc / disc.sum(), np.float32)


@cache
def _curve() -> npt.NDArray[np.float32]:
    return np.asarray((np.arange(256) / 255) ** 2.2, np.float32)


def _light(pixels: Pixels) -> FloatMap:
    return np.asarray(_curve()[pixels], np.float32)


def _code_values(light: FloatMap) -> Pixels:
    values = np.clip(light, 0, 1) ** np.float32(1 / 2.2) * np.float32(255) + np.float32(0.5)
    return np.asarray(values, np.float32).astype(np.uint8)
