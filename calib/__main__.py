"""The command line of calibration sets, from a checkout: `python -m calib`.

This module parses, builds and prints. The other modules of the package do the work.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from edgeds.evaluation.settings import CALIBRATION

app = typer.Typer(no_args_is_help=True, add_completion=False)

MIN = CALIBRATION.min_frames
Output = Annotated[Path, typer.Option("-o", "--output", file_okay=False, help="folder of the set")]
Quality = Annotated[int, typer.Option(min=50, max=100, help="of the JPEG pictures")]


@app.callback()
def main() -> None:
    """Make calibration sets for INT8 engines."""


@app.command()
def compose(
    data: Annotated[
        Path, typer.Argument(help="training folder, with splits.json and LICENSES.tsv")
    ],
    output: Output,
    count: Annotated[int, typer.Option(min=MIN, help="number of frames")] = 520,
    height: int = 192,
    width: int = 320,
    seed: int = 1,
    quality: Quality = 68,
) -> None:
    """Compose the set that comes with edgeds, from training material with a free licence."""
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    from calib.compose import composed

    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task("compose", total=count)
        composed(
            data,
            output,
            count=count,
            size=(height, width),
            seed=seed,
            quality=quality,
            on_item=lambda: bar.advance(task),
        )
    _tell(output)


@app.command()
def sample(
    sources: Annotated[
        list[Path],
        typer.Argument(help="clips, folders of images, and sets (folders or .zip)"),
    ],
    output: Output,
    count: Annotated[int, typer.Option(min=MIN, help="number of frames, at most")] = 600,
    height: Annotated[int, typer.Option(help="of the pictures; 0 keeps the source's")] = 192,
    width: Annotated[int, typer.Option(help="of the pictures; 0 keeps the source's")] = 320,
    quality: Quality = 92,
) -> None:
    """Sample a set from many sources, with an equal share of each and without near-duplicates."""
    from calib.sample import sampled

    sampled(
        sources,
        output,
        count=count,
        size=(height, width) if height and width else None,
        quality=quality,
        on_source=lambda path, frames: typer.echo(f"{path}: {frames} frames"),
    )
    _tell(output)


@app.command()
def pack(
    folder: Annotated[Path, typer.Argument(help="folder of a set")],
    output: Annotated[Path, typer.Option("-o", "--output", help="the .zip")],
) -> None:
    """Pack a set into one .zip, which every command reads like a folder."""
    from calib.pack import packed
    from edgeds.evaluation.dataset import read_set

    read_set(folder)
    packed(folder, output)
    _tell(output)


def _tell(output: Path) -> None:
    from edgeds.engine.build.calibration_set import read_calibration_set

    found = read_calibration_set(output)
    files = [output] if output.is_file() else [f for f in output.rglob("*") if f.is_file()]
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    typer.echo(
        f"{output}: {found.frames} frames, {len(found.held_out)} of them held out, "
        f"{megabytes:.1f} MB, hash {found.hash[:12]}"
    )
    if found.warning:
        typer.echo(f"warning: {found.warning}; a larger --count or more sources", err=True)


def main_command() -> None:
    """Run `app`. Bad input gives one line and exit code 2."""
    from edgeds.errors import EdgedsError

    try:
        app()
    except (EdgedsError, FileNotFoundError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main_command()
