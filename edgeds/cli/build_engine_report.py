"""How `edgeds build-engine` reports: its stages while it works, its table at the end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from edgeds.cli.console import print_json, print_line, print_table, progress, say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from edgeds.engine.build.build_engine import Built
    from edgeds.engine.build.candidate_builder import BuildTarget, Row

_FIGURES = {
    "alpha_mad": "alpha MAD",
    "iou_loss": "alpha IoU loss",
    "boundary_loss": "boundary F loss",
    "depth_abs_rel": "depth AbsRel",
}


class Stages:
    """Prints stages with their times, and the progress of each, on stderr."""

    def __init__(self) -> None:
        from edgeds.engine.build.onnx_variants import Listener

        self.listener = Listener(stage=self._begin, step=self._step)
        self._bar: Progress = progress("frames/s")
        self._task: TaskID | None = None
        self._text, self._since = "", time.monotonic()

    def __enter__(self) -> Stages:
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


def print_built(built: Built, target: BuildTarget, *, as_json: bool, forced: bool) -> None:
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
        for kind, label in (("difference", "difference to float"), ("rise", "judged")):
            cells = [_figure(row, kind, name) for row in built.rows]
            limit = f"{limits[name]:g}" if kind == "rise" and name in limits else ""
            rows.append([f"{meaning}, {label}", *cells, limit])
    rows = [row for row in rows if set(row[1:-1]) != {"-"}]  # nothing was measured
    rows += [["gate", *(_gate(row, chosen=row is last) for row in built.rows), ""]]
    print_table(
        f"{built.card.name}: {size}, for {target.gpu or 'the CPU'}, made in {built.secs:.0f} s",
        ["held-out frames", *(row.precision for row in built.rows), "limit"],
        rows,
    )
    if last.verdict is not None:
        print_line("judged: the rise of the error against truth, else the difference to float")
    if not target.here:
        print_line(f"speed: not measured, this machine has no {target.gpu}")
    print_line(f"engine: {built.folder}")


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
