"""What the benchmark found out, as data. Knows nothing about how it is measured or printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from edgeds.cli.bench.gpu import GpuTimes
from edgeds.estimate.settings import Preset
from edgeds.types import Size

FLOOR = "transcode"
"""The way that all others are compared with: decode and encode, nothing in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a turn took, from the request for the first frame until the file was complete."""

    frames: int
    """The frames of all streams together."""
    secs: float
    cpu_secs: float
    """CPU time of all threads of the process, user and system."""
    peak_bytes: int | None
    """Most memory that the process had; None where the system does not say."""
    engine: str = ""
    notes: tuple[str, ...] = ()
    """What was done on a GPU, and why the rest was not."""
    stages: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def fps(self) -> float:
        return self.frames / self.secs

    @property
    def cpu_ms(self) -> float:
        """CPU time a frame."""
        return 1e3 * self.cpu_secs / self.frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Some ways to process one clip, in turns: A B C A B C."""

    name: str
    size: Size
    ways: dict[str, tuple[Turn, ...]]
    """Way -> its turns. "transcode" comes first where it was measured."""
    foreground: float | None = None
    """Mean share of the picture; None where nobody looked."""
    streams: int = 1

    def ratios(self, way: str) -> list[float]:
        """CPU time a frame over that of the transcode beside it, one for each pair of turns."""
        pairs = zip(self.ways.get(FLOOR, ()), self.ways[way], strict=False)
        return [own.cpu_ms / floor.cpu_ms for floor, own in pairs]

    def speed_ratio(self, way: str, other: str = FLOOR) -> float:
        """Median frames per second of a way over that of another one."""
        own, theirs = (median(turn.fps for turn in self.ways[name]) for name in (way, other))
        return own / theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkTimes:
    """Time from pixels to maps at the network's own size."""

    p50_ms: float
    p95_ms: float
    runs: int
    yardstick: str
    yardstick_p50_ms: float
    ratio: float
    """Network over yardstick, medians of runs in turns."""
    engine: str = ""
    preset: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTimes:
    """The frame's network on several frames at once, for streams that share it."""

    frames: int
    cpu_ms: float
    """CPU time a frame, median."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReport:
    engine: str
    day: str
    clip: str
    """A file's name, or "synthetic"."""
    first_frame_secs: float
    """From opening the engine to the first overlay: loading, the plate, one frame."""
    network: NetworkTimes
    sizes: tuple[Row, ...]
    gpu: GpuTimes | None = None
    """Where the network runs on a GPU."""
    compare: Row | None = None
    """Mask view of edgeds and what people would take instead."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """What could not be compared -> why."""
    scenes: tuple[Row, ...] = ()
    streams: tuple[Row, ...] = ()
    batches: tuple[BatchTimes, ...] = ()
    networks: tuple[NetworkTimes, ...] = ()
    """The times of every engine and preset that this machine can run."""
    start_secs: tuple[float, ...] = ()
    """`edgeds video` with a plate on a clip of one frame: from the start of the process to its
    end, when the file is complete. The plate's file keeps no depth."""
    start_kept_secs: tuple[float, ...] = ()
    """With a plate that keeps its depth, as `edgeds capture` writes it."""
    preset_sizes: Mapping[Preset, Size] = field(default_factory=dict)
    """The network's size in every preset."""
    load: float | None = None
    """The system's load of the minute before; over `BENCH.most_load` the figures are not valid.
    None where the system does not say."""
    quick: bool = False
    """A trial: the figures are not valid."""
    command: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
