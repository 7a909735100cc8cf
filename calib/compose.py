"""Makes the set that comes with edgeds: composites and rooms of training material with a free
licence.

Samples are those of training (`train.samples.frame_sample`): plates with other exposure, colour and
position, cast shadows, empty frames. Each comes from one background or one room, which is its
scene, so that held-out frames show places that calibration has not seen. Validation material is
never used.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calib.writer import SetWriter
from edgeds.engine.build.calibration_set import held_out
from edgeds.types import FloatMap
from train.samples.finishing import Sample
from train.samples.frame_sample import composite_sample, room_sample
from train.samples.material import (
    Cutout,
    Material,
    Room,
    read_background,
    read_cutout,
    rooms_from_manifest,
)
from train.samples.mix import Mix
from train.samples.peopled import peopled_room_sample

FREE = ("CC0", "MIT (avatars)", "You are free to use", "free to use")
"""Beginnings of the licences that a picture of this set may have."""
ROOM_LICENCE = (
    "rendered with Blender Cycles for edgeds: VALID avatars, Sweet Home 3D furniture",
    "Tiffany Do et al. (avatars, MIT); Scopia, Kator Legaz, Reallusion, BlendSwap (furniture, "
    "CC0 and CC-BY 3.0); edgeds (render)",
    "CC-BY-3.0",
)
SHARES = {"composite": 0.6, "room": 0.22, "peopled room": 0.18}
MIX = Mix(ghost=0.0, empty=0.14)


@dataclass(frozen=True, slots=True)
class Scene:
    """One place: a photograph or a room, and what is needed to draw samples of it."""

    name: str
    material: Material
    kind: str


@dataclass(frozen=True, slots=True)
class Sources:
    """The material of a set, with the lines of its LICENSES.tsv."""

    cutouts: list[Cutout]
    backgrounds: dict[str, Material]
    rooms: dict[str, list[Room]]
    licences: list[str]


def composed(
    data: Path,
    output: Path,
    *,
    count: int,
    size: tuple[int, int],
    seed: int,
    quality: int,
    on_item: Callable[[], None] = lambda: None,
) -> Path:
    """Write a set of `count` items from the training folder `data`; return its folder.

    The same seed gives the same set. Truth (alpha, depth) is written for held-out frames only:
    calibration itself does not need it.

    Raises:
        DatasetError: the output holds something already.
        FileNotFoundError: a named file is missing.
    """
    writer = SetWriter(output, quality=quality)
    sources = free_sources(data)
    scenes = planned_scenes(sources, count)
    judged = held_out([scene.name for scene in scenes])
    for number, scene in enumerate(scenes):
        sample = drawn(scene, size, np.random.default_rng((seed, number)))
        empty = bool((sample.alpha == 0).all())
        alpha_known = bool(sample.alpha.min() >= 0) and not empty
        writer.add(
            sample.frame,
            sample.plate,
            scene=scene.name,
            empty=empty,
            alpha=sample.alpha if number in judged and alpha_known else None,
            depth_m=known_depth_m(sample) if number in judged else None,
        )
        on_item()
    writer.finish()
    lines = ["file\tsource\tauthor\tlicence", *sources.licences]
    (output / "LICENSES.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return output


def free_sources(data: Path) -> Sources:
    """The training side of `data`, only with the files that have a free licence in LICENSES.tsv."""
    names = json.loads((data / "splits.json").read_text())
    lines = [line.split("\t") for line in (data / "LICENSES.tsv").read_text().splitlines()[1:]]
    free = {name: line for name, *line in lines if line[-1].startswith(FREE)}

    def kept(folder: str) -> list[str]:
        return sorted(n for n in names[folder]["train"] if f"{folder}/{n}" in free)

    cutouts = [
        read_cutout(data / "foregrounds" / n, data / "people_depth" / f"{Path(n).stem}.png")
        for n in kept("foregrounds")
    ]
    backgrounds = {
        Path(n).stem: Material(cutouts, [read_background(data / "backgrounds" / n)], [])
        for n in kept("backgrounds")
    }
    rooms: dict[str, list[Room]] = {}
    for room in rooms_from_manifest(data / "rooms" / "manifest.jsonl", "train"):
        rooms.setdefault(room.scene, []).append(room)
    used = [f"{folder}/{n}" for folder in ("backgrounds", "foregrounds") for n in kept(folder)]
    licences = ["\t".join((name, *free[name])) for name in used]
    licences += ["\t".join((f"rooms/{name}", *ROOM_LICENCE)) for name in sorted(rooms)]
    return Sources(cutouts, backgrounds, rooms, licences)


def planned_scenes(sources: Sources, count: int) -> list[Scene]:
    """The place of each item: every background and every room in turn, by SHARES."""
    photographs = sorted(sources.backgrounds)
    rooms = sorted(sources.rooms)
    composites = round(SHARES["composite"] * count)
    as_they_are = round(SHARES["room"] * count)
    scenes = []
    for i in range(count):
        if i < composites:
            name = photographs[i % len(photographs)]
            scenes.append(Scene(name, sources.backgrounds[name], "composite"))
            continue
        name = rooms[i % len(rooms)]
        material = Material(sources.cutouts, [], sources.rooms[name])
        kind = "room" if i < composites + as_they_are else "peopled room"
        scenes.append(Scene(name, material, kind))
    return scenes


def drawn(scene: Scene, size: tuple[int, int], rng: np.random.Generator) -> Sample:
    make = {
        "composite": composite_sample,
        "room": room_sample,
        "peopled room": peopled_room_sample,
    }[scene.kind]
    return make(scene.material, size, rng, MIX)


def known_depth_m(sample: Sample) -> FloatMap | None:
    """Metres, 0 where unknown; None where nothing is known (a guess is not known)."""
    known = sample.inverse_depth > 0
    if not known.any():
        return None
    return np.where(known, 1 / np.maximum(sample.inverse_depth, 1e-3), 0).astype(np.float32)
