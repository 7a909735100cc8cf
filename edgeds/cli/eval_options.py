"""The options of `edgeds eval` alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from edgeds.cli.option_groups import OUTPUT
from edgeds.cli.same_file_twice import not_stdout

_ITEMS = "What is scored"
_MORE = "More scores"

SetArgument: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="SET", help="A folder or .zip that has a manifest.jsonl, or that file itself."
    ),
]
SaveOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        callback=not_stdout,
        help="Save the maps here: alpha/STEM.png (16-bit), inverse_depth/STEM.npy.",
        rich_help_panel=OUTPUT,
    ),
]
ScenesOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN",
        help="Score only these scenes, such as '*7'.",
        rich_help_panel=_ITEMS,
    ),
]
LimitOption: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Score only the first N items.", rich_help_panel=_ITEMS)
]
SweepOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--sweep", help="Also score alpha with growing errors in the plate.", rich_help_panel=_MORE
    ),
]
DriftOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--drift",
        help="Also score alpha while light and camera drift, with and without maintenance of the "
        "plate.",
        rich_help_panel=_MORE,
    ),
]
CasesOption: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="PATTERN",
        help="With --drift: the kinds of drift to score, such as 'nudge*'.",
        rich_help_panel=_MORE,
    ),
]
PlotOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="PNG", help="Draw the sweep's curves; implies --sweep.", rich_help_panel=_MORE
    ),
]
