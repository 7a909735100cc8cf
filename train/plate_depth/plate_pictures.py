"""Pictures of empty scenes with depth, for the plate's network: finds them, and reads one.

Sets of drawn scenes may grow while training reads them. Knows nothing about samples or the network.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edgeds.errors import DatasetError
from train.samples.material import read_image, read_rgb

NEAREST_M = 0.1
"""Nearer depths count as this: an inverse depth without bound would dominate every mean."""


@dataclass(frozen=True, slots=True)
class PlatePicture:
    """A picture and its depth, still on disk."""

    picture: Path
    depth: Path
    sky: bool = False
    """A depth of 0 means infinitely far, not unknown."""
    guess: bool = False
    """The file has relative inverse depth of unknown scale and shift, not millimetres."""

    def read(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """RGB (H, W, 3) and inverse depth (H, W), in 1/m, or in 0..1 for a guess; -1 is unknown.

        Raises:
            FileNotFoundError: one of them cannot be read.
        """
        pixels = read_rgb(self.picture)
        stored = read_image(self.depth, cv2.IMREAD_UNCHANGED)
        if stored.shape != pixels.shape[:2]:
            pixels = cv2.resize(pixels, stored.shape[::-1], interpolation=cv2.INTER_AREA)
        if self.guess:
            return pixels, np.where(stored > 0, stored / np.float32(65535), -1).astype(np.float32)
        depth_m = np.maximum(stored.astype(np.float32) / 1000, NEAREST_M)
        unknown = np.float32(0 if self.sky else -1)
        return pixels, np.where(stored > 0, 1 / depth_m, unknown).astype(np.float32)


@dataclass(slots=True)
class Plates:
    """All pictures of one side of the split, by kind."""

    rooms: list[PlatePicture]
    guesses: list[PlatePicture]
    worlds: list[PlatePicture] = field(default_factory=list)
    folders: tuple[Path, ...] = ()
    """The sets that `worlds` is read from, repeatedly."""

    def refresh(self) -> None:
        """Read the manifests of the drawn sets again; a set that does not exist yet is left out."""
        manifests = (folder / "manifest.jsonl" for folder in self.folders)
        self.worlds = [
            picture
            for manifest in manifests
            if manifest.exists()
            for picture in pictures_of_set(manifest, "train")
        ]


def plates_from_folder(data: Path, worlds: tuple[Path, ...] = ()) -> Plates:
    """The training side of `data` (rooms, interior_depth) and of the drawn sets `worlds`."""
    rooms = data / "rooms" / "manifest.jsonl"
    guesses = sorted((data / "interior_depth").glob("*.png"))
    plates = Plates(
        rooms=list(pictures_of_set(rooms, "train")) if rooms.exists() else [],
        guesses=[
            PlatePicture(data / "backgrounds" / f"{path.stem}.jpg", path, guess=True)
            for path in guesses
        ],
        folders=worlds,
    )
    plates.refresh()
    return plates


def pictures_of_set(manifest: Path, split: str) -> Iterator[PlatePicture]:
    """The frames with depth on one side of the split of a set, with or without a foreground."""
    for item in items_of_set(manifest, split):
        yield picture_of_item(manifest.parent, item)


def empty_pictures_of_set(manifest: Path, split: str) -> Iterator[PlatePicture]:
    """The plates with depth: items without a foreground."""
    for item in items_of_set(manifest, split):
        if item.get("empty"):
            yield picture_of_item(manifest.parent, item)


def picture_of_item(folder: Path, item: dict[str, Any]) -> PlatePicture:
    sky = bool(item.get("sky"))
    return PlatePicture(folder / item["frame"], folder / item["depth_mm"], sky=sky)


def items_of_set(manifest: Path, split: str) -> Iterator[dict[str, Any]]:
    """Items with depth on one side of the split of a set: scenes *7 are for validation.

    An incomplete last line is still being written, and is left out.

    Raises:
        DatasetError: a line is no item.
    """
    for number, line in enumerate(manifest.read_text().splitlines(keepends=True), start=1):
        if not line.endswith("\n"):
            return
        try:
            item: dict[str, Any] = json.loads(line)
            is_val = str(item["scene"]).endswith("7")
        except (ValueError, TypeError, KeyError) as error:
            raise DatasetError(
                f"cannot read {manifest.name} of the set {manifest.parent.name!r}",
                why=f"line {number} is no item with a scene: {error}",
                fix="draw the set again, or take that line out",
            ) from error
        if is_val == (split == "val") and item.get("depth_mm"):
            yield item
