"""Fog: with distance, light is lost and the fog's own light is added. Knows nothing about files."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgeds.types import FloatMap, Pixels
from edgeds.views.scene_at_depths import Scene


def fogged(
    scene: Scene,
    density: float,
    colour: tuple[int, int, int],
    distance: Callable[[FloatMap], FloatMap],
) -> Scene:
    """The scene in fog: of a colour the share exp(-density * distance) is left (Koschmieder 1924).

    Args:
        density: per unit of `distance`.
        distance: of inverse depth, from where the fog begins: metres, or relative.
    """
    fog = np.array(colour, np.float32)

    def seen(pixels: Pixels, depth: FloatMap) -> Pixels:
        left = np.exp(-np.float32(density) * np.maximum(distance(depth), 0))[..., None]
        return np.asarray(fog + left * (pixels - fog) + np.float32(0.5), np.float32).astype(
            np.uint8
        )

    return scene.recoloured([seen(x.pixels, x.inverse_depth) for x in scene.layers])
