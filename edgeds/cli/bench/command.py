"""`edgeds bench`: measures this machine's speed, as a table and JSON."""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgeds.cli.bench.settings import BENCH
from edgeds.cli.console import print_json, print_table, progress, say
from edgeds.cli.options import DeviceOption, EngineOption, JsonOption

if TYPE_CHECKING:
    from edgeds.cli.bench.measure import BenchReport

_WAYS = {"frames in memory": "memory", "H.264 file to file": "H.264"}
"""Short names, so that a row fits 80 columns."""
_COLUMNS = ["frames", "way", "fps", "decode", "estimate", "compose", "encode"]


def bench_command(
    engine: EngineOption = None,
    device: DeviceOption = "auto",
    at: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WxH", help="Frame size to measure at; give several with several --at."
        ),
    ] = None,
    frames: Annotated[int, typer.Option(min=2, help="How many frames a run has.")] = BENCH.frames,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Also write the report here, as JSON."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the speed and latency of edgeds on this machine."""
    import cv2

    from edgeds.cli.bench.measure import bench
    from edgeds.cli.doctor.diagnosis import diagnose
    from edgeds.sinks.replacing import replace_file
    from edgeds.sources.scaling import size_from_text
    from edgeds.sources.threads import threads

    cv2.setNumThreads(threads().opencv)  # as in `edgeds video`
    sizes = tuple(size_from_text(text, multiple_of=2) for text in at) if at else BENCH.sizes
    if output is not None:
        _check_target(output)
    with _steps(2 + 2 * len(sizes)) as on_stage:
        report = bench(engine, device=device, sizes=sizes, frames=frames, on_stage=on_stage)
    told = {**report.to_json(), "machine": diagnose().machine()}
    if output is None and device.startswith("cuda"):
        output = Path(f"bench-{_slug(report.engine)}.json")
    if as_json:
        print_json(told)
    else:
        print_report(report, told["machine"])
    if output is not None:
        replace_file(output, (json.dumps(told, indent=2) + "\n").encode())
        say(f"report: {output}")


@contextmanager
def _steps(count: int) -> Iterator[Callable[[str], None]]:
    """A function to call with each step's name: a bar on a terminal, else one line per step."""
    if not sys.stderr.isatty():
        yield say
        return
    with progress("steps/s") as bar:
        task = bar.add_task("starting", total=count)
        begun = itertools.count()
        yield lambda text: bar.update(task, description=text, completed=next(begun))


def _check_target(path: Path) -> None:
    """Check the output before the measurement, which takes minutes."""
    from edgeds.errors import SinkError
    from edgeds.sinks.replacing import check_writable

    if path.suffix.lower() != ".json":
        raise SinkError(
            f"cannot write the report {str(path)!r}",
            why="it must be a .json",
            fix="give a path such as bench.json",
        )
    check_writable(path, "the report")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def print_report(report: BenchReport, machine: dict[str, Any]) -> None:
    """Print the report as a table of 80 columns, and the network's times below it."""
    rows = []
    for row in report.rows:
        stages = [
            f"{_short(times['p50_ms'])}/{_short(times['p95_ms'])}" if times["p95_ms"] else "-"
            for times in row.report.stages.values()
        ]
        way = _WAYS.get(row.way, row.way)
        rows.append([f"{row.size[1]}x{row.size[0]}", way, f"{row.report.fps:.1f}", *stages])
    gpus = ", ".join(machine["gpus"]) or "no GPU"
    print_table(
        f"{report.engine}\n{machine['cpu']}, {machine['cores']} cores; {gpus}; {report.day}\n"
        "stages: ms per frame, p50/p95; they overlap; frames in memory are\n"
        "neither decoded nor encoded",
        _COLUMNS,
        rows,
    )
    network = report.network
    typer.echo(
        f"network alone: {network.p50_ms:.1f} ms p50, {network.p95_ms:.1f} ms p95 "
        f"({network.runs} runs), {network.ratio:.2f} x the {network.yardstick} "
        f"({network.yardstick_p50_ms:.1f} ms, in turns)\n"
        f"first frame: {report.first_frame_secs:.2f} s after asking for the engine"
    )


def _short(ms: float) -> str:
    return f"{ms:.1f}" if ms < 10 else f"{ms:.0f}"
