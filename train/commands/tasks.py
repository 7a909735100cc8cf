"""Makes tasks with their material, from the folders that `python -m train fit` gets."""

from __future__ import annotations

from pathlib import Path

from train.plate_depth.plate_pictures import empty_pictures_of_set, plates_from_folder
from train.plate_depth.plate_task import PlateTask
from train.run.frame_task import FrameTask
from train.run.recipe import Recipe
from train.run.task import Task
from train.samples.material import material_from_folder, rooms_from_manifest
from train.samples.zip_parts import open_parts
from train.sets.teacher import guessed_depths


def frame_task(
    data: Path,
    recipe: Recipe,
    sets: list[Path],
    drawn: list[Path],
    parts: Path | None,
    first_parts: int | None,
    plate_depth: Path | None,
) -> Task:
    """The task of the frame's network: a folder of material, more sets, drawn rooms, zip parts, and
    the engine whose plate network guesses the depth of photographs.
    """
    material = material_from_folder(data)
    for folder in sets:
        material.rooms.extend(rooms_from_manifest(folder / "manifest.jsonl", "train"))
    for folder in drawn:
        material.drawn_rooms.extend(rooms_from_manifest(folder / "manifest.jsonl", "train"))
    if plate_depth is not None:
        material.background_depths.extend(guessed_depths(material.backgrounds, plate_depth))
    if parts is not None:
        material.parts.extend(open_parts(parts, first_parts))
    return FrameTask(material, recipe)


def plate_task(data: Path, recipe: Recipe, worlds: list[Path]) -> Task:
    """The task of the plate's network: a folder of material, and drawn sets that may still grow."""
    manifest = data / "rooms" / "manifest.jsonl"
    judged_by = list(empty_pictures_of_set(manifest, "val")) if manifest.exists() else []
    return PlateTask(plates_from_folder(data, tuple(worlds)), recipe, judged_by=judged_by)
