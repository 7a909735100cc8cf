"""Measures the speed of edgeds on this machine: end to end, by stage, and the network alone.

The load of other programs and a throttled processor change times from minute to minute. So the
network is timed in turns with a yardstick that is independent of edgeds: compare the ratio.
Pictures are synthetic, since no time depends on their content. Knows nothing about printing.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from edgeds.cli.bench.settings import BENCH
from edgeds.engine import open_engine
from edgeds.estimate.estimator import Estimator
from edgeds.pipeline import RunReport, run
from edgeds.plate.plate import Plate
from edgeds.sinks import open_sink
from edgeds.sources import SyntheticSource, open_source
from edgeds.sources.scaling import resized
from edgeds.types import Closing, Engine, Frame, Pixels, Sink, Size
from edgeds.views.compose import Compose, composer

OnStage = Callable[[str], None]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class EndToEnd:
    """One run: a size of picture, and a way of reading and writing it."""

    size: Size
    way: str
    """"frames in memory" (decoding and encoding excluded) or "H.264 file to file" (included)."""
    report: RunReport


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReport:
    engine: str
    day: str
    first_frame_secs: float
    """From opening the engine to the first overlay: loading, the plate, one frame."""
    network: NetworkTimes
    rows: tuple[EndToEnd, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def bench(
    engine: str | Path | None = None,
    *,
    device: str = "auto",
    sizes: Iterable[Size] = BENCH.sizes,
    frames: int = BENCH.frames,
    on_stage: OnStage = lambda _: None,
) -> BenchReport:
    """Measure this machine.

    Args:
        frames: frames of each end-to-end run; a slow machine gets fewer.

    Raises:
        EngineError: the engine cannot be opened.
    """
    sizes = tuple(sizes)
    scene = SyntheticSource(size=sizes[0], frame_count=2)
    frame = list(scene)[-1]
    on_stage("first frame")
    began = time.perf_counter()
    with open_engine(engine, device=device) as network:
        estimate, compose = _stages(network, scene.plate)
        compose(frame, estimate(frame))
        first_frame_secs = time.perf_counter() - began
        on_stage("network")
        times = network_times(network, on_gpu=device.startswith("cuda"))
        rows: list[EndToEnd] = []
        for size in sizes:
            rows += _rows(network, size, frames, on_stage)
        name = network.name
    return BenchReport(
        engine=name,
        day=datetime.now(timezone.utc).date().isoformat(),
        first_frame_secs=round(first_frame_secs, 3),
        network=times,
        rows=tuple(rows),
    )


def network_times(network: Engine, *, on_gpu: bool, runs: int = BENCH.network_runs) -> NetworkTimes:
    """The network and the yardstick in turns, after a few unmeasured ones."""
    scene = SyntheticSource(size=network.size, frame_count=2)
    plate = network.encode_plate(resized(scene.plate, network.size))
    frame = list(scene)[-1].pixels
    what, yardstick = _gpu_yardstick() if on_gpu else _cpu_yardstick()
    network_secs, yardstick_secs = [], []
    for turn in range(BENCH.warm_up + runs):
        first = time.perf_counter()
        network.infer(frame, plate)
        second = time.perf_counter()
        yardstick()
        third = time.perf_counter()
        if turn >= BENCH.warm_up:
            network_secs.append(second - first)
            yardstick_secs.append(third - second)
    p50, p95 = np.percentile(network_secs, (50, 95)) * 1e3
    reference = float(np.median(yardstick_secs)) * 1e3
    return NetworkTimes(
        p50_ms=round(float(p50), 3),
        p95_ms=round(float(p95), 3),
        runs=runs,
        yardstick=what,
        yardstick_p50_ms=round(reference, 3),
        ratio=round(float(p50) / reference, 3),
    )


def _rows(network: Engine, size: Size, frames: int, on_stage: OnStage) -> Iterator[EndToEnd]:
    scene = SyntheticSource(size=size, frame_count=BENCH.pictures)
    pictures = list(scene)
    label = f"{size[1]}x{size[0]}"
    on_stage(f"{label}, frames in memory")
    with _Discard() as nowhere:
        report = _run(network, scene.plate, _cycled(pictures, frames, BENCH.row_secs), nowhere)
    yield EndToEnd(size=size, way="frames in memory", report=report)
    on_stage(f"{label}, H.264 file to file")
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "in.mp4"
        with open_sink(clip, scene.info) as sink:
            for frame in _cycled(pictures, report.frames):
                sink.write(frame)
        with open_source(clip) as source, open_sink(Path(folder) / "out.mp4", source.info) as sink:
            report = _run(network, scene.plate, source, sink)
    yield EndToEnd(size=size, way="H.264 file to file", report=report)


def _run(network: Engine, plate: Pixels, frames: Iterable[Frame], sink: Sink) -> RunReport:
    estimate, compose = _stages(network, plate)
    return run(frames, estimate, compose, sink)


def _stages(network: Engine, plate: Pixels) -> tuple[Estimator, Compose]:
    """The stages between decoder and encoder."""
    estimate = Estimator(network, Plate(plate))
    compose = composer(
        "overlay",
        plate=plate,
        plate_depth=estimate.plate_depth,
        depth_range=estimate.depth_range,
    )
    return estimate, compose


def _cycled(pictures: list[Frame], frames: int, secs: float = math.inf) -> Iterator[Frame]:
    """The pictures in turn, `frames` of them; fewer, but at least two, where they take too long."""
    end = time.perf_counter() + secs
    for index in range(frames):
        if index >= 2 and time.perf_counter() > end:
            return
        one = pictures[index % len(pictures)]
        yield Frame(one.pixels, index, index, one.time_base)


def _cpu_yardstick() -> tuple[str, Callable[[], object]]:
    side = BENCH.yardstick_side
    picture = np.random.default_rng(0).random((side, side))
    return f"Fourier transform of a {side}x{side} picture (NumPy)", lambda: np.fft.rfft2(picture)


def _gpu_yardstick() -> tuple[str, Callable[[], object]]:
    import torch

    side = 8 * BENCH.yardstick_side
    matrix = torch.rand((side, side), dtype=torch.float16, device="cuda")

    def product() -> None:
        torch.mm(matrix, matrix)
        torch.cuda.synchronize()

    return f"product of two {side}x{side} float16 matrices (torch)", product


class _Discard(Closing):
    """A sink that keeps nothing, so that only the stages before it are measured."""

    location = "nowhere"

    def write(self, frame: Frame) -> None:
        """Gone."""

    def close(self) -> None:
        """Nothing was kept."""
