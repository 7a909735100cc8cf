"""The shadow that the foreground casts on the plate, as a layer. Knows nothing about files.

Outside the foreground a shadowed pixel is the plate, darker and of the same chroma. The shadow's
density is how much darker, in code values: laid over another backdrop as black with that alpha it
darkens it as much. What is not connected to the foreground is not its shadow.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from edgeds.estimate.unmixed_colours import behind_in
from edgeds.sources.scaling import resized
from edgeds.types import FloatMap, Frame, Maps, Pixels
from edgeds.views.settings import SHADOW, Shadow

_Colours: TypeAlias = npt.NDArray[np.float32]


def shadow_of(frame: Frame, maps: Maps, plate: Pixels, *, settings: Shadow = SHADOW) -> FloatMap:
    """Density, float32 (H, W), 0..1: the share of the plate's brightness that is missing.

    Under the foreground it goes on as beside it, so that no gap shows along its border.

    Args:
        plate: uint8 RGB (H, W, 3), for maps that have no plate of their own.
    """
    import cv2

    height, width = frame.size
    scale = min(1.0, settings.height_px / height)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    now = frame.rgb(size).astype(np.float32)
    before = resized(behind_in(maps, plate), size).astype(np.float32)
    alpha: FloatMap = cv2.resize(maps.alpha, size[::-1], interpolation=cv2.INTER_AREA)
    density = _attached(_density(now, before, alpha, settings), alpha, settings)
    return np.asarray(cv2.resize(density, (width, height), interpolation=cv2.INTER_LINEAR))


def shaded(backdrop: Pixels, density: FloatMap) -> Pixels:
    """A backdrop with a shadow on it."""
    import cv2

    left, top, wide, tall = cv2.boundingRect((density > 0).view(np.uint8))
    part = slice(top, top + tall), slice(left, left + wide)
    lit: Pixels = backdrop.copy()
    if wide:
        dark = np.ascontiguousarray(density[part])
        bright = np.ascontiguousarray(lit[part])
        lit[part] = cv2.blendLinear(bright, np.zeros_like(bright), 1 - dark, dark)
    return lit


def _density(now: _Colours, before: _Colours, alpha: FloatMap, settings: Shadow) -> FloatMap:
    """1 - k, k being the brightness of `now` along the colour of `before`, (h, w).

    k is fitted by least squares in windows, so that bright pixels count for more than dark, noisy
    ones. Pixels of another chroma are no shadow and count for nothing.
    """
    import cv2

    power = np.einsum("ijk,ijk->ij", before, before)
    along = np.einsum("ijk,ijk->ij", now, before)
    k = along / np.maximum(power, 1.0)
    other = np.square(now - k[..., None] * before).sum(axis=-1)
    trust = np.square(1 - np.clip(alpha / settings.open_alpha, 0, 1))
    trust *= np.exp(-other / (3 * settings.chroma_levels**2))
    trust *= k < settings.brightest
    # The light of the whole scene is no shadow: most of the background has none.
    seen = (trust > 0.5) & (power > settings.dark_levels**2)
    light = float(np.median(k[seen])) if seen.any() else 1.0
    if abs(light - 1) > settings.light_change:
        light = 1.0
    noise = np.float32(3 * settings.noise_levels**2)
    near = _ratio(trust * along, trust * power, light * noise, noise, settings.near_px)
    wide = _ratio(trust * along, trust * power, light * noise, noise, settings.wide_px)
    known = cv2.blur(trust, (settings.near_px, settings.near_px))
    share = np.clip(known / settings.enough, 0, 1)
    ratio = (wide + share * (near - wide)) / light
    missing = 1 - ratio
    density: FloatMap = np.clip(missing, 0, 1).astype(np.float32)
    density *= np.clip(density / settings.least, 0, 1)
    return density


def _ratio(
    along: FloatMap, power: FloatMap, along_prior: float, power_prior: float, window_px: int
) -> FloatMap:
    """Least squares of k in windows, with a few dark pixels' worth of "no shadow" as a prior."""
    import cv2

    side = (window_px, window_px)
    ratio: FloatMap = (cv2.blur(along, side) + along_prior) / (cv2.blur(power, side) + power_prior)
    return ratio


def _attached(density: FloatMap, alpha: FloatMap, settings: Shadow) -> FloatMap:
    """What is connected to the foreground: elsewhere somebody switched off a lamp."""
    import cv2

    if not (alpha > 0.5).any():
        return np.zeros_like(density)
    is_dark = ((density > settings.least) | (alpha > 0.5)).astype(np.uint8)
    square = np.ones((settings.reach_px, settings.reach_px), np.uint8)
    count, labels = cv2.connectedComponents(cv2.dilate(is_dark, square))
    touching = np.zeros(count, bool)
    touching[np.unique(labels[alpha > 0.5])] = True
    touching[0] = False
    kept = cv2.blur(touching[labels].astype(np.float32), (settings.reach_px, settings.reach_px))
    return np.asarray(density * kept, np.float32)
