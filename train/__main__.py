"""The command line of training: `python -m train`.

This module parses, builds and prints. The other modules of the package do the work.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from train.commands import set_commands, weights_commands
from train.commands.given_sets import Scenes, sets_of
from train.layers.command import border, colours, layers
from train.measure.feet import feet
from train.measure.watch import watch
from train.worlds.command import worlds

if TYPE_CHECKING:
    from edgeds.evaluation.dataset import Dataset
    from train.run.task import Task

app = typer.Typer(no_args_is_help=True, add_completion=False)
OWN = (worlds, feet, watch, layers, border, colours)
for command in (*OWN, *weights_commands.COMMANDS, *set_commands.COMMANDS):
    app.command()(command)


@app.callback()
def main() -> None:
    """Train the network of edgeds, measure it, and export it to an engine."""


@app.command()
def fit(
    data: Annotated[
        Path, typer.Argument(help="folder with foregrounds/, backgrounds/, rooms/ and splits.json")
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="folder of the run; a run that is in it continues"),
    ],
    minutes: Annotated[
        float | None, typer.Option(help="length of the run in minutes of training")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="length of the run in steps")] = None,
    recipe: Annotated[Path | None, typer.Option(help="a .json; missing keys have defaults")] = None,
    sets: Annotated[
        list[Path] | None,
        typer.Option("--set", help="also train on this set's scenes, without *7"),
    ] = None,
    drawn: Annotated[
        list[Path] | None, typer.Option("--worlds", help="a set that `train worlds` wrote")
    ] = None,
    weights: Annotated[Path | None, typer.Option(help="start from this .safetensors file")] = None,
    parts: Annotated[Path | None, typer.Option(help="a folder that compose wrote")] = None,
    first_parts: Annotated[int | None, typer.Option(help="use only the first N parts")] = None,
    plate_depth: Annotated[
        Path | None,
        typer.Option(help="an engine whose plate network guesses the depth of photographs"),
    ] = None,
    threads: Annotated[int, typer.Option(help="at most; fewer while others use the cores")] = 2,
) -> None:
    """Train the network that the recipe names, or continue the run in OUTPUT."""
    from train.commands.tasks import frame_task, plate_task
    from train.run.imagenet import imagenet_weights
    from train.run.recipe import recipe_from_json
    from train.run.run_state import Run
    from train.run.torchrun import processes
    from train.run.training_log import train_and_log

    if (minutes is None) == (steps is None):
        raise typer.BadParameter("give --minutes or --steps")
    output.mkdir(parents=True, exist_ok=True)
    text = recipe.read_text() if recipe else "{}"
    chosen = replace(recipe_from_json(text), minutes=minutes, steps=steps)
    task: Task
    if chosen.network != "plate-depth":
        task = frame_task(data, chosen, sets or [], drawn or [], parts, first_parts, plate_depth)
    elif sets or parts or plate_depth:
        raise typer.BadParameter("the plate's network takes no --set, --parts or --plate-depth")
    else:
        task = plate_task(data, chosen, drawn or [])
    with processes() as among:
        run = Run(chosen, output, among, build=task.build)
        if (output / "run.pt").exists():
            run.load()
            typer.echo(f"continuing at step {run.step}, {run.progress:.0%}")
        elif weights is not None:
            run.start_from_weights(weights)
        else:
            run.start_from_imagenet(imagenet_weights())
        train_and_log(task, run, threads=threads)


@app.command()
def compose(
    foregrounds: Annotated[Path, typer.Argument(help="folder of cut-outs with alpha")],
    backgrounds: Annotated[Path, typer.Argument(help="folder of pictures")],
    output: Annotated[Path, typer.Option("-o", "--output", help="folder of the zip parts")],
    places: Annotated[int, typer.Option(help="random places of each pair, also mirrored")] = 20,
    parts: Annotated[int, typer.Option(help="number of zip files")] = 5,
    height: int = 192,
    width: int = 320,
    teacher: Annotated[
        Path | None, typer.Option(help="ONNX depth network or engine folder for the depth")
    ] = None,
    seed: int = 1,
    processes: Annotated[int, typer.Option(min=1, help="number of processes")] = 2,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="work on a Ray cluster: auto, HOST:PORT or local"),
    ] = None,
) -> None:
    """Compose every cut-out over every background, in zip parts. A stopped run continues."""
    import time

    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    from train.sets.compose import Plan, composed

    kinds = (".png", ".webp", ".jpg", ".jpeg")
    found = (
        sorted(p for p in f.absolute().iterdir() if p.suffix in kinds)
        for f in (foregrounds, backgrounds)
    )
    cutouts, scenes = (tuple(paths) for paths in found)
    plan = Plan(
        foregrounds=cutouts,
        backgrounds=scenes,
        output=output.absolute(),
        places=places,
        parts=parts,
        size=(height, width),
        seed=seed,
        teacher=teacher and teacher.absolute(),
    )
    began = time.monotonic()
    columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task("compose", total=plan.pictures)
        written = composed(
            plan, processes=processes, on_pictures=lambda n: bar.advance(task, n), ray=ray
        )
    rate = plan.pictures / max(time.monotonic() - began, 1e-3)
    typer.echo(f"{plan.pictures} pictures in {len(written)} parts, {rate:.0f} pictures/s")


@app.command()
def failures(
    weights: Annotated[Path, typer.Argument(help="a .safetensors file that fit wrote")],
    sets: Annotated[list[Path], typer.Argument(help="sets to search; of rooms, only scenes *7")],
    output: Annotated[Path, typer.Option("-o", "--output", help="a .jpg")],
    rows: int = 7,
    furniture: weights_commands.Furniture = None,
) -> None:
    """Draw the items on which these weights are worst, at most one per scene."""
    from edgeds.engine import open_engine
    from train.export.engine_folder import engine_for_a_while
    from train.measure.failures import worst, write_failures
    from train.sets.shown_licences import Shown

    read = _validation_sets(sets)
    with engine_for_a_while(weights) as folder, open_engine(folder) as engine:
        found = worst(engine, read, rows, Shown(furniture))
    write_failures(found, output)
    typer.echo(f"{output}: IoU " + ", ".join(f"{failure.iou:.3f}" for failure in found))


@app.command()
def protocol(
    weights: Annotated[Path, typer.Argument(help="a .safetensors file that fit wrote")],
    sets: Annotated[list[Path], typer.Argument(help="sets with a manifest.jsonl")],
    scenes: Scenes = None,
) -> None:
    """Measure weights as the course projects did: RMS errors of mask and depth at 224x224.

    Prints one line of JSON per set.
    """
    import json

    from edgeds.engine import open_engine
    from train.export.engine_folder import engine_for_a_while
    from train.measure.protocol import SIDE, measured

    with (
        engine_for_a_while(weights, size=(SIDE, SIDE)) as folder,
        open_engine(folder) as engine,
    ):
        for dataset in sets_of(sets, scenes):
            found = measured(engine, dataset)
            roots = {"mask_rms": found.mask.root_mean, "depth_rms": found.depth.root_mean}
            typer.echo(json.dumps({"set": dataset.name} | roots))


@app.command()
def compare(
    data: Annotated[Path, typer.Argument(help="the folder to train on, as for fit")],
    sets: Annotated[list[Path], typer.Argument(help="sets to score on; of rooms, only scenes *7")],
    output: Annotated[Path, typer.Option("-o", "--output", help="folder of the runs")],
    steps: Annotated[int, typer.Option(help="steps of each, of 16 samples of 128x224")] = 500,
    only: Annotated[list[str] | None, typer.Option(help="names of variants. Default: all")] = None,
    threads: int = 2,
) -> None:
    """Train variants of the network in the same way, and score them.

    Prints one line of JSON per variant and set. A stopped run continues.
    """
    import json

    from train.run.imagenet import imagenet_weights
    from train.samples.material import material_from_folder
    from train.variants.compare_variants import compared
    from train.variants.variants import VARIANTS

    known = [*VARIANTS, "siamese"]
    names = only or known
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise typer.BadParameter(f"no variant {unknown[0]!r}: there are {', '.join(known)}")
    material, imagenet = material_from_folder(data), imagenet_weights()
    scored = _validation_sets(sets)
    for name in names:
        records = compared(
            VARIANTS.get(name, VARIANTS["shipped"]),
            material,
            scored,
            output / name,
            imagenet=imagenet,
            steps=steps,
            threads=threads,
            plate_gradients=name == "siamese",
        )
        for record in records:
            typer.echo(json.dumps(record))


@app.command()
def cost(
    weights: Annotated[Path, typer.Argument(help="a .safetensors file that fit wrote")],
    height: int = 192,
    width: int = 320,
    threads: int = 2,
) -> None:
    """Measure the frame graph's GMAC and its time against EfficientNet-Lite0 at 224x224."""
    import json
    import tempfile

    from edgeds.engine.network.weights_file import load_weights
    from train.variants.cost import measured_cost

    with tempfile.TemporaryDirectory() as folder:
        network = load_weights(weights)
        found = measured_cost(network, (height, width), Path(folder), threads=threads)
    typer.echo(json.dumps(found))


