"""`edgeds build-engine`: the shipped network (or one's own) in another precision, for this machine
or a named GPU, judged before it takes its place.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from edgeds.cli.console import print_json, print_table, progress, say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from edgeds.engine.build.build import Built
    from edgeds.engine.build.candidate_builder import BuildTarget, Row
    from edgeds.types import Size

PrecisionOption = Literal["fp16", "int8", "fp32"]


def build_engine_command(
    precision: Annotated[
        PrecisionOption | None,
        typer.Option(help="Without it: int8 for a CPU, fp16 for a GPU."),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(metavar="WxH", help="Another size than the shipped one, such as 512x288."),
    ] = None,
    calib: Annotated[
        Path | None,
        typer.Option(metavar="SET", help="Calibration set; without it, the one that ships."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Weights of your own, a .safetensors file of training.")
    ] = None,
    gpu: Annotated[
        str,
        typer.Option(help="auto: this machine's, else its CPU; none: the CPU; or sm75, sm86, ..."),
    ] = "auto",
    device: Annotated[
        str, typer.Option(help="Which GPU of this machine: auto is the first, or cuda:N.")
    ] = "auto",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="The engine's folder."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Keep the precision even if the gate refuses it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Report as one JSON object.")] = False,
) -> None:
    """Make an engine in another precision; where that costs too much, say so and keep float."""
    from edgeds.engine.build.build import build_engine
    from edgeds.engine.places import shipped_calibration_set
    from edgeds.errors import DatasetError

    target = _target(gpu, device)
    precision = precision or ("int8" if target.gpu is None else "fp16")
    calib = calib or shipped_calibration_set()
    if calib is None and precision != "fp32":
        raise DatasetError(
            "there is no calibration set",
            why="this edgeds was installed without the one that ships",
            fix="record one: edgeds calibrate SOURCE -o SET, and give it with --calib SET",
        )
    _warn_of_a_small_set(calib, precision)
    try:
        with _source(weights, size) as source, _Stages() as stages:
            built = build_engine(
                source,
                output,
                precision=precision,
                target=target,
                calibration=calib or Path(),
                force=force,
                listener=stages.listener,
            )
    except KeyboardInterrupt:
        say("stopped; nothing was built, and an engine that was there is untouched")
        raise typer.Exit(130) from None
    _tell(built, target, as_json=as_json, forced=force)


def _target(gpu: str, device: str) -> BuildTarget:
    """What to build for; prints what was found."""
    from edgeds.engine.build.candidate_builder import BuildTarget
    from edgeds.engine.cuda import find_cuda
    from edgeds.errors import EngineError

    gpu, asked = gpu.lower(), re.fullmatch(r"auto|cuda(?::(\d+))?", device.lower())
    if asked is None or (device != "auto" and gpu != "auto"):
        raise EngineError(
            f"cannot build an engine for --gpu {gpu} --device {device}",
            why="--device names a GPU of this machine: auto or cuda:N",
            fix="give --device cuda:N alone, or --gpu for the CPU or a GPU elsewhere",
        )
    if gpu == "none":
        return BuildTarget()
    if re.fullmatch(r"sm\d{2,3}", gpu):
        return BuildTarget(gpu=gpu, here=False)
    if gpu != "auto":
        raise EngineError(
            f"cannot build an engine for {gpu!r}",
            why="it is no GPU architecture",
            fix="--gpu auto, none, or sm75, sm80, sm86, sm89, sm120",
        )
    found, index = find_cuda(), int(asked[1] or 0)
    if index < len(found.gpus):
        own = found.gpus[index]
        say(f"for this machine's {own.name} ({own.sm}, cuda:{index})")
        return BuildTarget(gpu=own.sm, device=f"cuda:{index}")
    if device != "auto":
        raise EngineError(
            f"cannot build an engine for {device!r}",
            why=found.problem or f"this machine has {len(found.gpus)} GPU(s)",
            fix="edgeds doctor lists them",
        )
    say(f"for this machine's CPU: {found.problem}; --gpu sm86 and the like name one elsewhere")
    return BuildTarget()


def _warn_of_a_small_set(calib: Path | None, precision: str) -> None:
    from edgeds.engine.build.calibration import read_calibration_set

    if calib is not None and precision != "fp32" and (w := read_calibration_set(calib).warning):
        say(f"warning: {w}")


@contextmanager
def _source(weights: Path | None, size: str | None) -> Iterator[Path]:
    """The float engine to start from: the shipped one, or one made from it or from weights."""
    from edgeds.engine.build.other_size import STRIDE, engine_of_size
    from edgeds.engine.card import read_card
    from edgeds.engine.places import default_engine
    from edgeds.sources.scaling import size_from_text, text_from_size

    shipped = default_engine()
    shipped_size = read_card(shipped).size
    wanted = shipped_size if size is None else size_from_text(size, multiple_of=STRIDE)
    if weights is None and wanted == shipped_size:
        yield shipped
        return
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "float"
        if weights is None:
            engine_of_size(shipped, source, wanted)
        else:
            say(f"exporting {weights.name} at {text_from_size(wanted)}")
            _export(weights, wanted, source)
        yield source


def _export(weights: Path, size: Size, folder: Path) -> None:
    from edgeds.engine.card import Card, sha256_of
    from edgeds.engine.target import WEIGHTS
    from edgeds.errors import EngineError

    try:
        from edgeds.engine.network.checkpoint import WeightsError, load_weights
        from edgeds.engine.network.export import export_onnx
    except ImportError as error:
        raise EngineError(
            f"cannot export {weights.name}",
            why=f"{error.name} is not installed",
            fix='pip install "edgeds[export]"',
        ) from error
    try:
        paths = export_onnx(load_weights(weights), size, folder)
    except (WeightsError, OSError) as error:
        raise EngineError(
            f"cannot export {str(weights)!r}",
            why=str(error),
            fix="give a .safetensors file that python -m train fit wrote",
        ) from error
    Card(
        name=weights.stem,
        size=size,
        network_hash=sha256_of(weights),
        files={path.name: sha256_of(path) for path in paths},
        made={WEIGHTS: weights.name},
    ).write(folder)


class _Stages:
    """Tells stages with their times, and how far each is, on stderr."""

    def __init__(self) -> None:
        from edgeds.engine.build.variants import Listener

        self.listener = Listener(stage=self._begin, step=self._step)
        self._bar: Progress = progress("frames/s")
        self._task: TaskID | None = None
        self._text, self._since = "", time.monotonic()

    def __enter__(self) -> _Stages:
        self._bar.start()
        return self

    def __exit__(self, exc_type: object, exc: object, traceback: object) -> None:
        if exc_type is None:
            self._end()
        self._bar.stop()

    def _begin(self, text: str, steps: int) -> None:
        self._end()
        self._text, self._since = text, time.monotonic()
        self._task = self._bar.add_task(text, total=steps or None)

    def _step(self) -> None:
        if self._task is not None:
            self._bar.advance(self._task)

    def _end(self) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._bar.console.print(f"{self._text}: {time.monotonic() - self._since:.1f} s")
            self._task = None


def _tell(built: Built, target: BuildTarget, *, as_json: bool, forced: bool) -> None:
    last = built.rows[-1]
    for row in built.refused:
        assert row.verdict is not None
        say(
            f"{row.precision} was refused: {'; '.join(row.verdict.reasons)}. "
            f"Fell back to {last.precision} (--force keeps {row.precision})"
        )
    if forced and last.verdict is not None and not last.verdict.passed:
        say(f"forced, although the gate refuses it: {'; '.join(last.verdict.reasons)}")
    if as_json:
        print_json(_report(built, target))
        return
    from edgeds.engine.settings import GATE
    from edgeds.sources.scaling import text_from_size

    size = text_from_size(built.card.size)
    limits = {
        "alpha_mad": GATE.alpha_mad,
        "iou_loss": GATE.iou_loss,
        "depth_abs_rel": GATE.depth_abs_rel,
    }
    rows = [["MB", *(f"{row.bytes / 1e6:.1f}" for row in built.rows), ""]]
    rows += [["ms a frame", *(_number(row.frame_ms, 1) for row in built.rows), ""]]
    latencies = [row.verdict.latency if row.verdict else None for row in built.rows]
    ratios = [_number(latency.ratio if latency else None, 2) for latency in latencies]
    rows += [["of float's time", *ratios, f"{GATE.latency_ratio:g}"]]
    for name, meaning in _FIGURES.items():
        for kind, told in (("difference", "off float"), ("rise", "judged")):
            cells = [_figure(row, kind, name) for row in built.rows]
            limit = f"{limits[name]:g}" if kind == "rise" and name in limits else ""
            rows.append([f"{meaning}, {told}", *cells, limit])
    rows = [row for row in rows if set(row[1:-1]) != {"-"}]  # nothing was measured
    rows += [["gate", *(_gate(row, chosen=row is last) for row in built.rows), ""]]
    print_table(
        f"{built.card.name}: {size}, for {target.gpu or 'the CPU'}, made in {built.secs:.0f} s",
        ["held-out frames", *(row.precision for row in built.rows), "limit"],
        rows,
    )
    if last.verdict is not None:
        typer.echo("judged: the rise of the error where the truth is known, else what is off float")
    if not target.here:
        typer.echo(f"speed: not measured, this machine has no {target.gpu}")
    typer.echo(f"engine: {built.folder}")


_FIGURES = {
    "alpha_mad": "alpha MAD",
    "iou_loss": "alpha IoU loss",
    "boundary_loss": "boundary F loss",
    "depth_abs_rel": "depth AbsRel",
}


def _figure(row: Row, kind: str, name: str) -> str:
    if row.verdict is None:
        return "-"
    return _number(getattr(getattr(row.verdict.comparison, kind), name), 5)


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{round(value, digits) + 0.0:.{digits}f}"  # no "-0.00"


def _gate(row: Row, *, chosen: bool) -> str:
    if row.verdict is None:
        return "float"
    return "passed" if row.verdict.passed else "forced" if chosen else "refused"


def _report(built: Built, target: BuildTarget) -> dict[str, Any]:
    def of(row: Row) -> dict[str, Any]:
        return {
            "precision": row.precision,
            "bytes": row.bytes,
            "frame_ms": row.frame_ms,
            "verdict": None if row.verdict is None else row.verdict.to_json(),
        }

    return {
        "engine": str(built.folder),
        "name": built.card.name,
        "precision": built.card.precision,
        "asked_for": built.asked,
        "size": list(built.card.size),
        "gpu": target.gpu,
        "secs": round(built.secs, 1),
        "tried": [of(row) for row in built.rows],
    }
