"""Commands of `python -m train` about sets and what they show. They parse, build and print."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from train.commands.given_sets import Scenes, sets_of
from train.measure.agreement import compare_passes
from train.measure.nearness import nearness


def draw(
    kind: Annotated[str, typer.Argument(help="exact, wrong, moving, holes or walks")],
    data: Annotated[
        Path, typer.Argument(help="folder with foregrounds/, backgrounds/, splits.json")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", file_okay=False, help="folder of the set")
    ],
    count: Annotated[int, typer.Option(min=1, help="number of items")] = 60,
    train: Annotated[
        bool, typer.Option("--train", help="from training material, to choose on")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="the same seed draws the same pictures")] = 1,
) -> None:
    """Draw a set for `edgeds eval`: composites, or what is hard for the network."""
    from rich.progress import track

    from train.sets.eval_sets import NAMES, draw_set

    if kind not in NAMES:
        raise typer.BadParameter(f"no kind {kind!r}: there are {', '.join(NAMES)}")
    drawn = draw_set(kind, data, output, count, seed=seed, split="train" if train else "val")
    for _ in track(drawn, kind, total=count):
        pass


def items(
    sets: Annotated[list[Path], typer.Argument(help="sets with a manifest.jsonl")],
    weights: Annotated[
        Path | None, typer.Option(help="a .safetensors file. Default: the engine that edgeds uses")
    ] = None,
    scenes: Scenes = None,
) -> None:
    """Score the quarter of a set with the least foreground, and count the items whose alpha the
    border refinement makes worse by over 5 %.

    Prints one line of JSON per set.
    """
    from contextlib import nullcontext

    from edgeds.engine import open_engine
    from train.export.engine_folder import engine_for_a_while
    from train.measure.items import item_scores, summary

    chosen = nullcontext(None) if weights is None else engine_for_a_while(weights)
    with chosen as folder, open_engine(folder) as engine:
        for dataset in sets_of(sets, scenes):
            found = summary(list(item_scores(engine, dataset)))
            typer.echo(json.dumps({"set": dataset.name} | found))


def looks(
    clip: Annotated[
        Path,
        typer.Argument(help="a clip, or anything that edgeds reads; or a set, which is scored too"),
    ],
    plate: Annotated[Path | None, typer.Option(help="Default: estimated from the clip")] = None,
    weights: Annotated[
        Path | None, typer.Option(help="a .safetensors file. Default: the engine that edgeds uses")
    ] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=NUMBER", help="another value of a LookSettings; repeat it"),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="only the first N frames")] = None,
) -> None:
    """Count the looks of the network that a clip takes per frame: the cost of looking at parts.

    Prints one line of JSON. It counts, so the machine may be busy.
    """
    from contextlib import nullcontext
    from itertools import chain, islice

    from edgeds.engine import open_engine
    from edgeds.evaluation.dataset import MANIFEST, read_set
    from edgeds.plate.open_plate import open_plate
    from edgeds.sources import open_source
    from train.export.engine_folder import engine_for_a_while
    from train.measure.looks_cost import look_settings, looks_of_clip
    from train.measure.looks_quality import looks_of_set

    settings = look_settings(setting or [])
    chosen = nullcontext(None) if weights is None else engine_for_a_while(weights)
    if (clip / MANIFEST).is_file():
        dataset = read_set(clip)
        dataset = dataset if limit is None else dataset.first(limit)
        with chosen as folder, open_engine(folder) as engine:
            typer.echo(json.dumps({"set": clip.name} | looks_of_set(engine, dataset, settings)))
        return
    with chosen as folder, open_engine(folder) as engine, open_source(clip) as source:
        frames = iter(islice(source, limit))
        first = next(frames)
        empty = open_plate(plate, clip, first.size)
        found = looks_of_clip(engine, empty, chain((first,), frames), settings)
    typer.echo(json.dumps({"clip": clip.name} | found))


def hints(
    weights: Annotated[Path, typer.Argument(help="weights of a network with hints")],
    sets: Annotated[list[Path], typer.Argument(help="sets with depth and with people")],
    scenes: Scenes = None,
    engine: Annotated[
        Path | None, typer.Option(help="whose plate network is asked. Default: the shipped one")
    ] = None,
    height: int = 192,
    width: int = 320,
) -> None:
    """Score what a network gains from the depth that the plate network gives.

    Prints one line of JSON per set: alpha and depth, each without the hint and with it.
    """
    from edgeds.engine.network.weights_file import load_weights
    from edgeds.engine.plate_depth_engine import open_plate_depth
    from train.measure.hint_scores import scores_of_set

    network, depth_network = load_weights(weights), open_plate_depth(engine, device="cpu")
    if not network.config.hints:
        raise typer.BadParameter("this network has no hints: train it with mix.hints")
    if depth_network is None:
        raise typer.BadParameter("the engine has no network for the plate's depth")
    for dataset in sets_of(sets, scenes):
        found = scores_of_set(network, dataset, depth_network, (height, width))
        typer.echo(json.dumps(found))


def noise(
    weights: Annotated[Path, typer.Argument(help="weights of a network with hints")],
    data: Annotated[
        Path, typer.Argument(help="folder with foregrounds/, backgrounds/, splits.json")
    ],
    count: Annotated[int, typer.Option(help="number of scenes; every fifth is still")] = 40,
    val: Annotated[
        bool, typer.Option("--val", help="from validation material, to report, not to choose on")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="the same seed films the same scenes")] = 11,
    height: int = 192,
    width: int = 320,
) -> None:
    """Score what a network gains from the plate's noise, in filmed scenes that move or do not.

    Prints one line of JSON for each kind of plate, background and frame: alpha's error, shares of
    false and of missed pixels, each without the noise and with it.
    """
    from edgeds.engine.torch_cuda import open_weights
    from train.measure.noise_scores import noise_scores
    from train.samples.material import material_from_folder

    material = material_from_folder(data, split="val" if val else "train")
    with open_weights(weights, device="cpu", size=(height, width)) as engine:
        if not engine.takes_noise:
            raise typer.BadParameter("this network has no hints: train it with mix.hints")
        for line in noise_scores(engine, material, count, seed=seed):
            typer.echo(json.dumps(line))


def register(
    given: Annotated[Path, typer.Argument(metavar="SET", help="a set with depth")],
    output: Annotated[
        Path, typer.Option("-o", "--output", file_okay=False, help="folder of the registered copy")
    ],
) -> None:
    """Bring depth that another lens saw to the frames of a set: their edges tell scale and shift.

    Prints one line of JSON: how well edges agreed before and after, and the registration.
    """
    from train.sets.registration import write_registered

    before, found = write_registered(given, output)
    typer.echo(json.dumps({"edges agreed": before.agreement, **asdict(found)}))


COMMANDS = (draw, items, looks, hints, noise, compare_passes, nearness, register)
