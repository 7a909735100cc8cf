"""The types of the program: Frame, Maps, and the protocols of sources, sinks and engines.

Knows nothing about files, codecs, networks or screens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""uint8 RGB (H, W, 3), or RGBA (H, W, 4) with straight alpha where a sink asks for it."""
FloatMap: TypeAlias = npt.NDArray[np.float32]
"""float32 (H, W)."""
Size: TypeAlias = tuple[int, int]
"""(height, width) in pixels, everywhere."""
PlateFeatures: TypeAlias = Any
"""An engine's features of a plate. Only the engine that made them can read them."""

Self = TypeVar("Self", bound="Closing")


class Closing(Protocol):
    """Something with a `close` that may be called twice; `with` calls it."""

    def close(self) -> None: ...

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a stream, upright, with its exact time."""

    pixels: Pixels
    """uint8 RGB (H, W, 3); RGBA (H, W, 4) for a cutout. Read-only: stages share it."""
    index: int = 0
    """Position in the stream, from 0."""
    pts: int = 0
    """Presentation time in ticks of `time_base`."""
    time_base: Fraction = Fraction(1, 30)
    """Seconds per tick."""
    name: str = ""
    """File stem, for frames that come from image files."""
    grabbed_secs: float | None = None
    """When a live source grabbed it, on `time.monotonic`'s clock; None for files and folders."""
    duration: int = 0
    """How long it is shown, in ticks; 0 is unknown: until the next frame."""

    @property
    def pts_secs(self) -> float:
        """Presentation time from the start of the stream's clock."""
        return float(self.pts * self.time_base)

    @property
    def size(self) -> Size:
        return self.pixels.shape[0], self.pixels.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """Alpha and inverse depth of a frame, at the frame's size."""

    alpha: FloatMap
    """float32 (H, W), 0 background .. 1 foreground."""
    inverse_depth: FloatMap
    """float32 (H, W), relative, larger is nearer; one scale for all frames of one plate."""
    plate_offset: FloatMap | None = None
    """How much brighter the background nearby is than the plate: float32 (h, w, 3) in levels of
    255, at any size. The exposure changed since; un-mixing takes it into account.
    """
    plate: Pixels | None = None
    """The plate they were made with, where it may be corrected while a run goes on. Read-only."""

    @property
    def size(self) -> Size:
        return self.alpha.shape[0], self.alpha.shape[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourTags:
    """How the numbers of a video mean colour: FFmpeg's integer codes, 2 is "not said"."""

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    full_range: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """The facts about a stream that are known before its first frame."""

    name: str
    """A name for people: a file name, a camera."""
    size: Size
    """(height, width) as shown, after rotation."""
    rate: Fraction | None = None
    """Nominal frames per second; None where the stream has none."""
    time_base: Fraction = Fraction(1, 30)
    """Seconds per tick of the frames' `pts`."""
    frame_count: int | None = None
    """As the file states it; None is unknown, and it may be wrong by a few."""
    duration_secs: float | None = None
    colour: ColourTags = ColourTags()
    pixel_aspect: Fraction = Fraction(1)
    """Width of a pixel over its height."""
    path: Path | None = None
    """The file, where there is one: a sink copies its audio from here."""
    start_secs: Fraction = Fraction(0)
    """What the file's own clock shows where the frames' `pts` are 0."""
    files: tuple[Path, ...] = ()
    """All files that the frames come from: a sink never writes over one."""
    has_audio: bool = False


class Source(Closing, Protocol):
    """Frames in order. Iterate once; an exhausted or closed source gives no more frames.

    Raises SourceFailed while iterating where the stream breaks.
    """

    @property
    def info(self) -> StreamInfo: ...

    def __iter__(self) -> Iterator[Frame]: ...


class Sink(Closing, Protocol):
    """Takes frames in order. `close` completes the output; closing twice is harmless.

    Leaving a `with` block by an exception keeps the frames written so far, as a whole and
    playable output, or leaves nothing where no frame was written.
    """

    @property
    def location(self) -> str:
        """Where the output is, for people; the final path once it is closed."""
        ...

    def write(self, frame: Frame) -> None: ...


class Engine(Closing, Protocol):
    """The network on some hardware, for one size. Pixels in, maps at its own size out."""

    @property
    def name(self) -> str:
        """Engine and device, for the report: "edgeds-192x320-fp32 on OpenVINO CPU"."""
        ...

    @property
    def size(self) -> Size: ...

    def encode_plate(self, plate: Pixels) -> PlateFeatures:
        """plate: uint8 RGB (h, w, 3) at the engine's size."""
        ...

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        """frame: uint8 RGB (h, w, 3) at the engine's size. The maps are the caller's."""
        ...
