"""Commands of `python -m train` about weights, listed in COMMANDS.

They parse, build and print. The other modules of the package do the work.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from train.commands.given_sets import Scenes, sets_of

Weights = Annotated[Path, typer.Argument(help="a .safetensors file that fit wrote")]
Furniture = Annotated[
    Path | None,
    typer.Option(
        exists=True, file_okay=False,
        help="the furniture libraries of rooms, whose licences are there",
    ),
]  # fmt: skip


def export(
    weights: Weights,
    output: Annotated[
        Path, typer.Option("-o", "--output", file_okay=False, help="folder of the engine")
    ],
    height: int = 192,
    width: int = 320,
    metrics: Annotated[
        Path | None, typer.Option(help="a file with what evaluate printed, for the card")
    ] = None,
    recipe: Annotated[str, typer.Option(help="how it was trained, for the card")] = "",
    machine: Annotated[str, typer.Option(help="where it was trained, for the card")] = "",
) -> None:
    """Write an engine folder: plate.onnx, frame.onnx, card.json.

    Weights of the plate's network become plate_depth.onnx in the folder of an existing engine.
    """
    from edgeds.engine.network.plate_depth_network import PlateDepth
    from edgeds.engine.network.weights_file import kind_of_weights
    from train.export.engine_folder import engine_from_weights
    from train.plate_depth.plate_engine import add_plate_depth

    lines = metrics.read_text().splitlines() if metrics else []
    measured: dict[str, Any] = {report["set"]: report for report in map(json.loads, lines)}
    notes = {key: text for key, text in (("recipe", recipe), ("machine", machine)) if text}
    write = add_plate_depth if kind_of_weights(weights) == PlateDepth.kind else engine_from_weights
    card = write(weights, output, size=(height, width), metrics=measured, made=notes)
    typer.echo(f"{output}: {card.name}, {height}x{width}, {card.made}")


def ship_depth(
    weights: Annotated[Path, typer.Argument(help="weights of the plate's network that fit wrote")],
    sets: Annotated[
        list[Path], typer.Argument(help="sets with plates of known depth, to choose the share by")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", file_okay=False, help="folder of the engine")
    ],
    start: Annotated[Path, typer.Option(help="the frame network's weights that it started from")],
    share: Annotated[
        list[float] | None,
        typer.Option(help="a share of the trained weights to try; may be given several times"),
    ] = None,
    scenes: Scenes = None,
    keep: Annotated[
        Path | None, typer.Option(help="keep the chosen weights in this .safetensors file")
    ] = None,
    height: int = 192,
    width: int = 320,
) -> None:
    """Choose the best mean of trained weights and their start, and put it into an engine's folder.

    Writes plate_depth.onnx and its entries on the card. The best is the one with the least AbsRel,
    the mean over the sets. Choose by validation material, never by a set that is kept back.
    """
    from train.plate_depth.plate_choice import add_best_share

    read = sets_of(sets, scenes)
    card = add_best_share(
        weights, start, output, read, shares=share or [0.6, 0.8, 1.0], size=(height, width),
        keep=keep, say=typer.echo,
    )  # fmt: skip
    story = card.made["plate_depth"]
    typer.echo(f"{output}: share {story['share']:g} of {weights}, {height}x{width}")


def evaluate(
    weights: Weights,
    sets: Annotated[list[Path], typer.Argument(help="sets with a manifest.jsonl")],
    scenes: Scenes = None,
    plates: Annotated[
        bool,
        typer.Option(
            "--plates", help="score only the depth of the plates, computed as edgeds does"
        ),
    ] = False,
    height: int = 192,
    width: int = 320,
) -> None:
    """Score weights with the code of `edgeds eval`, on a temporary engine.

    Prints one line of JSON per set. Weights of the plate's network are scored on plates.
    """
    from edgeds.engine import open_engine
    from edgeds.engine.network.plate_depth_network import PlateDepth
    from edgeds.engine.network.weights_file import kind_of_weights
    from edgeds.estimate.estimator import Estimator
    from edgeds.evaluation.evaluate import evaluate as score
    from edgeds.plate.plate import Plate
    from train.export.engine_folder import engine_for_a_while
    from train.plate_depth.plate_engine import evaluated_on_plates, torch_depth

    read = sets_of(sets, scenes)
    if plates or kind_of_weights(weights) == PlateDepth.kind:
        network = torch_depth(weights, (height, width))
        for dataset in read:
            typer.echo(json.dumps(evaluated_on_plates(network, dataset).to_json()))
        return
    with (
        engine_for_a_while(weights, size=(height, width)) as folder,
        open_engine(folder) as engine,
    ):
        for dataset in read:
            report = score(dataset, lambda plate: Estimator(engine, Plate(plate, origin="file")))
            typer.echo(json.dumps(report.to_json()))


def depths(
    pictures: Annotated[list[Path], typer.Argument(help="pictures, folders of them, or clips")],
    weights: Annotated[
        list[Path],
        typer.Option("--weights", help="a .safetensors file; repeat the option to compare several"),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="a .jpg or .png")],
    count: Annotated[
        int, typer.Option(help="at most this many pictures of folders, evenly chosen")
    ] = 20,
    height: int = 192,
    width: int = 320,
    furniture: Furniture = None,
) -> None:
    """Draw pictures beside the inverse depth that each given network estimates for them.

    Of folders with a LICENSES.tsv, only pictures of a known licence that is not the GPL.
    """
    from edgeds.sources.settings import IMAGE_SUFFIXES
    from train.measure.depth_sheet import write_depth_sheet
    from train.plate_depth.plate_engine import torch_depth
    from train.sets.shown_licences import Shown, nothing_to_show

    found = [
        path
        for given in pictures
        for path in (sorted(given.iterdir()) if given.is_dir() else ())
        if path.suffix.lower() in IMAGE_SUFFIXES
    ]
    shown = Shown(furniture)
    found = [path for path in found if shown.file(path)]
    chosen = [path for path in pictures if path.is_file()]
    chosen += found[:: max(1, len(found) // count)][:count]
    if not chosen:
        raise nothing_to_show()
    networks = [torch_depth(path, (height, width)) for path in weights]
    write_depth_sheet(chosen, networks, output)
    typer.echo(f"{output}: {len(chosen)} pictures, {len(networks)} networks")


def average(
    earlier: Annotated[Path, typer.Argument(help="a .safetensors file that fit wrote")],
    later: Annotated[Path, typer.Argument(help="one that started from EARLIER")],
    output: Annotated[Path, typer.Option("-o", "--output", help="the mean, a .safetensors file")],
    share: Annotated[float, typer.Option(min=0, max=1, help="share of LATER in the mean")] = 0.5,
    hints: Annotated[
        float | None,
        typer.Option(min=0, help="add LATER's hints of the plate, times this; default: the share"),
    ] = None,
) -> None:
    """Write the mean of two networks' weights; one was trained starting from the other."""
    from train.export.average_weights import average_weights

    average_weights(earlier, later, output, share=share, hints=hints)


COMMANDS = (average, export, ship_depth, evaluate, depths)
