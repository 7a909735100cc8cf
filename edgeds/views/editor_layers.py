"""The layers of a frame for editors: what each shows. Knows nothing about files or codecs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from edgeds.estimate.grid import enlarged_in
from edgeds.estimate.settings import MATTE, Matte
from edgeds.estimate.unmixed_colours import behind_in, foreground_colours, foreground_light
from edgeds.sinks.layers.code_values import Codes, LayerFrame, at_bits
from edgeds.sinks.layers.names import Layer
from edgeds.types import Box, FloatMap, Frame, Maps, Pixels, ToLight
from edgeds.views.backdrop import Backdrop
from edgeds.views.over import over
from edgeds.views.shadow import shaded, shadows

KeepShadow = Literal["keep", "drop"]
_LEAST_OFFSET = 0.5
"""Levels of 255: less is none in 8 bits."""
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
    that: there both layers give the frame again. The offset fades within a few pixels of its map.
    """
    import cv2

    offset = maps.plate_offset
    if offset is None or np.abs(offset).max() < _LEAST_OFFSET:
        return plate
    square = np.ones((5, 5), np.uint8)
    is_open = cv2.dilate(cv2.inRange(maps.alpha, 1e-3, 1 - 1e-3), square)[::4, ::4]
    near = cv2.resize(is_open, offset.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    wide = cv2.dilate((near > 0).astype(np.float32), square)
    faded = offset * cv2.blur(wide, (3, 3))[..., None]
    lit: Pixels = plate.copy()
    for box in maps.boxes:
        more = enlarged_in(faded, box, (plate.shape[0], plate.shape[1]))
        lit[box.of] = cv2.add(lit[box.of], more, dtype=cv2.CV_8U)
    return lit


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
