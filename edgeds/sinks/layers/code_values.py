"""The layers of one frame, and how their numbers become code values. Knows no files or codecs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from edgeds.sinks.layers.names import Layer
from edgeds.types import FloatMap, Frame

Codes: TypeAlias = "npt.NDArray[np.uint8] | npt.NDArray[np.uint16]"
"""(H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA; full range, 255 or 65535 is 1."""

_WHITE_OVER_NEAR = 3.0  # foreground comes nearer than anything in the plate; 16 bits have room


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LayerFrame:
    """The layers of one frame."""

    of: Frame
    """The frame: its time, name and size."""
    alpha: FloatMap
    """float32 (H, W), 0..1: the alpha of `foreground`, whether or not it is a layer of its own."""
    values: Mapping[Layer, npt.NDArray[Any]]
    """alpha: float32 (H, W), 0..1. depth: float32 (H, W), inverse, relative to the plate. shadow:
    float32 (H, W), 0..1, the share of light that a shadow takes away. mask: uint8 (H, W), 0 or 255.
    foreground (straight), plate, composite: RGB (H, W, 3), uint8, or uint16 as `deep_pixels`;
    of HDR for OpenEXR float32, linear light.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthCodes:
    """Inverse depth as grey: 0 is 0 (endlessly far), white is `white`; linear between."""

    near: float
    """Inverse depth of the plate's near end, and of its far end."""
    far: float
    metres: tuple[float, float] | None = None
    """(a, b), where the scale is known: metres are 1 / (a * inverse depth + b)."""
    uncertainty: float | None = None
    """Relative sigma of those metres."""

    @property
    def white(self) -> float:
        return _WHITE_OVER_NEAR * self.near

    def distance(self, inverse_depth: FloatMap) -> FloatMap:
        """Along the optical axis, float32 (H, W): metres; without a scale, near / inverse depth.

        At most 1e4 times the distance of the near end, so that files contain no infinities.
        """
        per_unit, offset = self.metres or (1 / self.near, 0.0)
        inverse = np.float32(per_unit) * inverse_depth + np.float32(offset)
        least = np.float32(1e-4 * (per_unit * self.near + offset))
        away: FloatMap = 1 / np.maximum(inverse, least)
        return away


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How layers are converted to code values."""

    depth: DepthCodes
    premultiplied: bool = False
    """Colours are multiplied by alpha; else they are straight."""


def codes(picture: LayerFrame, layer: Layer, coding: Coding, *, bits: Literal[8, 16]) -> Codes:
    """A layer as full-range integers of this many bits, rounded.

    A shadow is black with its density as alpha, so it darkens a picture below it.
    """
    values = picture.values[layer]
    if layer == "depth":
        return quantised(values / np.float32(coding.depth.white), bits)
    if layer == "alpha":
        return quantised(values, bits)
    if layer == "shadow":
        density = quantised(values, bits)
        black = np.zeros_like(density)
        return cast(Codes, np.dstack([black, black, black, density]))
    if layer == "mask":
        return cast(Codes, values)
    if layer != "foreground":
        return at_bits(values, bits)
    alpha = quantised(picture.alpha, bits)
    colours = at_bits(values, bits)
    if coding.premultiplied:
        colours = (colours * picture.alpha[..., None] + np.float32(0.5)).astype(alpha.dtype)
    return cast(Codes, np.dstack([colours, alpha]))


def quantised(values: FloatMap, bits: Literal[8, 16]) -> Codes:
    """0..1 as 0..255 or 0..65535, rounded; what lies outside is clipped."""
    white = np.float32(2**bits - 1)
    rounded = np.clip(values, 0, 1) * white + np.float32(0.5)
    return np.asarray(rounded, np.uint16) if bits == 16 else np.asarray(rounded, np.uint8)


def at_bits(pixels: Codes, bits: Literal[8, 16]) -> Codes:
    """Code values of 8 or 16 bits with so many: white stays white."""
    if pixels.itemsize * 8 == bits:
        return pixels
    if bits == 16:
        return np.asarray(pixels.astype(np.uint16) * np.uint16(257), np.uint16)
    return np.asarray((pixels.astype(np.uint32) + 128) // 257, np.uint8)
