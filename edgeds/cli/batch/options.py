"""The options of `edgeds batch` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from edgeds.cli.option_groups import OUTPUT, PLATE
from edgeds.cli.same_file_twice import not_stdout

WORK = "Speed and repeats"

ClipsArgument: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        metavar="CLIPS...",
        help="Video files, folders (searched at any depth), quoted patterns, or a list.txt "
        "with a clip on each line. Its plate may follow after a tab.",
    ),
]
FolderOption: TypeAlias = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="DIR",
        help="Folder for the outputs.",
        callback=not_stdout,
        rich_help_panel=OUTPUT,
    ),
]
PlatesOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "-b",
        "--plate",
        help="A plate for all clips, or a folder with a plate for each camera or clip. "
        "Default: estimated from each clip.",
        rich_help_panel=PLATE,
    ),
]
VideoOptionsOption: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="OPTIONS",
        help="More options of `edgeds video`, in quotes; {out} is the output without its "
        'suffix: "--sheet {out}.png".',
        rich_help_panel=OUTPUT,
    ),
]
JobsOption: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="How many clips run at once on this machine. Default: cores / --cpus.",
        rich_help_panel=WORK,
    ),
]
CpusOption: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Cores for each clip.", rich_help_panel=WORK)
]
RayOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Use a Ray cluster: auto, HOST:PORT, ray://HOST:PORT, or local.",
        rich_help_panel=WORK,
    ),
]
RetriesOption: TypeAlias = Annotated[
    int,
    typer.Option(min=0, help="How often to retry a clip whose process died.", rich_help_panel=WORK),
]
AgainOption: TypeAlias = Annotated[
    bool,
    typer.Option("--again", help="Also process clips that are already done.", rich_help_panel=WORK),
]
