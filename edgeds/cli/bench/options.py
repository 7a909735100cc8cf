"""The options of `edgeds bench` that say what to measure, and on what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from edgeds.cli.bench.settings import BENCH

PARTS = "More to measure"
CLIP = "Clips"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipOptions:
    """What runs through edgeds."""

    heading: ClassVar[str] = CLIP

    at: Annotated[
        list[str] | None,
        typer.Option(metavar="WxH", help="Frame size to measure at. May be given several times."),
    ] = None
    frames: Annotated[
        int, typer.Option(min=2, help="Frames of a run up to 1280x720; larger frames get fewer.")
    ] = BENCH.frames
    turns: Annotated[
        int, typer.Option(min=1, help="How often edgeds and the plain transcode take turns.")
    ] = BENCH.turns
    clip: Annotated[
        Path | None,
        typer.Option(help="Measure on this video, brought to each size. Default: a drawn scene."),
    ] = None
    quick: Annotated[
        bool,
        typer.Option("--quick", help="A few frames and one turn: a trial, without valid figures."),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOptions:
    """Parts of the report that take more time."""

    heading: ClassVar[str] = PARTS

    presets: Annotated[
        bool, typer.Option("--presets", help="Every preset, and the network of every engine.")
    ] = False
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Masks by MediaPipe selfie segmentation and by OpenCV's MOG2 and KNN.",
        ),
    ] = False
    mediapipe_python: Annotated[
        str,
        typer.Option(
            metavar="PYTHON",
            help="For --compare: the Python that has MediaPipe and PyAV, if it is not this one.",
        ),
    ] = ""
    scenes: Annotated[
        bool, typer.Option("--scenes", help="Static, sparse, busy and close-up clips.")
    ] = False
    streams: Annotated[
        bool, typer.Option("--streams", help="One, two and four streams in one process.")
    ] = False
    every: Annotated[
        bool, typer.Option("--all", help="All of these, and the start of the process.")
    ] = False
