"""How well people who walk through measure a drawn scene: metres at their feet beside the truth.

`python -m train worlds walks` draws the clips: one camera each, people of random height, exact
depth. A clip is measured as `edgeds video` does it, from all of its frames.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer

from edgeds.estimate.estimator import Estimator
from edgeds.estimate.plate_depth_by_people import people_in, use_people
from edgeds.plate.ground.ground_from_people import Ground
from edgeds.plate.ground.metric_scale import metres_of
from edgeds.plate.plate import Plate
from edgeds.types import Engine, FloatMap, Frame
from train.samples.material import read_image, read_rgb

_ON_GROUND = 0.15
"""Feet count where the plate's true depth there is theirs to within this: nothing hides them."""
_HIGH = 0.5
"""So high on a person's body the depth of the frame is read, between feet and head."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One clip."""

    name: str
    found: str
    """What the ground is, or why there is none."""
    error: float | None
    """Median of |metres / true metres - 1| at feet, from the plate's depth; None: no ground."""
    person_error: float | None
    """As `error`, of the people themselves, from the depth of their frames."""
    feet: int
    said: float | None
    """The uncertainty that was said."""


def measured_clips(manifest: Path, engine: Engine) -> Iterator[Measured]:
    """
    Raises:
        FileNotFoundError: the set, or a picture of it, is missing.
    """
    clips: dict[str, list[dict[str, Any]]] = {}
    for line in manifest.read_text().splitlines():
        item = json.loads(line)
        if item.get("clip"):
            clips.setdefault(item["clip"], []).append(item)
    for name, items in sorted(clips.items()):
        yield _measured(name, items, manifest.parent, engine)


def _measured(name: str, items: list[dict[str, Any]], folder: Path, engine: Engine) -> Measured:
    frames = [read_rgb(folder / item["frame"]) for item in items]
    estimate = Estimator(engine, Plate(read_rgb(folder / items[0]["plate"])))
    people = people_in(frames, engine, estimate.plate)
    ground = use_people(estimate, people)
    depth_mm = read_image(folder / items[0]["plate_depth_mm"], cv2.IMREAD_UNCHANGED)
    true = np.asarray(depth_mm, np.float32) / np.float32(1000)
    if not isinstance(ground, Ground) or estimate.scale is None:
        return Measured(name, str(ground), None, None, 0, None)
    plate = metres_of(estimate.plate_depth, estimate.scale)
    off, off_people = [], []
    for item, pixels in zip(items, frames, strict=True):
        maps = estimate(Frame(pixels))
        metres = metres_of(maps.inverse_depth, estimate.scale)
        for person in item.get("people", ()):
            at, there = _pixel(person["feet_px"], true), float(person["depth_m"])
            if at is None or abs(true[at] / there - 1) > _ON_GROUND:
                continue
            off.append(abs(float(plate[at]) / there - 1))
            body = _pixel(_between(person["feet_px"], person["head_px"]), true)
            if body is not None and maps.alpha[body] > 0.5:
                off_people.append(abs(float(metres[body]) / there - 1))
    return Measured(
        name, ground.words(), _median(off), _median(off_people), len(off), ground.uncertainty
    )


def _pixel(row_column: list[float], of: FloatMap) -> tuple[int, int] | None:
    row, column = (round(value) for value in row_column)
    inside = 0 <= row < of.shape[0] and 0 <= column < of.shape[1]
    return (row, column) if inside else None


def _between(feet: list[float], head: list[float]) -> list[float]:
    return [f + _HIGH * (h - f) for f, h in zip(feet, head, strict=True)]


def _median(values: list[float]) -> float | None:
    return float(np.median(values)) if values else None


def feet(
    data: Annotated[Path, typer.Argument(help="a set that `train worlds walks` drew")],
    engine: Annotated[str | None, typer.Option(help="default: the shipped one")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Measure the ground of drawn clips by their people, beside the truth."""
    from edgeds.engine import open_engine

    cv2.setNumThreads(1)
    done = []
    with open_engine(engine, device="cpu") as network:
        for clip in measured_clips(data / "manifest.jsonl", network):
            done.append(clip)
            if not as_json:
                typer.echo(f"{clip.name}: {_words(clip)}", err=True)
    errors, of_people = (
        [value for clip in done if (value := getattr(clip, name)) is not None]
        for name in ("error", "person_error")
    )
    result = {
        "clips": len(done),
        "accepted": len(errors),
        "error_median": _median(errors),
        "error_worst": max(errors, default=None),
        "person_error_median": _median(of_people),
        "said_median": _median([clip.said for clip in done if clip.said is not None]),
    }
    typer.echo(json.dumps(result, indent=None if as_json else 1))


def _words(clip: Measured) -> str:
    if clip.error is None:
        return clip.found
    of_people = "-" if clip.person_error is None else f"{clip.person_error:.1%}"
    return f"{clip.error:.1%} at {clip.feet} feet, {of_people} at people; {clip.found}"
