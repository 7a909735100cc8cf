"""The command `python -m train worlds`: parses, builds and prints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def worlds(
    kind: Annotated[
        str,
        typer.Argument(
            help="rooms, desks, flats, streets, interiors, halls, tracks, visited, things, close, "
            "walks"
        ),
    ],
    data: Annotated[
        Path, typer.Argument(help="folder with backgrounds/, textures/, models and splits.json")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", file_okay=False, help="folder of the set")
    ],
    count: Annotated[
        int, typer.Option(min=1, help="number of worlds; several cameras look at each")
    ] = 1500,
    furniture: Annotated[
        Path | None, typer.Option(help="folder of unpacked Sweet Home 3D libraries (.sh3f)")
    ] = None,
    tracks: Annotated[
        Path | None,
        typer.Option(help="folder of SuperTuxKart's data (default: Debian's supertuxkart-data)"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="the same seed gives the same worlds")] = 1,
    val: Annotated[
        bool, typer.Option("--val", help="use validation material; the scenes' names end in 7")
    ] = False,
    processes: Annotated[int, typer.Option(min=1, help="number of processes")] = 1,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="work on a Ray cluster: auto, HOST:PORT or local"),
    ] = None,
) -> None:
    """Draw worlds with exact depth, as a training set for fit. A stopped run continues.

    The manifest gets a line for each finished item, so that fit can already read the set.
    """
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    from train.worlds.drawing import draw_worlds
    from train.worlds.kinds import KINDS
    from train.worlds.track_models import TRACKS

    if kind not in KINDS:
        raise typer.BadParameter(f"no kind {kind!r}: there are {', '.join(KINDS)}")
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task(kind, total=count)
        for done in draw_worlds(
            kind, data, output, count, furniture=furniture, tracks=tracks or TRACKS, seed=seed,
            val=val, processes=processes, ray=ray,
        ):  # fmt: skip
            bar.update(task, completed=done)
