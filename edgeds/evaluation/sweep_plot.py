"""Draws the sweep's curves. Needs matplotlib, which is optional. Knows nothing about estimators."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgeds.errors import InputError
from edgeds.evaluation.plate_errors import PERTURBATIONS
from edgeds.evaluation.sweep import Point
from edgeds.sinks.atomic_files import check_writable
from edgeds.sinks.plots import save_plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOUR = "#2a6fbb"


def check_can_plot(path: Path) -> None:
    """Check that curves can be drawn into a file, before time is spent on the points.

    Raises:
        InputError: matplotlib is not installed.
        SinkError: the file cannot be written.
    """
    check_writable(path, "the plot")
    if importlib.util.find_spec("matplotlib") is None:
        raise InputError(
            "cannot draw the curves",
            why="matplotlib is not installed",
            fix="pip install edgeds[plot]",
        )


def plot(points: tuple[Point, ...], title: str, path: Path) -> None:
    """Draw MAD over strength, a panel for each plate error, into an image file.

    Raises:
        InputError: matplotlib is not installed.
        SinkFailed: the file cannot be written.
    """
    check_can_plot(path)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 6.5), layout="constrained")
    figure.suptitle(title)
    panels = figure.subplots(2, 4, sharey=True).flat
    for error, panel in zip(PERTURBATIONS, panels, strict=False):
        curve = [(p.strength, p.means["mad"]) for p in points if p.error == error.name]
        panel.plot(
            range(1, 6), [1000 * m.value if m else np.nan for _, m in curve], "o-", color=COLOUR
        )
        panel.fill_between(
            range(1, 6),
            [1000 * m.interval[0] if m and m.interval else np.nan for _, m in curve],
            [1000 * m.interval[1] if m and m.interval else np.nan for _, m in curve],
            alpha=0.2,
            color=COLOUR,
            linewidth=0,
        )
        panel.set_xticks(range(1, 6), [f"{strength:g}" for strength, _ in curve])
        panel.set_xlabel(f"{error.name} ({error.unit})")
        panel.set_yscale("symlog", linthresh=1)  # from perfect to hopeless in one picture
        _draw_references(panel, points)
    for panel in figure.axes[::4]:
        panel.set_ylabel("alpha MAD × 1000")
    legend = figure.axes[-1]
    legend.axis("off")
    legend.legend(*figure.axes[0].get_legend_handles_labels(), loc="center", frameon=False)
    save_plot(figure, path, kinds=".png")


def _draw_references(panel: Axes, points: tuple[Point, ...]) -> None:
    for name, label, style in (
        ("none", "the set as it is", ":"),
        ("all", "all errors at their middle", "--"),
    ):
        for point in points:
            mean = point.means["mad"]
            if point.error == name and mean:
                panel.axhline(1000 * mean.value, ls=style, c="#777", label=label)
