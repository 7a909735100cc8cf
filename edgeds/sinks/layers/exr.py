"""Layers as OpenEXR: one file a frame, linear light, standard channel names.

Colours become linear by sRGB's curve, so that a viewer with an sRGB display shows the video as it
was. Written by OpenEXR's own package (the extra `layers`). Knows nothing about how layers are made.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgeds.errors import SinkError
from edgeds.sinks.layers.code_values import Codes, DepthCodes, LayerFrame
from edgeds.sinks.layers.names import Layer
from edgeds.sinks.layers.numbered_images import NUMBER, write_image
from edgeds.sources.timecode import timecode_after, timecode_parts
from edgeds.sources.tone_map import light_before
from edgeds.types import Closing, StreamInfo

SHADOW_POWER = 2.2
"""A shadow that leaves the share s of a code value leaves about this power of it of the light."""

# Red, green, blue and white of FFmpeg's AVColorPrimaries (ITU-T H.273), as x and y.
_D65 = (0.3127, 0.3290)
_BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
_PRIMARIES = {
    1: _BT709,
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.63, 0.34, 0.31, 0.595, 0.155, 0.07, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
}


class ExrLayers(Closing):
    """DIR/000000.exr and on. Foreground is R G B A, depth is Z, others are LAYER.CHANNEL."""

    audio = "none"

    def __init__(
        self,
        folder: Path,
        layers: tuple[Layer, ...],
        depth: DepthCodes,
        like: StreamInfo,
        *,
        premultiplied: bool,
        timecode: str | None = None,
        hdr: int = 0,
    ) -> None:
        """
        Args:
            timecode: of the first frame; None counts from 0.
            hdr: the transfer of an input that was tone-mapped, whose light is restored.

        Raises:
            SinkError: the package OpenEXR is not installed.
        """
        self._exr = _library()
        self._folder, self._layers, self._depth = folder, layers, depth
        self._premultiplied, self._hdr = premultiplied, hdr
        self._header: dict[str, Any] = {
            "compression": self._exr.ZIP_COMPRESSION,
            "type": self._exr.scanlineimage,
            "chromaticities": chromaticities(like.colour.primaries),
            "pixelAspectRatio": float(like.pixel_aspect),
            "edgeds:alpha": "premultiplied" if premultiplied else "straight",
            "edgeds:depth": "Z in metres" if depth.metres else "Z relative: 1 is the plate's near",
        }
        self._rate, self._start = like.rate, timecode
        if like.rate is not None:
            self._header["framesPerSecond"] = like.rate

    def write(self, picture: LayerFrame) -> None:
        header = dict(self._header)
        if self._rate is not None:
            header["timeCode"] = _timecode(self._exr, self._start, picture.of.pts_secs, self._rate)
        channels = {
            name: np.ascontiguousarray(values)
            for layer in self._layers
            for name, values in self._channels(layer, picture)
        }
        data = io.BytesIO()
        # One thread: the frames of a run are made beside it.
        with self._exr.File(header, channels, num_threads=1) as file:
            file.write(data)
        write_image(self._folder / f"{NUMBER % picture.of.index}.exr", data.getvalue())

    def close(self) -> None:
        """Nothing to complete: every file was whole when written."""

    def files(self) -> dict[Layer, dict[str, object]]:
        """Layer -> its files and their coding, for `layers.json`."""
        return {
            layer: {
                "files": f"{NUMBER}.exr",
                "channels": list(_NAMES[layer]),
                "bits": 32 if layer in ("alpha", "depth") else 16,
                "lossless": True,
            }
            for layer in self._layers
        }

    def _channels(
        self, layer: Layer, picture: LayerFrame
    ) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        values, names = picture.values[layer], _NAMES[layer]
        if layer == "foreground":
            linear = self._light(values)
            if self._premultiplied:
                linear = linear * picture.alpha[..., None]
            yield from zip(names, np.moveaxis(linear.astype(np.float16), 2, 0), strict=False)
            yield "A", picture.alpha.astype(np.float16)
        elif layer in ("plate", "composite"):
            linear = self._light(values).astype(np.float16)
            yield from zip(names, np.moveaxis(linear, 2, 0), strict=True)
        elif layer == "depth":
            yield names[0], self._depth.distance(values)
        elif layer == "shadow":
            yield names[0], (1 - (1 - values) ** np.float32(SHADOW_POWER)).astype(np.float16)
        elif layer == "mask":
            yield names[0], (values > 0).astype(np.float16)
        else:
            yield names[0], values.astype(np.float32)

    def _light(self, values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        return values if values.dtype == np.float32 else light_of(values, self._hdr)


def light_of(values: Codes, hdr: int) -> npt.NDArray[np.float32]:
    """Linear light of code values (H, W, 3), from before tone-mapping where `hdr` is not 0."""
    linear = _linear(values.itemsize * 8)[values]
    return light_before(linear, hdr) if hdr else linear


_NAMES: dict[Layer, tuple[str, ...]] = {
    "alpha": ("alpha.A",),
    "foreground": ("R", "G", "B", "A"),
    "depth": ("Z",),
    "shadow": ("shadow.A",),
    "mask": ("mask.A",),
    "plate": ("plate.R", "plate.G", "plate.B"),
    "composite": ("composite.R", "composite.G", "composite.B"),
}


def chromaticities(primaries: int) -> tuple[float, ...]:
    """x and y of red, green, blue and white for FFmpeg's code; BT.709 where it says nothing."""
    return _PRIMARIES.get(primaries, _PRIMARIES[6] if primaries == 7 else _BT709)


@cache
def _linear(bits: int) -> npt.NDArray[np.float32]:
    """Linear light of each code value of sRGB (IEC 61966-2-1)."""
    signal = np.arange(2**bits) / (2**bits - 1)
    light = np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)
    return np.asarray(light, np.float32)


def _timecode(exr: Any, start: str | None, secs: float, rate: Fraction) -> Any:
    """The timecode attribute of a frame, from its time after the start."""
    parts = timecode_parts(timecode_after(start, round(secs * float(rate)), rate))
    assert parts is not None
    hours, minutes, seconds, frame, drops = parts
    per_sec = max(1, round(rate))
    # Two digits hold numbers to 39: at 60 fps the standard counts pairs of frames.
    frame = frame * min(30, per_sec) // per_sec
    return exr.TimeCode(hours, minutes, seconds, frame, int(drops), *[0] * 13)


def check_library() -> None:
    """Raises SinkError if the package OpenEXR is not installed."""
    _library()


def _library() -> Any:
    try:
        import OpenEXR
    except ImportError as error:
        raise SinkError(
            "cannot write OpenEXR files",
            why=f"the package OpenEXR does not load: {error}",
            fix='pip install "edgeds[layers]", or choose --format png',
        ) from error
    return OpenEXR
