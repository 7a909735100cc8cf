"""The layers of a frame for editors: what each shows. Knows nothing about files or codecs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from edgeds.estimate.border_surroundings import dot
from edgeds.estimate.grid import enlarged_in
from edgeds.estimate.settings import MATTE, Matte
from edgeds.estimate.unmixed_colours import behind_in, foreground_colours, foreground_light
from edgeds.plate.robust_fit import percentiles
from edgeds.sinks.layers.code_values import Codes, LayerFrame, at_bits
from edgeds.sinks.layers.names import Layer
from edgeds.sources.scaling import resized
from edgeds.types import Box, FloatMap, Frame, Maps, Pixels, ToLight
from edgeds.views.backdrop import Backdrop
from edgeds.views.over import over
from edgeds.views.shadow import shaded, shadows

KeepShadow = Literal["keep", "drop"]
_LEAST_OFFSET = 0.5
"""Levels of 255: less is none in 8 bits."""
_UNSHADED = 75
"""Percentile of the border that lies in the light: two people with shadows at their feet had 86 %
there.
"""
_FADES_PX = 4
"""So far from open pixels the offset has faded, in px of its map."""
_LEAST_POWER = 100.0
"""Levels squared: in the dark any change is a large share."""
ComposeLayers: TypeAlias = Callable[[Frame, Maps], LayerFrame]


def layers_composer(
    layers: tuple[Layer, ...],
    *,
    plate: Pixels,
    backdrop: Backdrop | None = None,
    shadow: KeepShadow = "drop",
    matte: Matte = MATTE,
    to_light: ToLight | None = None,
) -> ComposeLayers:
    """The function that makes the layers of a frame, from one pair of maps.

    Args:
        plate: at the frames' size, for maps that have no plate of their own.
        backdrop: of the layer `composite`; without one it is the plate.
        shadow: whether `composite` has it.
        to_light: `LayersSink.to_light`: `foreground` and `composite` are made in linear light.
    """

    needs_shadow = "shadow" in layers or ("composite" in layers and shadow == "keep")
    needs_lit = "plate" in layers or ("composite" in layers and backdrop is None)
    shadow_in = shadows(plate)

    def compose(frame: Frame, maps: Maps) -> LayerFrame:
        alpha = maps.alpha
        behind = behind_in(maps, plate)
        lit = _in_light(behind, maps) if needs_lit else behind
        density: FloatMap | None = shadow_in(frame, maps) if needs_shadow else None
        own: npt.NDArray[Any] | None = None
        if "foreground" in layers or "composite" in layers:
            own = _own_colours(frame, maps, behind, matte, to_light)
        made: dict[Layer, npt.NDArray[Any]] = {}
        for layer in layers:
            if layer == "alpha":
                made[layer] = alpha
            elif layer == "mask":
                made[layer] = (alpha > 0.5).view(np.uint8) * np.uint8(255)
            elif layer == "depth":
                made[layer] = maps.inverse_depth
            elif layer == "plate":
                made[layer] = lit
            elif layer == "foreground":
                assert own is not None
                made[layer] = own
            elif layer == "shadow":
                assert density is not None
                made[layer] = density
            else:
                on = lit if backdrop is None else backdrop(frame)
                if shadow == "keep":
                    assert density is not None
                    on = shaded(on, density)
                assert own is not None
                under = _as_stored(on, own) if to_light is None else to_light(on)
                made[layer] = _composite(own, under, alpha, maps.boxes)
        return LayerFrame(of=frame, alpha=alpha, values=made)

    return compose


def _in_light(plate: Pixels, maps: Maps) -> Pixels:
    """The plate with `Maps.plate_offset` along the border, where the foreground was un-mixed from
    that: there both layers give the frame again, but for its shadow. The offset fades within a few
    pixels of its map.
    """
    import cv2

    offset = maps.plate_offset
    if offset is None or np.abs(offset).max() < _LEAST_OFFSET:
        return plate
    square = np.ones((5, 5), np.uint8)
    is_open = cv2.dilate(cv2.inRange(maps.alpha, 1e-3, 1 - 1e-3), square)[::4, ::4]
    near = cv2.resize(is_open, offset.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    wide = cv2.dilate((near > 0).view(np.uint8), square)
    if not wide.any():
        return plate
    faded = _without_shadow(_beyond_boxes(offset, maps), plate, wide.view(np.bool_))
    faded *= cv2.blur(wide.astype(np.float32), (3, 3))[..., None]
    lit: Pixels = plate.copy()
    size = plate.shape[0], plate.shape[1]
    down, across = (-(-_FADES_PX * size[axis] // offset.shape[axis]) for axis in (0, 1))
    for box in maps.boxes:
        there = box.with_margin(down, across, size)
        more = enlarged_in(faded, there, size)
        lit[there.of] = cv2.add(plate[there.of], more, dtype=cv2.CV_8U)
    return lit


def _beyond_boxes(offset: FloatMap, maps: Maps) -> FloatMap:
    """The offset, which is known in boxes, goes on around them as it is along their edges."""
    import cv2

    known = np.zeros(offset.shape[:2], np.float32)
    down, across = (known.shape[axis] / maps.size[axis] for axis in (0, 1))
    for box in maps.boxes:
        rows = slice(round(box.top * down), round(box.bottom * down))
        known[rows, round(box.left * across) : round(box.right * across)] = 1
    side = 2 * _FADES_PX + 1, 2 * _FADES_PX + 1
    count = np.maximum(cv2.blur(known, side), np.float32(1e-3))
    around = cv2.blur(offset * known[..., None], side) / count[..., None]
    return np.where(known[..., None] > 0, offset, around)


def _without_shadow(
    offset: FloatMap, plate: Pixels, where: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """The offset without what darkens the plate more than most of the border is darkened: that is
    shadow, which has a layer of its own.
    """
    behind = resized(plate, offset.shape[:2]).astype(np.float32)
    share = dot(offset, behind) / np.maximum(dot(behind, behind), _LEAST_POWER)
    darker = np.minimum(share - percentiles(share[where], _UNSHADED)[0], 0)
    return np.asarray(offset - darker[..., None] * behind, np.float32)


def _own_colours(
    frame: Frame, maps: Maps, behind: Pixels, matte: Matte, to_light: ToLight | None
) -> npt.NDArray[Any]:
    """The foreground: code values as the frame's, or linear light."""
    deep, alpha, offset = frame.deep_pixels(), maps.alpha, maps.plate_offset
    if to_light is not None:
        light = to_light(frame.pixels if deep is None else deep)
        return foreground_light(light, alpha, behind, to_light, offset, settings=matte)
    if deep is None:
        return foreground_colours(frame.pixels, alpha, behind, offset, settings=matte)
    return foreground_colours(deep, alpha, behind, offset, settings=matte)


def _as_stored(on: Pixels, own: npt.NDArray[Any]) -> Codes:
    """Codes with as many bits as the foreground has, to be written to."""
    made: Codes = at_bits(on, 16 if own.dtype == np.uint16 else 8).copy()
    return made


def _composite(
    own: npt.NDArray[Any], made: npt.NDArray[Any], alpha: FloatMap, boxes: tuple[Box, ...]
) -> npt.NDArray[Any]:
    """`over`, onto `made`."""
    half = np.float32(0 if made.dtype == np.float32 else 0.5)
    for box in boxes:
        a, there = alpha[box.of], made[box.of]
        if made.dtype == np.uint8:
            there[...] = over(own[box.of], there, a)
        else:
            share = a[..., None]
            there[...] = share * own[box.of] + (1 - share) * there + half
    return made
