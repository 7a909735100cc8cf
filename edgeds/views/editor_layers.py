"""The layers of a frame for editors: what each shows. Knows nothing about files or codecs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from edgeds.estimate.settings import MATTE, Matte
from edgeds.estimate.unmixed_colours import behind_in, foreground
from edgeds.sinks.layers.code_values import Codes, LayerFrame, at_bits
from edgeds.sinks.layers.names import Layer
from edgeds.types import Box, FloatMap, Frame, Maps, Pixels
from edgeds.views.backdrop import Backdrop
from edgeds.views.over import over
from edgeds.views.shadow import shaded, shadow_of

KeepShadow = Literal["keep", "drop"]
ComposeLayers: TypeAlias = Callable[[Frame, Maps], LayerFrame]


def layers_composer(
    layers: tuple[Layer, ...],
    *,
    plate: Pixels,
    backdrop: Backdrop | None = None,
    shadow: KeepShadow = "drop",
    matte: Matte = MATTE,
) -> ComposeLayers:
    """The function that makes the layers of a frame, from one pair of maps.

    Args:
        plate: at the frames' size, for maps that have no plate of their own.
        backdrop: of the layer `composite`; without one it is the plate.
        shadow: whether `composite` has it.
    """
    needs_shadow = "shadow" in layers or ("composite" in layers and shadow == "keep")

    def compose(frame: Frame, maps: Maps) -> LayerFrame:
        alpha = maps.alpha
        behind = behind_in(maps, plate)
        density: FloatMap | None = shadow_of(frame, maps, plate) if needs_shadow else None
        own: Codes | None = None
        if "foreground" in layers or "composite" in layers:
            deep, offset = frame.deep_pixels(), maps.plate_offset
            if deep is None:
                own = foreground(frame.pixels, alpha, behind, offset, settings=matte)
            else:
                own = foreground(deep, alpha, behind, offset, settings=matte)
        made: dict[Layer, npt.NDArray[Any]] = {}
        for layer in layers:
            if layer == "alpha":
                made[layer] = alpha
            elif layer == "mask":
                made[layer] = np.where(alpha > 0.5, np.uint8(255), np.uint8(0))
            elif layer == "depth":
                made[layer] = maps.inverse_depth
            elif layer == "plate":
                made[layer] = behind
            elif layer == "foreground":
                assert own is not None
                made[layer] = own
            elif layer == "shadow":
                assert density is not None
                made[layer] = density
            else:
                on = behind if backdrop is None else backdrop(frame)
                if shadow == "keep":
                    assert density is not None
                    on = shaded(on, density)
                assert own is not None
                made[layer] = _composite(own, on, alpha, maps.boxes)
        return LayerFrame(of=frame, alpha=alpha, values=made)

    return compose


def _composite(own: Codes, on: Pixels, alpha: FloatMap, boxes: tuple[Box, ...]) -> Codes:
    """`over`, with as many bits as the foreground has."""
    made: Codes = at_bits(on, 16 if own.dtype == np.uint16 else 8).copy()
    for box in boxes:
        a, there = np.ascontiguousarray(alpha[box.of]), made[box.of]
        if made.dtype == np.uint8:
            there[...] = over(_bytes(own[box.of]), _bytes(there), a)
        else:
            share = a[..., None]
            there[...] = share * own[box.of] + (1 - share) * there + np.float32(0.5)
    return made


def _bytes(values: Codes) -> Pixels:
    return np.ascontiguousarray(values, np.uint8)
