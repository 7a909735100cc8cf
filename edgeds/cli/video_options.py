"""Options of `edgeds video` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

ClipArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="IN", help="A video file, an image folder or a quoted glob.")
]
PlateOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("-b", "--plate", help="Picture of the empty scene. Default: estimated from IN."),
]
OutputOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        help="Video, image folder or pattern out/%05d.png; a new folder for --layers. "
        "Default: IN.edgeds.mp4, IN.layers.",
    ),
]
SheetOption: TypeAlias = Annotated[
    Path | None, typer.Option(help="Also write a PNG contact sheet to look at.")
]
SavePlateOption: TypeAlias = Annotated[
    Path | None, typer.Option(help="Also save the plate, as .npz or .png.")
]
