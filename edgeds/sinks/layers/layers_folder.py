"""A folder of layers with layers.json, which describes it. Knows nothing about views."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol

from edgeds.errors import SinkError, SinkFailed
from edgeds.sinks.atomic_files import replace_file
from edgeds.sinks.encoding import even_sides
from edgeds.sinks.layers.code_values import Coding, LayerFrame
from edgeds.sinks.layers.earlier_layers import check_layers_folder, discard_parts
from edgeds.sinks.layers.exr import ExrLayers, chromaticities, light_of
from edgeds.sinks.layers.names import Layer, LayerFormat
from edgeds.sinks.layers.png import PngLayers
from edgeds.sinks.layers.video import VideoLayers
from edgeds.sources.media_errors import reason_of, translated
from edgeds.sources.timecode import recorded
from edgeds.types import Closing, StreamInfo, ToLight

SIDECAR = "layers.json"
_FORMAT_VERSION = 1
# Names of FFmpeg's codes (ITU-T H.273), as its tools print them.
_TRANSFERS = {1: "bt709", 6: "smpte170m", 13: "iec61966-2-1", 16: "smpte2084", 18: "arib-std-b67"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersWanted:
    """Which layers, and how they are written."""

    layers: tuple[Layer, ...]
    kind: LayerFormat = "png"
    bits: Literal[8, 16] = 16
    """Bits per channel of PNG images."""
    premultiplied: bool | None = None
    """None is what readers of the format expect: premultiplied in OpenEXR, straight elsewhere."""

    @property
    def is_premultiplied(self) -> bool:
        return self.kind == "exr" if self.premultiplied is None else self.premultiplied


class _Writer(Protocol):
    @property
    def audio(self) -> str: ...

    def write(self, picture: LayerFrame) -> None: ...

    def files(self) -> dict[Layer, dict[str, object]]: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


class LayersSink(Closing):
    """Takes `LayerFrame`s. The folder is new or empty; a run that fails leaves whole files in it.

    `layers.json` is written last: if it is missing, the run was killed.
    """

    lost = 0

    def __init__(
        self,
        folder: Path,
        like: StreamInfo,
        wanted: LayersWanted,
        coding: Coding,
        about: Mapping[str, Any],
    ) -> None:
        """
        Args:
            about: more for layers.json, such as the plate and the engine.

        Raises:
            SinkError: the folder is not empty, cannot be written, or a library is missing.
        """
        self.location = str(folder)
        self._folder, self._like, self._wanted = folder, like, wanted
        self._coding, self._about = coding, about
        check_layers_folder(folder)
        self._made_folder = not folder.exists()
        with translated(SinkError, f"cannot write layers to {str(folder)!r}"):
            folder.mkdir(parents=True, exist_ok=True)
            discard_parts(folder)
        self._recorded = recorded(like.path or next(iter(like.files), None))
        self._times: list[int] = []
        self._durations: list[int] = []
        self._names: list[str] = []
        self._closed = False
        try:
            self._writer = self._opened()
        except BaseException:
            self._remove_empty()
            raise

    @property
    def audio(self) -> str:
        """What became of the audio, for the report: "copied", "none" and the like."""
        return self._writer.audio

    @property
    def to_light(self) -> ToLight | None:
        """Linear light of code values, where files have HDR's light and it is un-mixed in it."""
        if self._wanted.kind == "exr" and self._recorded.hdr:
            return partial(light_of, hdr=self._recorded.hdr)
        return None

    @property
    def notes(self) -> list[str]:
        """Notes for people about the output."""
        return [*self._notes_on_colours(), *self._notes_on_size()]

    def _notes_on_size(self) -> list[str]:
        size = self._like.size
        if self._wanted.kind in ("png", "exr") or even_sides(size) == size:
            return []
        (height, width), (file_height, file_width) = size, even_sides(size)
        return [
            f"the layers are {file_width}x{file_height}, as video has even sides: the picture is "
            f"the {width}x{height} at the top left; png and exr keep its size"
        ]

    def _notes_on_colours(self) -> list[str]:
        bits, kept = self._recorded.bits, self._bits_of_colours
        if not {"foreground", "composite"} & set(self._wanted.layers):
            return []
        if self._recorded.hdr and self._wanted.kind == "exr":
            return ["the EXR files have HDR's light from before tone-mapping: 1 is 203 cd/m2"]
        if bits <= kept:
            return []
        fix = "" if kept > 8 else "; png, exr, ffv1 and prores keep more"
        return [f"the input's colours have {bits} bits, those of the layers have {kept}{fix}"]

    @property
    def _bits_of_colours(self) -> int:
        """Bits per channel of `foreground` and `composite`. The plate has 8."""
        if self._recorded.bits <= 8 or self._wanted.kind == "webm":
            return 8
        if self._wanted.kind == "prores":
            return 10
        return self._wanted.bits if self._wanted.kind == "png" else 16

    def write(self, picture: LayerFrame) -> None:
        self._writer.write(picture)
        self._times.append(picture.of.pts)
        self._durations.append(picture.of.duration)
        self._names.append(picture.of.name)

    def close(self) -> None:
        """Complete all files and write layers.json; nothing is left where no frame was written.

        Raises:
            SinkFailed: a file could not be completed.
        """
        self.__exit__(None, None, None)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._closed:
            return
        self._closed = True
        whole = False
        try:
            self._writer.__exit__(exc_type, exc, traceback)
            whole = exc is None
        finally:
            if self._times:
                self._describe(whole=whole)
            else:
                self._remove_empty()

    def _opened(self) -> _Writer:
        wanted, coding = self._wanted, self._coding
        deep = self._recorded.bits > 8
        if wanted.kind == "png":
            return PngLayers(self._folder, wanted.layers, coding, bits=wanted.bits, deep=deep)
        if wanted.kind == "exr":
            return ExrLayers(
                self._folder, wanted.layers, coding.depth, self._like,
                premultiplied=coding.premultiplied, timecode=self._recorded.timecode,
                hdr=self._recorded.hdr,
            )  # fmt: skip
        return VideoLayers(self._folder, wanted.layers, coding, self._like, wanted.kind, deep=deep)

    def _describe(self, *, whole: bool) -> None:
        """
        Raises:
            SinkFailed: the disk does not take it, and the layers are whole.
        """
        text = json.dumps(self._sidecar(whole=whole), indent=1)
        # Thousands of times read better in one line than in one line each.
        data = re.sub(r"\[[-\d.,\s]+\]", lambda found: re.sub(r"\s+", " ", found[0]), text).encode()
        try:
            replace_file(self._folder / SIDECAR, data)
        except OSError as error:
            if whole:
                reason = reason_of(error)
                what = f"cannot write {SIDECAR}; the layers themselves are complete"
                raise SinkFailed(what, why=reason.why, fix=reason.fix) from error

    def _sidecar(self, *, whole: bool) -> dict[str, Any]:
        like, coding = self._like, self._coding
        height, width = like.size
        return {
            "version": _FORMAT_VERSION,
            "made_by": f"edgeds {version('edgeds')}",
            "complete": whole,
            "source": like.name,
            "size": [width, height],
            "pixel_aspect": str(like.pixel_aspect),
            "layers": self._writer.files(),
            "alpha": "premultiplied" if coding.premultiplied else "straight",
            "colour": self._colour(),
            "depth": depth_in_words(coding, self._wanted.kind),
            "shadow": "black, its alpha is the share of light that the shadow takes away",
            "time": {
                "rate": None if like.rate is None else str(like.rate),
                "time_base": str(like.time_base),
                "start_timecode": self._recorded.timecode,
                "pts": self._times,
                "durations": self._durations,
                "names": self._names if any(self._names) else None,
            },
            **self._about,
        }

    def _colour(self) -> dict[str, object]:
        tags = self._like.colour
        return {
            "primaries": [round(x, 4) for x in chromaticities(tags.primaries)],
            "transfer": self._transfer(),
            "bits_of_colours": self._bits_of_colours,
            "bits_of_input": self._recorded.bits,
        }

    def _transfer(self) -> str:
        if self._wanted.kind != "exr":
            said = _TRANSFERS.get(self._like.colour.transfer)
            said = said or "as the input's; it does not say which"
            return f"{said}, tone-mapped from HDR" if self._recorded.hdr else said
        hdr = "; 1 is HDR's reference white (203 cd/m2)" if self._recorded.hdr else ""
        return f"linear, by the curve of sRGB{hdr}"

    def _remove_empty(self) -> None:
        if self._made_folder:
            with suppress(OSError):  # it is not empty: something of it is worth keeping
                self._folder.rmdir()


def depth_in_words(coding: Coding, kind: LayerFormat) -> dict[str, object]:
    """How to read the layer `depth`: what a number of the files means."""
    depth = coding.depth
    metres = None
    if depth.metres is not None:
        per_unit, offset = depth.metres
        metres = {
            "per_unit": per_unit,
            "offset": offset,
            "relative_uncertainty": depth.uncertainty,
            "formula": "metres = 1 / (per_unit * inverse_depth + offset)",
        }
    common = {"plate_near": depth.near, "plate_far": depth.far, "metres": metres}
    if kind == "exr":
        unit = "metres along the optical axis"
        if metres is None:
            unit = "relative distance: plate_near / inverse depth, so that 1 is the plate's near"
        return {"meaning": "distance", "unit": unit, **common}
    return {
        "meaning": "inverse depth, linear: white is near",
        "formula": "inverse_depth = white * code / largest code",
        "white": depth.white,
        **common,
    }
