"""A frame as layers at their depths: the empty scene, what is inserted, the foreground.

What the plate makes possible: behind the foreground nothing is missing. insert.py adds a layer,
fog.py colours the layers, focus.py and stereo.py draw them. Knows nothing about files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edgeds.estimate.settings import MATTE, Matte
from edgeds.estimate.unmixed_colours import behind_in, unmixed
from edgeds.types import FloatMap, Frame, Maps, Pixels
from edgeds.views.over import over

_BORDER_SHARE = 1 / 120  # of the height: the plate fills so much past alpha's border
_MIN_WEIGHT = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class SceneLayer:
    """A picture at some depth."""

    pixels: Pixels
    """uint8 RGB (H, W, 3), straight."""
    alpha: FloatMap | None
    """float32 (H, W); None is opaque."""
    inverse_depth: FloatMap
    """float32 (H, W), in the plate's units."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Layers from far to near; the first is opaque."""

    layers: tuple[SceneLayer, ...]
    far: float
    """Inverse depth of the plate's far end, and of its near end."""
    near: float

    def at(self, share: float) -> float:
        """Inverse depth of a share of the plate's range: 0 is its far end, 1 its near end."""
        return self.far + share * (self.near - self.far)

    def recoloured(self, colours: list[Pixels]) -> Scene:
        """The scene with other colours, a picture a layer."""
        pairs = zip(self.layers, colours, strict=True)
        layers = tuple(replace(layer, pixels=pixels) for layer, pixels in pairs)
        return replace(self, layers=layers)


def scene_of(
    frame: Frame,
    maps: Maps,
    *,
    plate: Pixels,
    plate_depth: FloatMap,
    depth_range: tuple[float, float],
    matte: Matte = MATTE,
) -> Scene:
    """The empty scene and the foreground before it.

    The empty scene is the frame, with the plate where the foreground is.

    Args:
        plate, plate_depth: at the frames' size; the plate for maps that have none of their own.
        depth_range: (far, near) of the plate.
    """
    import cv2

    reach = max(3, round(frame.size[0] * _BORDER_SHARE)) | 1
    covered = cv2.dilate(maps.alpha, np.ones((reach, reach), np.uint8))
    empty = over(behind_in(maps, plate), frame.pixels, covered)
    own = unmixed(
        frame.pixels, maps.alpha, behind_in(maps, plate), maps.plate_offset, settings=matte
    )
    far, near = depth_range
    background = SceneLayer(empty, None, plate_depth)
    depth = depth_past_border(maps.alpha, maps.inverse_depth)
    return Scene((background, SceneLayer(own, maps.alpha, depth)), far, near)


def flat(scene: Scene) -> Pixels:
    """The scene as one picture."""
    picture = scene.layers[0].pixels
    for layer in scene.layers[1:]:
        assert layer.alpha is not None
        picture = over(layer.pixels, picture, layer.alpha)
    return picture


def depth_past_border(alpha: FloatMap, inverse_depth: FloatMap) -> FloatMap:
    """The foreground's own inverse depth, carried past its border, float32 (H, W).

    Along the border the map of a frame goes over to the plate's. Normalised convolution (Knutsson &
    Westin 1993) at an eighth of the size, weighted by alpha^4.
    """
    import cv2

    height, width = alpha.shape
    size = max(1, width // 8), max(1, height // 8)
    small: FloatMap = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    weight = np.square(np.square(small))
    depth = cv2.resize(inverse_depth, size, interpolation=cv2.INTER_AREA)
    if not weight.max() > _MIN_WEIGHT:
        return inverse_depth
    mean = float((weight * depth).sum() / weight.sum())
    side = max(3, height // 60) | 1
    total = cv2.blur(weight * depth, (side, side)) + np.float32(_MIN_WEIGHT * mean)
    count = cv2.blur(weight, (side, side)) + np.float32(_MIN_WEIGHT)
    spread: FloatMap = cv2.resize(total / count, (width, height), interpolation=cv2.INTER_LINEAR)
    inner = cv2.erode(alpha, np.ones((side, side), np.uint8))
    sure: npt.NDArray[np.float32] = np.clip((inner - 0.9) / 0.1, 0, 1)
    return np.asarray(spread + sure * (inverse_depth - spread), np.float32)