def _validation_sets(paths: list[Path]) -> list[Dataset]:
    """The sets; of the rooms, only the scenes that no network is trained on."""
    from edgeds.evaluation.dataset import read_set

    read = [read_set(path) for path in paths]
    return [one.of_scenes("*7") if one.name == "rooms" else one for one in read]


def main_command() -> None:
    """Run `app`. Bad input gives one line and exit code 2."""
    from edgeds.engine.network.export import SizeError
    from edgeds.engine.network.weights_file import WeightsError
    from edgeds.errors import EdgedsError
    from train.run.recipe import RecipeError
    from train.samples.zip_parts import PartError

    bad_input = (EdgedsError, WeightsError, SizeError, RecipeError, PartError)
    try:
        app()
    except (*bad_input, ModuleNotFoundError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        typer.echo(f"error: {_in_words(error)}", err=True)
        wrong_name = (FileNotFoundError, FileExistsError, NotADirectoryError, IsADirectoryError)
        sys.exit(2 if isinstance(error, (*wrong_name, PermissionError)) else 1)


def _in_words(error: OSError) -> str:
    """An error of the system without its number; the program's own errors have none."""
    from edgeds.sources.media_errors import reason_of

    if error.errno is None:
        return str(error)
    name = "" if error.filename is None else f"{str(error.filename)!r}: "
    return f"{name}{reason_of(error).why}"


if __name__ == "__main__":
    main_command()
