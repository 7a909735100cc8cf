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
        int, typer.Option(min=2, help="Frames of a run at up to 1280x720; larger sizes get fewer.")
    ] = BENCH.frames
    turns: Annotated[
        int,
        typer.Option(
            min=1,
            help="How many times to measure edgeds, and in turn a plain transcode of the clip "
            "(decode and encode alone).",
        ),
    ] = BENCH.turns
    clip: Annotated[
        Path | None,
        typer.Option(help="Measure on this video, scaled to each size. Default: a drawn scene."),
    ] = None
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Run few frames and one turn, as a trial: the figures are not valid."
        ),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOptions:
    """Parts of the report that take more time."""

    heading: ClassVar[str] = PARTS

    presets: Annotated[
        bool,
        typer.Option("--presets", help="Measure every preset, and the network of every engine."),
    ] = False
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Measure the masks of MediaPipe selfie segmentation and of OpenCV's MOG2 and KNN.",
        ),
    ] = False
    mediapipe_python: Annotated[
        str,
        typer.Option(
            metavar="PYTHON",
            help="For --compare: the Python that has MediaPipe and PyAV, if it is not this one. "
            'MediaPipe 0.10.21 has the model, later ones do not: pip install "mediapipe==0.10.21" '
            "av, with Python 3.9 to 3.12, in an environment of its own.",
        ),
    ] = ""
    scenes: Annotated[
        bool, typer.Option("--scenes", help="Measure static, sparse, busy and close-up clips.")
    ] = False
    streams: Annotated[
        bool, typer.Option("--streams", help="Measure one, two and four streams in one process.")
    ] = False
    every: Annotated[
        bool, typer.Option("--all", help="Measure all of these, and the start of the process.")
    ] = False
