"""The protocols of the stages (sources, sinks, engines), and the facts about a stream.

Knows nothing about files, codecs, networks or screens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from edgeds.types.arrays import FloatMap, Pixels, Size
from edgeds.types.frame import Frame
from edgeds.types.maps import Maps
from edgeds.types.picture import ColourTags

PlateFeatures: TypeAlias = Any
"""An engine's features of a plate. Only the engine that made them can read them."""
_UNSAID = ColourTags()

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
    ends_secs: float | None = None
    """No frame is later than this, by the file; None where it may be wrong or is not known."""
    colour: ColourTags = _UNSAID
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


class ClipSource(Source, Protocol):
    """A source that comes from files, and ends."""

    @property
    def notes(self) -> Sequence[str]:
        """Notes for people about the input; more may come while it is read."""
        ...

    @property
    def damaged(self) -> int:
        """Packets that could not be decoded so far."""
        ...


class Sink(Closing, Protocol):
    """Takes frames in order. `close` completes the output; closing twice is harmless.

    Leaving a `with` block by an exception keeps the frames written so far, as a whole and
    playable output, or leaves nothing where no frame was written.
    """

    @property
    def location(self) -> str:
        """Where the output is, for people; the final path once it is closed."""
        ...

    @property
    def lost(self) -> int:
        """Frames that were written, and did not get into the output or were not sent."""
        ...

    def write(self, frame: Frame) -> None: ...


class FileSink(Sink, Protocol):
    """A sink that writes files."""

    @property
    def audio(self) -> str:
        """What became of the audio, for the report: "copied", "encoded as aac", "none"."""
        ...


@runtime_checkable
class AnySizeEngine(Protocol):
    """An engine that can also be opened at other sizes."""

    def at_size(self, size: Size) -> Engine:
        """The same network for pictures of another (height, width), multiples of 32. It is made
        once, and closed with this one.
        """
        ...


class Engine(Closing, Protocol):
    """The network on some hardware, for one size. Pixels in, maps at its own size out.

    Threads may share it. Once it is closed, `encode_plate` and `infer` raise RunError.
    """

    @property
    def name(self) -> str:
        """Engine and device, for the report: "edgeds-192x320-fp32 on OpenVINO CPU"."""
        ...

    @property
    def size(self) -> Size: ...

    @property
    def takes_noise(self) -> bool:
        """Whether `encode_plate` uses the plate's noise."""
        ...

    def encode_plate(self, plate: Pixels, noise: FloatMap | None = None) -> PlateFeatures:
        """
        Args:
            plate: uint8 RGB (h, w, 3) at the engine's size.
            noise: how much each pixel varies, (h, w), in levels of 255; None if it is not known.
        """
        ...

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        """frame: uint8 RGB (h, w, 3) at the engine's size. The maps are the caller's."""
        ...
