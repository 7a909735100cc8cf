"""The options that commands share, so that they read and mean the same everywhere."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer

from edgeds.cli.option_groups import ENGINE, OUTPUT, PLATE
from edgeds.estimate.settings import Preset
from edgeds.views.settings import View

ViewOption: TypeAlias = Annotated[
    View, typer.Option("--view", help="What to show.", rich_help_panel=OUTPUT)
]
BackdropOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="For the view replace: an image, a video or a colour like #00b140.",
        rich_help_panel=OUTPUT,
    ),
]
OpacityOption: TypeAlias = Annotated[
    float, typer.Option(min=0, max=1, help="Opacity of the overlay's tint.", rich_help_panel=OUTPUT)
]
SteadyOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--steady",
        help="Keep the mask's border still where the picture is still; follow motion at once.",
        rich_help_panel=OUTPUT,
    ),
]
EngineOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="An engine's folder or name, in float; bf16 or bf16:FOLDER: in bfloat16; torch, "
        "torch-compile or torch-tensorrt: the shipped weights on torch, or yours as torch:FILE; "
        "difference: no network. Default: the best that runs here.",
        rich_help_panel=ENGINE,
    ),
]
DeviceOption: TypeAlias = Annotated[
    str, typer.Option(help="Where the network runs: auto, cpu or cuda:N.", rich_help_panel=ENGINE)
]
PresetOption: TypeAlias = Annotated[
    Preset,
    typer.Option(
        help="balanced: the network runs at 320x192. fast: 256x160; it does two thirds of the work "
        "and loses thin things. fine: 512x288; it does 2.5 times the work and is better for "
        "thin things and small people.",
        rich_help_panel=ENGINE,
    ),
]
PlateFixedOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--plate-fixed",
        help="Do not correct the plate's light and position during the run.",
        rich_help_panel=PLATE,
    ),
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]
