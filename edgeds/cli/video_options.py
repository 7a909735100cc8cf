"""Options of `edgeds video` alone, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from edgeds.views.settings import View

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
        help="Video, image folder or pattern out/%05d.png. Default: IN.edgeds.mp4.",
    ),
]
SheetOption: TypeAlias = Annotated[
    Path | None, typer.Option(help="Also write a PNG contact sheet to look at.")
]
SavePlateOption: TypeAlias = Annotated[
    Path | None, typer.Option(help="Also save the plate, as .npz or .png.")
]


def check_options(
    view: View, backdrop: str | None, sheet: Path | None, save_plate: Path | None
) -> None:
    """Refuse what cannot work, before the work.

    Raises:
        InputError, SinkError: which option, and why.
    """
    from edgeds.errors import InputError, SinkError
    from edgeds.plate.file import check_plate_target
    from edgeds.sinks.replacing import check_writable

    if backdrop is not None and view != "replace":
        raise InputError(
            "--backdrop was given, but no backdrop is shown",
            why=f"the view is {view!r}",
            fix="add --view replace, or leave --backdrop out",
        )
    if sheet is not None:
        if sheet.name != "-" and sheet.suffix.lower() != ".png":
            raise SinkError(
                f"cannot write the contact sheet {str(sheet)!r}",
                why="it must be a .png",
                fix="give a path such as sheet.png",
            )
        check_writable(sheet, "the contact sheet")
    if save_plate is not None:
        check_plate_target(save_plate)
