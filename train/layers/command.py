"""`python -m train layers` prints what the layers reach, a part at a time; `python -m train border`
fits the regression of their border, `python -m train colours` that of its colours.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

PARTS = ("border", "light", "closed-form", "shadow", "steadiness", "cost")

_Material = Annotated[
    Path,
    typer.Argument(
        exists=True, file_okay=False, help="folder with foregrounds/, backgrounds/, splits.json"
    ),
]


def layers(
    data: Annotated[
        Path, typer.Argument(help="folder with foregrounds/, backgrounds/, rooms/ and clips/")
    ],
    only: Annotated[
        list[str] | None, typer.Option(help=f"measure only this of {', '.join(PARTS)}; repeatable")
    ] = None,
    count: Annotated[int, typer.Option(help="composites of each size")] = 30,
) -> None:
    """Measure the layers of edgeds video --layers on validation material.

    border and light: alpha, colours and re-composite at 720p and 1080p, the latter with plates of
    another exposure. closed-form: against closed-form matting, which needs the package pymatting.
    cost: CPU time of all layers over that of the overlay, at 1080p; give it a machine for itself.
    """
    unknown = set(only or ()) - set(PARTS)
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    for part in only or PARTS:
        for name, figures in _MEASURES[part](data, count).items():
            rounded = {key: round(value, 4) for key, value in figures.items()}
            typer.echo(json.dumps({"part": part, "of": name, **rounded}))


def border(
    data: _Material,
    out: Annotated[Path, typer.Option("-o", "--out", help="file of weights")],
    count: Annotated[int, typer.Option(min=1, help="composites")] = 500,
    clips: Annotated[int, typer.Option(min=0, help="drawn walks, four frames of each")] = 72,
    drawn: Annotated[
        int, typer.Option(min=0, help="small pictures, half of them with plates that are off")
    ] = 200,
    sets: Annotated[
        list[Path] | None, typer.Option(help="sets with alpha, such as DATA/rooms; repeatable")
    ] = None,
    of_set: Annotated[int, typer.Option(min=1, help="pictures of each set")] = 200,
    steps: Annotated[int, typer.Option(min=1, help="of 2048 squares")] = 300_000,
    start: Annotated[
        Path | None, typer.Option(help="weights to begin with, such as those in use")
    ] = None,
    finer: Annotated[
        bool, typer.Option(help="for frames over 640x480: border_weights_finer.npz")
    ] = False,
    like: Annotated[
        list[Path] | None, typer.Option(help="weights whose mean answer is imitated; repeatable")
    ] = None,
) -> None:
    """Fit the regression that draws the border at full size, on training material.

    Half of the composites, walks and sets are frames of compressed video. Replace
    edgeds/estimate/border_weights.npz with the file. A core takes some ten minutes for the
    pictures and forty for the steps.
    """
    from train.layers.border_fit import fit

    error = fit(
        data, out, count=count, clips=clips, drawn=drawn, sets=sets or [], of_set=of_set,
        steps=steps, start=start, like=like or [], say=_say, finer=finer,
    )  # fmt: skip
    typer.echo(f"{out}: mean error of alpha at the border {error:.4f}")


def colours(
    data: _Material,
    out: Annotated[Path, typer.Option("-o", "--out", help="file of weights")],
    count: Annotated[int, typer.Option(min=1, help="composites")] = 540,
    steps: Annotated[int, typer.Option(min=1, help="of 2048 pixels")] = 8000,
) -> None:
    """Fit how the colours of the foreground's border are weighed, on training material.

    Replace edgeds/estimate/colour_weights.npz with the file. A core takes some ten minutes for the
    pictures and one for the steps.
    """
    from train.layers.colour_fit import fit

    error = fit(data, out, count=count, steps=steps, say=_say)
    typer.echo(f"{out}: mean error of colours at the border {error:.2f} levels")


Figures = dict[str, dict[str, float]]
SIZES = {"720p": (720, 1280), "1080p": (1080, 1920)}


def _border(data: Path, count: int) -> Figures:
    from edgeds.engine import open_engine
    from edgeds.estimate.look_settings import WHOLE
    from train.layers.border_figures import border_figures
    from train.layers.composites import composites

    engine, found = open_engine(), {}
    for name, size in SIZES.items():
        found[name] = border_figures(engine, composites(data, size, count))
        if name == "720p":
            pictures = composites(data, size, count)
            found[f"{name}, the network sees the whole"] = border_figures(engine, pictures, WHOLE)
    return found


def _light(data: Path, count: int) -> Figures:
    from edgeds.engine import open_engine
    from train.layers.border_figures import border_figures
    from train.layers.composites import composites

    engine, size = open_engine(), SIZES["720p"]
    return {
        f"plate {ev:+.1f} EV": border_figures(
            engine, (one.with_light(ev) for one in composites(data, size, count))
        )
        for ev in (0.3, -0.3)
    }


def _closed_form(data: Path, count: int) -> Figures:
    from edgeds.engine import open_engine
    from edgeds.sources.process_memory import keep_arrays_of_layers, return_large_arrays
    from train.layers.border_figures import closed_form_figures
    from train.layers.composites import composites

    return_large_arrays()  # as `edgeds video --layers` does
    keep_arrays_of_layers()
    pictures = composites(data, SIZES["720p"], count)
    return {"720p": closed_form_figures(open_engine(), pictures)}


def _shadow(data: Path, _count: int) -> Figures:
    from edgeds.engine import open_engine
    from edgeds.evaluation.dataset import read_set
    from train.layers.layer_figures import shadow_figures

    return {"rooms *7": shadow_figures(open_engine(), read_set(data / "rooms").of_scenes("*7"))}


def _steadiness(data: Path, _count: int) -> Figures:
    from edgeds.engine import open_engine
    from edgeds.evaluation.dataset import read_set
    from train.layers.layer_figures import steadiness_figures

    clip = read_set(data / "clips" / "moving_person")
    return {clip.name: steadiness_figures(open_engine(), clip)}


def _cost(data: Path, _count: int) -> Figures:
    import cv2
    import numpy as np

    from edgeds.engine import open_engine
    from edgeds.evaluation.dataset import read_set
    from edgeds.evaluation.sample import load
    from edgeds.plate.plate import Plate
    from edgeds.sources.process_memory import keep_arrays_of_layers, return_large_arrays
    from edgeds.types import Frame
    from train.layers.layer_figures import cost_figures

    return_large_arrays()  # as `edgeds video --layers` does
    keep_arrays_of_layers()
    size = SIZES["1080p"][::-1]
    samples = [load(item) for item in read_set(data / "clips" / "moving_person").items]
    frames = [
        Frame(np.asarray(cv2.resize(sample.frame, size), np.uint8), index=number)
        for number, sample in enumerate(samples)
    ]
    plate = Plate(np.asarray(cv2.resize(samples[0].plate, size), np.uint8), origin="file")
    return {"1080p": cost_figures(open_engine(), frames, plate)}


_MEASURES: dict[str, Callable[[Path, int], Figures]] = {
    "border": _border,
    "light": _light,
    "closed-form": _closed_form,
    "shadow": _shadow,
    "steadiness": _steadiness,
    "cost": _cost,
}


def _say(text: str) -> None:
    typer.echo(text, err=True)
