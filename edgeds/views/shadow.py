"""The shadow that the foreground casts on the plate, as a layer. Knows nothing about files.

Outside the foreground a shadowed pixel is the plate, darker and of the same chroma. The shadow's
density is how much darker, in code values: laid over another backdrop as black with that alpha it
darkens it as much. What is not connected to the foreground is not its shadow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from edgeds.estimate.border_surroundings import dot
from edgeds.estimate.unmixed_colours import behind_in
from edgeds.sources.scaling import resized
from edgeds.types import FloatMap, Frame, Maps, Pixels, Size
from edgeds.views.settings import SHADOW, Shadow

_Colours: TypeAlias = npt.NDArray[np.float32]


def shadows(
    plate: Pixels, *, settings: Shadow = SHADOW
) -> Callable[[Frame, Maps], FloatMap]:  # fmt: skip
    """The function that finds the shadow of each frame. It remembers the plate at a small size.

    Args:
        plate: uint8 RGB (H, W, 3), for maps that have no plate of their own.
    """
    known: list[tuple[Pixels, _Colours]] = []

    def find(frame: Frame, maps: Maps) -> FloatMap:
        behind = behind_in(maps, plate)
        if not known or known[0][0] is not behind:
            known[:] = [(behind, _small(behind, _sizes(frame.size, settings)))]
        return _shadow(frame, maps, known[0][1], settings)

    return find


def shadow_of(frame: Frame, maps: Maps, plate: Pixels) -> FloatMap:
    """Density, float32 (H, W), 0..1: the share of the plate's brightness that is missing.

    Under the foreground it goes on as beside it, so that no gap shows along its border. See
    `shadows` for the plate.
    """
    return shadows(plate)(frame, maps)


def shaded(backdrop: Pixels, density: FloatMap) -> Pixels:
    """A backdrop with a shadow on it, to the nearest of 255 densities."""
    import cv2

    lit: Pixels = backdrop.copy()
    dark = cv2.convertScaleAbs(density, alpha=255)
    left, top, wide, tall = cv2.boundingRect(dark)
    part = slice(top, top + tall), slice(left, left + wide)
    if wide:
        light = cv2.cvtColor(255 - dark[part], cv2.COLOR_GRAY2RGB)
        cv2.multiply(lit[part], light, dst=lit[part], scale=1 / 255)
    return lit


def _shadow(frame: Frame, maps: Maps, before: _Colours, settings: Shadow) -> FloatMap:
    import cv2

    if not maps.boxes:
        return np.zeros(frame.size, np.float32)
    sizes = _sizes(frame.size, settings)
    now, alpha = _small(frame.rgb(sizes[0]), sizes), _small(maps.alpha, sizes)
    density = _attached(_density(now, before, alpha, settings), alpha, settings)
    full = cv2.resize(density, frame.size[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, np.float32)


def _sizes(size: Size, settings: Shadow) -> list[Size]:
    """Those on the way to that on which shadows are found, which is the last one. As far as they
    can, they are halves of each other, to which OpenCV scales several times faster.
    """
    sizes = [size]
    while sizes[-1][0] >= 2 * settings.height_px:
        sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
    height = sizes[-1][0]
    if height > settings.height_most_px:
        sizes.append((settings.height_px, max(1, round(size[1] * settings.height_px / size[0]))))
    return sizes[1:] or sizes


def _small(pixels: _Colours | Pixels, sizes: list[Size]) -> _Colours:
    for size in sizes:
        pixels = resized(pixels, size)
    return np.asarray(pixels, np.float32)


def _density(now: _Colours, before: _Colours, alpha: FloatMap, settings: Shadow) -> FloatMap:
    """1 - k, k being the brightness of `now` along the colour of `before`, (h, w).

    k is fitted by least squares in windows, so that bright pixels count for more than dark, noisy
    ones. Pixels of another chroma are no shadow and count for nothing.
    """
    import cv2

    power, along = dot(before, before), dot(now, before)
    k = along / np.maximum(power, 1.0)
    # |now - k before|^2
    other = np.maximum(dot(now, now) - k * (2 * along - k * power), 0)
    trust = np.square(1 - np.clip(alpha / settings.open_alpha, 0, 1))
    trust *= np.exp(-other / (3 * settings.chroma_levels**2))
    trust *= k < settings.brightest
    # The light of the whole scene is no shadow: most of the background has none.
    seen = k[::2][((trust > 0.5) & (power > settings.dark_levels**2))[::2]]
    light = float(np.partition(seen, seen.size // 2)[seen.size // 2]) if seen.size else 1.0
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
