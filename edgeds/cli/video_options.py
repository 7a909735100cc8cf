"""Options of `edgeds video` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from edgeds.cli.option_groups import OUTPUT, PLATE

ClipArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="IN", help="A video file, an image folder or a quoted glob.")
]
PlateOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "-b",
        "--plate",
        help="Picture of the empty scene. Default: estimated from IN.",
        rich_help_panel=PLATE,
    ),
]
OutputOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        help="Video file, image folder or pattern such as out/%05d.png; with --layers, a new "
        "folder. Default: IN.edgeds.mp4, or IN.layers.",
        rich_help_panel=OUTPUT,
    ),
]
SheetOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(help="Also write a PNG contact sheet to look at.", rich_help_panel=OUTPUT),
]
SavePlateOption: TypeAlias = Annotated[
    Path | None, typer.Option(help="Also save the plate, as .npz or .png.", rich_help_panel=PLATE)
]
