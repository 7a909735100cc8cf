"""`edgeds bench`: measures this machine's speed, as a table and JSON."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgeds.cli.bench.options import ClipOptions, PartOptions
from edgeds.cli.bench.settings import BENCH
from edgeds.cli.console import print_json, progress, say
from edgeds.cli.option_groups import grouped
from edgeds.cli.shared_options import DeviceOption, EngineOption, JsonOption, PresetOption

if TYPE_CHECKING:
    from edgeds.cli.bench.plan import Plan
    from edgeds.estimate.settings import Preset


@grouped
def bench_command(
    engine: EngineOption = None,
    device: DeviceOption = "auto",
    preset: PresetOption = "balanced",
    clips: ClipOptions = ClipOptions(),
    parts: PartOptions = PartOptions(),
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Also write the report here, as JSON."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Also draw the report. Needs matplotlib.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the speed and latency of edgeds on this machine."""
    import cv2

    from edgeds.cli.bench.measure import bench
    from edgeds.cli.bench.tables import print_report
    from edgeds.cli.doctor.diagnosis import diagnose
    from edgeds.evaluation.sweep_plot import check_can_plot
    from edgeds.sinks.atomic_files import replace_file
    from edgeds.sources import open_source
    from edgeds.sources.threads import threads

    cv2.setNumThreads(threads().opencv)  # as in `edgeds video`
    if output is not None:
        _check_target(output)
    if plot is not None:
        check_can_plot(plot)
    if clips.clip is not None:
        open_source(clips.clip).close()  # a wrong name is found before the first measurement
    plan = _plan(engine, device, preset, clips, parts)
    with _steps(plan.steps) as on_stage:
        report = replace(bench(plan, on_stage=on_stage), command=_command_line())
    result = {**report.to_json(), "machine": diagnose().machine()}
    if output is None and device.startswith("cuda"):
        output = Path(f"bench-{_slug(report.engine)}.json")
    if as_json:
        print_json(result)
    else:
        print_report(report, result["machine"])
    if output is not None:
        replace_file(output, (json.dumps(result, indent=2) + "\n").encode())
        say(f"report: {output}")
    if plot is not None:
        from edgeds.cli.bench.plot import plot as draw

        draw(report, plot)
        say(f"plot: {plot}")


def _plan(
    engine: str | None, device: str, preset: Preset, clips: ClipOptions, parts: PartOptions
) -> Plan:
    from edgeds.cli.bench.plan import Plan
    from edgeds.sources.scaling import size_from_text

    sizes = BENCH.sizes
    if clips.at:
        sizes = tuple(size_from_text(text, multiple_of=2) for text in clips.at)
    every = parts.every
    return Plan(
        engine=engine,
        device=device,
        preset=preset,
        sizes=sizes,
        frames=clips.frames,
        turns=clips.turns,
        clip=clips.clip,
        quick=clips.quick,
        presets=parts.presets or every,
        compare=parts.compare or every,
        mediapipe_python=parts.mediapipe_python,
        scenes=parts.scenes or every,
        streams=parts.streams or every,
        start=every,
    )


def _command_line() -> str:
    """As it was typed, files without their folders."""
    words = (Path(word).name if "/" in word else word for word in sys.argv[1:])
    return shlex.join(["edgeds", *words])


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
    from edgeds.sinks.atomic_files import check_writable

    if path.suffix.lower() != ".json":
        raise SinkError(
            f"cannot write the report {str(path)!r}",
            why="it must be a .json",
            fix="give a path such as bench.json",
        )
    check_writable(path, "the report")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
