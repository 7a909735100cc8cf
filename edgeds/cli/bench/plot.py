"""Draws the benchmark's report. Needs matplotlib, which is optional. Measures nothing."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from edgeds.cli.bench.report import FLOOR, BenchReport, Row
from edgeds.sinks.plots import save_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {FLOOR: "#999999", "fast": "#e08b2c", "balanced": "#2a6fbb", "fine": "#3d8f5f"}
_OTHER = "#b05a8c"


def plot(report: BenchReport, path: Path) -> None:
    """Draw frames per second over size, and what else was measured, into an image file.

    Raises:
        SinkFailed: the file cannot be written.
    """
    from matplotlib.figure import Figure

    panels = [_draw_sizes]
    panels += [_draw_compare] if report.compare is not None else []
    panels += [_draw_scenes] if report.scenes else []
    panels += [_draw_streams] if report.streams else []
    figure = Figure(figsize=(3.6 * len(panels), 3.4), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for draw, axis in zip(panels, axes, strict=True):
        draw(axis, report)
        axis.spines[["top", "right"]].set_visible(False)
    save_plot(figure, path, kinds=".png or .svg")


def _draw_sizes(axis: Axes, report: BenchReport) -> None:
    rows = sorted(report.sizes, key=lambda row: row.size)
    for way in rows[0].ways:
        fps = [_fps(row, way) for row in rows]
        axis.plot(range(len(rows)), fps, "o-", color=_COLOURS.get(way, _OTHER), label=way)
    axis.set_xticks(range(len(rows)), [f"{row.size[0]}p" for row in rows])
    axis.set_yscale("log")
    axis.set_ylabel("frames per second, file to file")
    axis.set_title("size")
    axis.legend(frameon=False)


def _draw_compare(axis: Axes, report: BenchReport) -> None:
    assert report.compare is not None
    ways = list(report.compare.ways)
    fps = [_fps(report.compare, way) for way in ways]
    axis.barh(range(len(ways)), fps, color=[_COLOURS.get(way, _OTHER) for way in ways])
    axis.set_yticks(range(len(ways)), ways)
    axis.invert_yaxis()
    axis.set_xlabel("frames per second")
    axis.set_title("a mask, and others")


def _draw_scenes(axis: Axes, report: BenchReport) -> None:
    own = [_own(row) for row in report.scenes]
    cpu = [
        median(t.cpu_ms for t in row.ways[way]) for row, way in zip(report.scenes, own, strict=True)
    ]
    axis.bar(range(len(cpu)), cpu, color=_COLOURS.get(own[0], _OTHER))
    labels = [
        row.name if row.foreground is None else f"{row.name}\n{row.foreground:.0%}"
        for row in report.scenes
    ]
    axis.set_xticks(range(len(cpu)), labels)
    axis.set_ylabel("CPU ms a frame")
    axis.set_title("scene, its foreground")


def _draw_streams(axis: Axes, report: BenchReport) -> None:
    counts = [row.streams for row in report.streams]
    fps = [_fps(row, _own(row)) for row in report.streams]
    axis.plot(counts, fps, "o-", color=_OTHER)
    axis.set_ylim(0, 1.15 * max(fps))
    axis.set_xticks(counts)
    axis.set_ylabel("frames per second, all streams")
    axis.set_title("streams, one engine")


def _own(row: Row) -> str:
    return next(way for way in row.ways if way != FLOOR)


def _fps(row: Row, way: str) -> float:
    return median(turn.fps for turn in row.ways[way])
