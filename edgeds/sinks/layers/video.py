"""Layers as videos: DIR/alpha.mkv and so on, each with the frames' times, one with the sound.

FFV1 is lossless, ProRes 4444 has 10 bits, VP9 has 8. Knows nothing about what a layer means.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from edgeds.sinks.encoder_settings import ENCODE
from edgeds.sinks.encoding import CLUSTERS, FRAGMENTS, Format, encodable, even_sides, stream_colour
from edgeds.sinks.layers.code_values import Coding, LayerFrame, codes
from edgeds.sinks.layers.names import WITH_ALPHA, Layer
from edgeds.sinks.video import VideoSink
from edgeds.sources.deep_colours import yuv_from_deep
from edgeds.types import Closing, ColourTags, DeepPixels, Pixels, StreamInfo

if TYPE_CHECKING:
    import av

VideoFormat = Literal["ffv1", "prores", "webm"]
_SUFFIX: dict[VideoFormat, str] = {"ffv1": ".mkv", "prores": ".mov", "webm": ".webm"}
_OPAQUE: tuple[Layer, ...] = ("plate", "composite")
_AUDIO_FIRST: tuple[Layer, ...] = ("composite", "foreground", "plate")


class VideoLayers(Closing):
    """One video per layer. Layers are encoded in turn; each encoder has its own threads."""

    def __init__(
        self,
        folder: Path,
        layers: tuple[Layer, ...],
        coding: Coding,
        like: StreamInfo,
        kind: VideoFormat,
        *,
        deep: bool = False,
    ) -> None:
        """
        Args:
            deep: the colours have more than 8 bits.

        Raises:
            SinkError: a file cannot be written, or another run is writing it.
        """
        self._coding, self._kind, self._like = coding, kind, _limited(like)
        self._sounds = next((x for x in _AUDIO_FIRST if x in layers), layers[0])
        silent = replace(self._like, has_audio=False)
        self._formats = {layer: _format(kind, layer, deep=deep) for layer in layers}
        self._sinks: dict[Layer, VideoSink] = {}
        with ExitStack() as stack:
            for layer, how in self._formats.items():
                info = self._like if layer == self._sounds else silent
                path = folder / f"{layer}{_SUFFIX[kind]}"
                self._sinks[layer] = sink = VideoSink(path, info, kind=how)
                stack.callback(sink.close)
            stack.pop_all()

    @property
    def audio(self) -> str:
        """What became of the audio, for the report."""
        return self._sinks[self._sounds].audio

    def write(self, picture: LayerFrame) -> None:
        for layer, sink in self._sinks.items():
            sink.write_picture(
                picture.of,
                partial(self._encodable, picture, layer),
            )

    def close(self) -> None:
        self.__exit__(None, None, None)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with ExitStack() as stack:  # all are ended, also where one of them fails
            for sink in self._sinks.values():
                stack.callback(sink.__exit__, exc_type, exc, traceback)

    def files(self) -> dict[Layer, dict[str, object]]:
        """Layer -> its file and how it is coded, for people and programs."""
        height, width = self._like.size
        file_height, file_width = even_sides(self._like.size)
        return {
            layer: {
                "files": Path(sink.location).name,
                "codec": self._formats[layer].codec,
                "pixel_format": self._formats[layer].pix_fmt,
                "bits": _bits(self._kind, self._formats[layer].pix_fmt),
                "range": "full" if self._formats[layer].full_range else "limited",
                "lossless": self._kind == "ffv1",
                "audio": sink.audio,
                "size": [file_width, file_height],
                "size_of_picture": [width, height],
            }
            for layer, sink in self._sinks.items()
        }

    def _encodable(self, picture: LayerFrame, layer: Layer) -> av.VideoFrame:
        how, coding = self._formats[layer], self._coding
        if self._kind == "ffv1":
            bits: Literal[8, 16] = 16 if "16" in how.pix_fmt else 8
            made = _planes(how.pix_fmt, _lossless(codes(picture, layer, coding, bits=bits), how))
            return _tagged(made, how, self._like)
        if layer in WITH_ALPHA or layer in _OPAQUE:
            if self._kind == "prores":
                deep = np.asarray(codes(picture, layer, coding, bits=16), np.uint16)
                return _tagged(self._ten_bits(deep, how), how, self._like)
            pixels: Pixels = np.asarray(codes(picture, layer, coding, bits=8), np.uint8)
            return encodable(picture.of.with_pixels(pixels), how, self._like.colour)
        grey = codes(picture, layer, coding, bits=16 if layer != "mask" else 8)
        share = grey * np.float32(1 / (255 if layer == "mask" else 65535))
        return _tagged(_grey_yuv(_even(share), how.pix_fmt), how, self._like)

    def _ten_bits(self, pixels: DeepPixels, how: Format) -> av.VideoFrame:
        """RGB or RGBA as a frame of 10 bits per channel."""
        values = _even(pixels)
        tags = stream_colour(self._like.colour, how, self._like.size)
        yuv = yuv_from_deep(np.ascontiguousarray(values[..., :3]), tags, 10)
        planes = [yuv[..., channel] for channel in range(3)]
        if values.shape[2] == 4:
            alpha = values[..., 3] * np.float32(1023 / 65535)
            planes.append(np.rint(alpha).astype(np.uint16))
        return _planes(how.pix_fmt, planes)


def _bits(kind: VideoFormat, pix_fmt: str) -> int:
    if kind == "ffv1":
        return 16 if "16" in pix_fmt else 8
    return 10 if kind == "prores" else 8


def _format(kind: VideoFormat, layer: Layer, *, deep: bool) -> Format:
    if kind == "ffv1":
        pix_fmt = "gray" if layer == "mask" else "gray16le"
        if layer in WITH_ALPHA:
            pix_fmt = "gbrap16le"
        elif layer == "composite" and deep:
            pix_fmt = "gbrp16le"
        elif layer in _OPAQUE:
            pix_fmt = "bgr0"
        return Format("ffv1", pix_fmt, ENCODE.ffv1, CLUSTERS, full_range=True)
    if kind == "prores":
        alpha = layer in WITH_ALPHA
        pix_fmt = "yuva444p10le" if alpha else "yuv444p10le"
        return Format("prores_ks", pix_fmt, {"profile": "4"}, FRAGMENTS)
    pix_fmt = "yuva420p" if layer in WITH_ALPHA else "yuv420p"
    return Format("libvpx-vp9", pix_fmt, ENCODE.vp9, CLUSTERS)


def _tagged(picture: av.VideoFrame, how: Format, like: StreamInfo) -> av.VideoFrame:
    """The picture with its colours named: ProRes takes them from the picture, not the stream."""
    tags = stream_colour(like.colour, how, like.size)
    picture.colorspace, picture.color_range = tags.matrix, 2 if tags.full_range else 1
    picture.color_primaries, picture.color_trc = tags.primaries, tags.transfer
    return picture


def _limited(like: StreamInfo) -> StreamInfo:
    """Editors expect limited range of ProRes and VP9, whatever range the input has."""
    colour: ColourTags = replace(like.colour, full_range=False)
    return replace(like, colour=colour)


def _lossless(values: npt.NDArray[Any], how: Format) -> list[npt.NDArray[Any]]:
    """The planes of a lossless picture, with even sides."""
    values = _even(values)
    if how.pix_fmt.startswith("gray"):
        return [values]
    if how.pix_fmt == "bgr0":
        return [np.dstack([values[..., ::-1], np.full(values.shape[:2], 255, np.uint8)])]
    return [values[..., channel] for channel in (1, 2, 0, 3)[: values.shape[2]]]


def _grey_yuv(share: npt.NDArray[np.float32], pix_fmt: str) -> av.VideoFrame:
    """Grey 0..1 as limited-range YUV of 8 or 10 bits."""
    scale, kind = (4, np.uint16) if "10" in pix_fmt else (1, np.uint8)
    luma = np.rint((16 + 219 * share) * scale).astype(kind)
    half = 1 if "444" in pix_fmt else 2
    height, width = luma.shape
    neutral = np.full((height // half, width // half), 128 * scale, kind)
    return _planes(pix_fmt, [luma, neutral, neutral], size=(height, width))


def _even(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Repeat the last row or column where a side is odd, as the encoder's size is even."""
    odd = [(0, side % 2) for side in values.shape[:2]] + [(0, 0)] * (values.ndim - 2)
    return np.pad(values, odd, mode="edge") if any(b for _, b in odd) else values


def _planes(
    pix_fmt: str, planes: list[npt.NDArray[Any]], size: tuple[int, int] | None = None
) -> av.VideoFrame:
    import av

    height, width = size or planes[0].shape[:2]
    frame = av.VideoFrame(width, height, pix_fmt)
    for index, values in enumerate(planes):
        _fill(frame, index, values)
    return frame


def _fill(frame: av.VideoFrame, index: int, values: npt.NDArray[Any]) -> None:
    """Copy an array into a plane whose lines may be longer than the array's rows."""
    plane = frame.planes[index]
    height = values.shape[0]
    line = np.ascontiguousarray(values).reshape(height, -1).view(np.uint8)
    there = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
    there[:height, : line.shape[1]] = line
