"""One turn of the benchmark, in a process of its own, so that its CPU time and memory are its own.

    python -m edgeds.cli.bench.one_measurement '{"clip": "in.mp4", "way": "edgeds", ...}'

prints one line of JSON. The ways that need nothing of edgeds are in `other_ways`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edgeds.cli.bench.report import Turn
from edgeds.sources.process_memory import (
    peak_bytes,
    return_large_arrays,
    return_what_opening_used,
)

if TYPE_CHECKING:
    from edgeds.estimate.settings import Preset
    from edgeds.pipeline import RunReport
    from edgeds.plate.plate import Plate
    from edgeds.types import Engine
    from edgeds.views.settings import View

Way = Literal["transcode", "edgeds", "mog2", "knn", "mediapipe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnPlan:
    """What a turn runs."""

    way: Way
    """"transcode": the clip decoded and encoded again, the floor that nobody gets below; "edgeds":
    as `edgeds video` does it; the others: a mask of a library that people would take instead.
    """
    clip: str
    output: str
    plate: str = ""
    engine: str | None = None
    device: str = "auto"
    preset: Preset = "balanced"
    view: View = "overlay"
    streams: int = 1
    """So many runs of the clip at a time, with one engine."""
    python: str = ""
    """The interpreter of `mediapipe`; this one's where it is empty."""


def in_own_process(plan: TurnPlan) -> Turn:
    """
    Raises:
        RunError: the process failed.
    """
    from edgeds.errors import RunError

    done = subprocess.run(_command(plan), capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise RunError(
            f"a turn of the benchmark failed ({plan.way})",
            why=said[-1],
            fix="try the same with edgeds video, which says more",
        )
    result = json.loads(lines[-1])
    return Turn(**{**result, "notes": tuple(result.get("notes", ()))})


def _command(plan: TurnPlan) -> list[str]:
    from edgeds.sinks.encoder_settings import ENCODE
    from edgeds.sources import process_memory

    if plan.way == "edgeds":
        return [
            sys.executable,
            "-m",
            "edgeds.cli.bench.one_measurement",
            json.dumps(asdict(plan)),
        ]
    plain = {
        "way": plan.way, "clip": plan.clip, "output": plan.output, **asdict(ENCODE),
        "memory": process_memory.__file__,  # which needs nothing but Python
    }  # fmt: skip
    script = Path(__file__).with_name("other_ways.py")
    return [plan.python or sys.executable, str(script), json.dumps(plain)]


def turn(plan: TurnPlan) -> Turn:
    """`edgeds video` without its command line."""
    import cv2

    from edgeds.plate.file import plate_from_file
    from edgeds.sources.threads import threads

    return_large_arrays()
    cv2.setNumThreads(threads().opencv)
    plate = plate_from_file(Path(plan.plate))
    _load_libraries()
    with ExitStack() as stack:
        engines = _engines(plan, stack)
        began, cpu = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(plan.streams) as streams:
            ready = threading.Barrier(plan.streams)
            ended = list(
                streams.map(
                    lambda number: _or_all_end(ready, plan, engines[number], plate, number),
                    range(plan.streams),
                )
            )
        reports = [report for report, _ in ended]
        return Turn(
            frames=sum(report.frames for report in reports),
            secs=time.perf_counter() - began,
            cpu_secs=time.process_time() - cpu,
            peak_bytes=peak_bytes(),
            engine=engines[0].name,
            notes=ended[0][1],
            stages=reports[0].stages,
        )


def _load_libraries() -> None:
    """What a run loads when it begins. It is no time of a frame: the start's figure has it. The
    other ways load theirs beforehand, too.
    """
    import av

    from edgeds import pipeline
    from edgeds.cli import on_gpu
    from edgeds.estimate import maintained_estimator
    from edgeds.sinks import video as written_video
    from edgeds.sources import video
    from edgeds.views import compose

    del av, pipeline, on_gpu, maintained_estimator, written_video, video, compose


def _engines(plan: TurnPlan, stack: ExitStack) -> list[Engine]:
    """The engine of each stream: on a GPU each has its own, on the CPU they share one."""
    from edgeds.engine import open_engine
    from edgeds.engine.device_engine import device_of
    from edgeds.sources.threads import threads
    from edgeds.views.settings import DEPTH_VIEWS

    def opened() -> Engine:
        return stack.enter_context(
            open_engine(
                plan.engine, device=plan.device, preset=plan.preset,
                threads=threads().network, depth=plan.view in DEPTH_VIEWS,
            )
        )  # fmt: skip

    first = opened()
    if plan.streams == 1:
        return [first]
    if device_of(first).startswith("cuda"):
        return [first, *(opened() for _ in range(plan.streams - 1))]
    return [first] * plan.streams


def _or_all_end(
    ready: threading.Barrier, plan: TurnPlan, engine: Engine, plate: Plate, number: int
) -> tuple[RunReport, tuple[str, ...]]:
    """`_one_stream`; where one fails before all are ready, the others do not wait for it."""
    try:
        return _one_stream(plan, engine, plate, number, ready)
    except BaseException:
        ready.abort()
        raise


def _one_stream(
    plan: TurnPlan, engine: Engine, plate: Plate, number: int, ready: threading.Barrier
) -> tuple[RunReport, tuple[str, ...]]:
    """What the run took, and what was done on a GPU."""
    from edgeds.cli.on_gpu import OnGpu, Shown
    from edgeds.estimate.kept_depth import no_depth
    from edgeds.estimate.maintained_estimator import MaintainedEstimator
    from edgeds.pipeline import max_waiting_for, run
    from edgeds.sinks import open_sink
    from edgeds.sources import open_source
    from edgeds.views.compose import composer
    from edgeds.views.settings import DEPTH_VIEWS

    output = Path(plan.output)
    own = output.with_stem(f"{output.stem}-{number}")
    with ExitStack() as stack:
        source = stack.enter_context(open_source(plan.clip))
        gpu = OnGpu(engine, source.info, own, Shown(source=plan.clip, view=plan.view))
        known = None if plan.view in DEPTH_VIEWS else no_depth(plate.size)
        fixed = gpu.estimator(plate, known)
        compose = gpu.composer(fixed, None) or composer(
            plan.view,
            plate=plate.pixels,
            plate_depth=fixed.plate_depth,
            depth_range=fixed.depth_range,
        )
        source = gpu.source(source, stack)
        sink = gpu.sink(stack.enter_context(open_sink(own, source.info)), stack)
        ready.wait()
        beside = stack.enter_context(ThreadPoolExecutor(1))
        estimate = MaintainedEstimator(fixed, beside=beside)
        return_what_opening_used(source.info.size)
        report = run(
            source, estimate, compose, sink,
            prepare=estimate.prepare, max_waiting=max_waiting_for(source.info.size),
        )  # fmt: skip
        return report, (*gpu.notes, *source.notes)


if __name__ == "__main__":
    print(json.dumps(asdict(turn(TurnPlan(**json.loads(sys.argv[1]))))))  # noqa: T201
