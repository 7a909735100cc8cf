"""The names of layers and of the formats that they are written in."""

from __future__ import annotations

from typing import Literal, get_args

Layer = Literal["alpha", "foreground", "depth", "shadow", "mask", "plate", "composite"]
LAYERS: tuple[Layer, ...] = get_args(Layer)
LayerFormat = Literal["png", "exr", "ffv1", "prores", "webm"]
LAYER_FORMATS: tuple[LayerFormat, ...] = get_args(LayerFormat)
WITH_ALPHA: frozenset[Layer] = frozenset({"foreground", "shadow"})
"""Layers that are pictures with an alpha of their own; the others are grey or opaque."""
