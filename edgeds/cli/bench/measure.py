"""Measures the speed of edgeds on this machine: end to end, by stage, and the network alone.

The load of other programs and a throttled processor change times from minute to minute. So the
network is timed in turns with a yardstick that is independent of edgeds: compare the ratio.
End to end, edgeds and a plain transcode take turns, each in a process of its own. Knows nothing
about printing.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from edgeds.cli.bench.settings import BENCH
from edgeds.cli.bench.turn import Turn, Wanted, Way, in_own_process
from edgeds.engine import open_engine
from edgeds.estimate.estimator import Estimator
from edgeds.plate.file import plate_to_file
from edgeds.plate.from_clip import open_plate
from edgeds.plate.plate import Plate
from edgeds.sinks import open_sink
from edgeds.sources import SyntheticSource, open_source
from edgeds.sources.scaling import resized, text_from_size
from edgeds.types import Engine, Frame, Pixels, Size
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
    """File to file at one size: a plain transcode and edgeds' overlay, in turns (A B A B)."""

    size: Size
    frames: int
    transcode: tuple[Turn, ...]
    edgeds: tuple[Turn, ...]

    def ratios(self) -> list[float]:
        """CPU time of edgeds over that of the transcode beside it, one for each pair of turns."""
        pairs = zip(self.transcode, self.edgeds, strict=True)
        return [own.cpu_secs / own.frames / (floor.cpu_secs / floor.frames) for floor, own in pairs]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReport:
    engine: str
    day: str
    clip: str
    """A file's name, or "synthetic"."""
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
    turns: int = BENCH.turns,
    clip: Path | None = None,
    on_stage: OnStage = lambda _: None,
) -> BenchReport:
    """Measure this machine.

    Args:
        frames: frames of each end-to-end run, at most.
        turns: of transcode and edgeds, one after the other.
        clip: is brought to each size; without it a synthetic scene is made, in which a ball takes
            a seventh of the picture. Times depend on how large the foreground is.

    Raises:
        EngineError: the engine cannot be opened.
        SourceError: the clip cannot be read.
        RunError: a turn failed.
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
        name = network.name
    rows = []
    for size in sizes:
        named = None if engine is None else str(engine)
        rows.append(_row(size, named, device, frames, turns, clip, on_stage))
    return BenchReport(
        engine=name,
        day=datetime.now(timezone.utc).date().isoformat(),
        clip=clip.name if clip is not None else "synthetic",
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


def _row(
    size: Size,
    engine: str | None,
    device: str,
    frames: int,
    turns: int,
    clip: Path | None,
    on_stage: OnStage,
) -> EndToEnd:
    label = text_from_size(size)
    with tempfile.TemporaryDirectory() as folder:
        given, plate = Path(folder) / "in.mp4", Path(folder) / "plate.npz"
        on_stage(f"{label}, clip")
        plate_to_file(_made(given, size, frames, clip), plate)
        done: dict[Way, list[Turn]] = {"transcode": [], "edgeds": []}
        for number in range(turns):
            for way, took in done.items():
                on_stage(f"{label}, {way} {number + 1}")
                output = Path(folder) / f"{way}-{number}.mp4"
                wanted = Wanted(
                    way=way, clip=str(given), output=str(output), plate=str(plate), engine=engine,
                    device=device,
                )  # fmt: skip
                took.append(in_own_process(wanted))
    return EndToEnd(
        size=size,
        frames=done["edgeds"][0].frames,
        transcode=tuple(done["transcode"]),
        edgeds=tuple(done["edgeds"]),
    )


def _made(path: Path, size: Size, frames: int, clip: Path | None) -> Plate:
    """Write the clip of a size as H.264; returns its plate."""
    if clip is None:
        scene = SyntheticSource(size=size, frame_count=BENCH.pictures)
        with open_sink(path, scene.info) as sink:
            for frame in _cycled(list(scene), frames):
                sink.write(frame)
        return Plate(scene.plate)
    with open_source(clip) as source:
        info = replace(source.info, size=size, path=None, has_audio=False)
        with open_sink(path, info) as sink:
            for frame in itertools.islice(source, frames):
                sink.write(frame.with_pixels(resized(frame.pixels, size)))
    return open_plate(None, str(path), size)


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


def _cycled(pictures: list[Frame], frames: int) -> Iterator[Frame]:
    """The pictures there and back again, `frames` of them: what moves does not jump."""
    swing = [*pictures, *pictures[-2:0:-1]]
    for index, one in enumerate(itertools.islice(itertools.cycle(swing), frames)):
        yield replace(one, index=index, pts=index)


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
