"""Layers as PNG images: DIR/alpha/000000.png and on. Knows nothing about what a layer means."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from edgeds.errors import SinkFailed
from edgeds.sinks.layers.code_values import Codes, Coding, LayerFrame, codes
from edgeds.sinks.layers.names import WITH_ALPHA, Layer
from edgeds.sinks.layers.numbered_images import NUMBER, write_image
from edgeds.sources.media_errors import reason_of
from edgeds.types import Closing


class PngLayers(Closing):
    """One folder of images per layer; computed layers have 16 or 8 bits per channel."""

    audio = "none"

    def __init__(
        self,
        folder: Path,
        layers: tuple[Layer, ...],
        coding: Coding,
        *,
        bits: Literal[8, 16],
        deep: bool = False,
    ) -> None:
        """
        Args:
            deep: the colours have more than 8 bits.
        """
        self._folder, self._layers, self._coding = folder, layers, coding
        self._bits, self._deep = bits, deep

    def write(self, picture: LayerFrame) -> None:
        for layer in self._layers:
            data = png_bytes(codes(picture, layer, self._coding, bits=self._bits_of(layer)))
            write_image(self._folder / layer / f"{NUMBER % picture.of.index}.png", data)

    def close(self) -> None:
        """Nothing to complete: every file was whole when written."""

    def files(self) -> dict[Layer, dict[str, object]]:
        """Layer -> its files and how they are coded, for people and programs."""
        return {
            layer: {
                "files": f"{layer}/{NUMBER}.png",
                "channels": _channels(layer),
                "bits": self._bits_of(layer),
                "lossless": True,
            }
            for layer in self._layers
        }

    def _bits_of(self, layer: Layer) -> Literal[8, 16]:
        """Opaque pictures have 8 bits where the input's colours or the plate have no more."""
        if layer == "composite" and self._deep:
            return self._bits
        return 8 if layer in ("mask", "plate", "composite") else self._bits


def _channels(layer: Layer) -> str:
    if layer in WITH_ALPHA:
        return "RGBA"
    return "RGB" if layer in ("plate", "composite") else "grey"


def png_bytes(values: Codes) -> bytes:
    """A PNG's content: grey, RGB or RGBA of 8 or 16 bits.

    Raises:
        SinkFailed: they cannot be encoded.
    """
    import cv2

    why = "OpenCV refused"
    try:
        if values.ndim == 3:
            swap = cv2.COLOR_RGBA2BGRA if values.shape[2] == 4 else cv2.COLOR_RGB2BGR
            values = cv2.cvtColor(values, swap)
        done, data = cv2.imencode(".png", values)
    except cv2.error as error:
        done, why = False, reason_of(error).why
    if not done:
        raise SinkFailed("cannot encode a PNG image", why=why, fix="write another format")
    return bytes(data.tobytes())
