"""`python -m train worlds`. It parses, builds and prints; everything else is in its neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def worlds(
    kind: Annotated[str, typer.Argument(help="what to draw: a name of train.worlds.kinds")],
    data: Annotated[
        Path, typer.Argument(help="folder with backgrounds, textures, models, splits.json")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="folder of the set")],
    count: Annotated[int, typer.Option(help="worlds; cameras see each several times")] = 1500,
    furniture: Annotated[
        Path | None, typer.Option(help="folder of unpacked Sweet Home 3D libraries (.sh3f)")
    ] = None,
    seed: Annotated[int, typer.Option(help="the same seed draws the same")] = 1,
    val: Annotated[
        bool, typer.Option("--val", help="of validation material, scenes that end in 7")
    ] = False,
    processes: Annotated[int, typer.Option(help="at once")] = 1,
) -> None:
    """Draw worlds with exact depth, as a set for fit; goes on where it was stopped. The manifest
    has a line for each item that is finished.
    """
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    from train.worlds.drawing import draw_worlds
    from train.worlds.kinds import KINDS

    if kind not in KINDS:
        raise typer.BadParameter(f"no kind {kind!r}: there are {', '.join(KINDS)}")
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task(kind, total=count)
        for done in draw_worlds(
            kind, data, output, count, furniture=furniture, seed=seed, val=val, processes=processes
        ):
            bar.update(task, completed=done)
