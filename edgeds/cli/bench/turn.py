"""One turn of the benchmark, in a process of its own, so that its CPU time and memory are its own.

    python -m edgeds.cli.bench.turn '{"clip": "in.mp4", "way": "edgeds", ...}'

prints one line of JSON. Knows nothing about tables.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from edgeds.live.memory import peak_bytes

Way = Literal["transcode", "edgeds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a turn runs."""

    way: Way
    """"transcode": the clip decoded and encoded again, the floor that nobody gets below; "edgeds":
    the overlay, as `edgeds video` makes it.
    """
    clip: str
    output: str
    plate: str = ""
    engine: str | None = None
    device: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a turn took, from the request for the first frame until the file was complete."""

    frames: int
    secs: float
    cpu_secs: float
    """Of all threads of the process, user and system."""
    peak_bytes: int | None
    """Most memory that the process had; None where the system does not say."""
    engine: str = ""
    stages: dict[str, dict[str, float]] = field(default_factory=dict)


def in_own_process(wanted: Wanted) -> Turn:
    """
    Raises:
        RunError: the process failed.
    """
    from edgeds.errors import RunError

    command = [sys.executable, "-m", "edgeds.cli.bench.turn", json.dumps(asdict(wanted))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise RunError(
            f"a turn of the benchmark failed ({wanted.way})",
            why=said[-1],
            fix="try the same with edgeds video, which says more",
        )
    return Turn(**json.loads(lines[-1]))


def turn(wanted: Wanted) -> Turn:
    return _transcoded(wanted) if wanted.way == "transcode" else _overlaid(wanted)


def _transcoded(wanted: Wanted) -> Turn:
    import av

    from edgeds.sinks.settings import ENCODE

    began, cpu = time.perf_counter(), time.process_time()
    with av.open(wanted.clip) as source, av.open(wanted.output, "w") as target:
        given = source.streams.video[0]
        given.thread_type = "AUTO"
        made: Any = target.add_stream("libx264", rate=given.average_rate, options=ENCODE.x264)
        made.height, made.width, made.pix_fmt = given.height, given.width, "yuv420p"
        count = 0
        for frame in source.decode(given):
            count += 1
            frame.pict_type = 0  # the encoder's choice
            target.mux(made.encode(frame))
        target.mux(made.encode(None))
    return _taken(count, began, cpu)


def _overlaid(wanted: Wanted) -> Turn:
    import cv2

    from edgeds.engine import open_engine
    from edgeds.estimate.estimator import Estimator
    from edgeds.estimate.maintained import MaintainedEstimator
    from edgeds.pipeline import depth_for, run
    from edgeds.plate.file import plate_from_file
    from edgeds.sinks import open_sink
    from edgeds.sources import open_source
    from edgeds.sources.threads import threads
    from edgeds.views.compose import composer

    share = threads()
    cv2.setNumThreads(share.opencv)
    plate = plate_from_file(Path(wanted.plate))
    with (
        open_engine(wanted.engine, device=wanted.device, threads=share.network) as engine,
        open_source(wanted.clip) as source,
    ):
        estimate = MaintainedEstimator(Estimator(engine, plate))
        compose = composer(
            "overlay",
            plate=plate.pixels,
            plate_depth=estimate.plate_depth,
            depth_range=estimate.depth_range,
        )
        began, cpu = time.perf_counter(), time.process_time()
        with open_sink(Path(wanted.output), source.info) as sink:
            report = run(source, estimate, compose, sink, depth=depth_for(source.info.size))
        return _taken(report.frames, began, cpu, engine=engine.name, stages=report.stages)


def _taken(frames: int, began: float, cpu: float, **more: Any) -> Turn:
    secs, cpu_secs = time.perf_counter() - began, time.process_time() - cpu
    return Turn(frames=frames, secs=secs, cpu_secs=cpu_secs, peak_bytes=peak_bytes(), **more)


if __name__ == "__main__":
    print(json.dumps(asdict(turn(Wanted(**json.loads(sys.argv[1]))))))  # noqa: T201
