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
    from edgeds.cli.bench.measure import BenchReport, EndToEnd

_COLUMNS = ["frames", "way", "fps", "CPU ms", "x plain", "memory MB"]
_STAGE_COLUMNS = ["ms: p50/p95/p99", "decode", "estimate", "compose", "encode"]


def bench_command(
    engine: EngineOption = None,
    device: DeviceOption = "auto",
    at: Annotated[
        list[str] | None,
        typer.Option(metavar="WxH", help="Frame size to measure at. May be given several times."),
    ] = None,
    frames: Annotated[int, typer.Option(min=2, help="How many frames a run has.")] = BENCH.frames,
    turns: Annotated[
        int, typer.Option(min=1, help="How often edgeds and the plain transcode take turns.")
    ] = BENCH.turns,
    clip: Annotated[
        Path | None,
        typer.Option(help="Measure on this video, brought to each size. Default: a drawn scene."),
    ] = None,
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
    with _steps(2 + (1 + 2 * turns) * len(sizes)) as on_stage:
        report = bench(
            engine, device=device, sizes=sizes, frames=frames, turns=turns, clip=clip,
            on_stage=on_stage,
        )  # fmt: skip
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
    """Print the report as tables of 80 columns, and the network's times below them."""
    gpus = ", ".join(machine["gpus"]) or "no GPU"
    print_table(
        f"{report.engine}\n{machine['cpu']}, {machine['cores']} cores; {gpus}; {report.day}\n"
        f"file to file, {report.clip} clip, overlay; CPU ms a frame; least-most of the turns",
        _COLUMNS,
        [cells for row in report.rows for cells in _row_cells(row)],
    )
    print_table(
        "working time of edgeds' stages a frame; they run at the same time",
        _STAGE_COLUMNS,
        [_stage_cells(row) for row in report.rows],
    )
    network = report.network
    typer.echo(
        f"network alone: {network.p50_ms:.1f} ms p50, {network.p95_ms:.1f} ms p95 "
        f"({network.runs} runs), {network.ratio:.2f} x the {network.yardstick} "
        f"({network.yardstick_p50_ms:.1f} ms, in turns)\n"
        f"first frame: {report.first_frame_secs:.2f} s after asking for the engine"
    )


def _row_cells(row: EndToEnd) -> Iterator[list[str]]:
    from edgeds.sources.scaling import text_from_size

    size = text_from_size(row.size)
    for way, took in (("transcode", row.transcode), ("edgeds", row.edgeds)):
        peaks = [turn.peak_bytes for turn in took if turn.peak_bytes is not None]
        yield [
            size,
            way,
            _span([turn.frames / turn.secs for turn in took]),
            _span([1e3 * turn.cpu_secs / turn.frames for turn in took]),
            _span(row.ratios(), "{:.2f}") if way == "edgeds" else "1",
            f"{max(peaks) / 1e6:.0f}" if peaks else "-",
        ]


def _stage_cells(row: EndToEnd) -> list[str]:
    from edgeds.sources.scaling import text_from_size

    last = row.edgeds[-1].stages.values()
    names = ("p50_ms", "p95_ms", "p99_ms")
    return [text_from_size(row.size), *("/".join(_short(s[n]) for n in names) for s in last)]


def _span(values: list[float], form: str = "") -> str:
    """The least and the most of a few turns; one number where they look the same."""
    texts = [form.format(v) if form else _short(v) for v in (min(values), max(values))]
    return "-".join(dict.fromkeys(texts))


def _short(ms: float) -> str:
    return f"{ms:.1f}" if ms < 10 else f"{ms:.0f}"
