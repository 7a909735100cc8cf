"""The training material, decoded once and kept in memory as uint8.

Reads the folders that a training set has (foregrounds, people_depth, backgrounds, rooms; see
`Material`) and nothing else. Knows nothing about composition or the network.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from train.samples.zip_parts import Part

Pixels = NDArray[np.uint8]

CUTOUT_MAX_PX = 400
"""Longest side of a kept cut-out: twice the size that fills a frame of 192 lines."""
BACKGROUND_MIN_PX = 320
"""Shortest side of a kept background."""


@dataclass(frozen=True, slots=True)
class Cutout:
    """A foreground cut out of its picture."""

    name: str
    rgba: Pixels
    """(H, W, 4), colour multiplied by alpha, so that it can be resized and warped."""
    depth_mm: NDArray[np.uint16] | None
    """(H, W), distance in millimetres, 0 where there is nothing; None if it was not measured."""

    @property
    def is_person(self) -> bool:
        return self.name.startswith(("valid_", "iface_", "cloth_", "mei_"))

    @property
    def is_portrait(self) -> bool:
        """Head and shoulders: belongs large into a picture, cut by the lower border."""
        return self.name.startswith("iface_")


@dataclass(frozen=True, slots=True)
class Room:
    """One item of a set with a manifest: a frame, its plate, alpha and depth."""

    scene: str
    frame: Pixels
    plate: Pixels
    alpha: Pixels | None
    """(H, W); None where nothing is known, zeros where the item is empty."""
    depth_mm: NDArray[np.uint16] | None
    plate_depth_mm: NDArray[np.uint16] | None = None
    """Depth of the plate alone, where the set has it, by itself or with an empty item."""

    @property
    def is_empty(self) -> bool:
        return self.frame is self.plate


@dataclass(frozen=True, slots=True)
class Material:
    """The material that samples are made of."""

    cutouts: list[Cutout]
    backgrounds: list[Pixels]
    rooms: list[Room]
    drawn_rooms: list[Room] = field(default_factory=list)
    """Empty rooms from `train.worlds.rooms`; samples add people."""
    parts: list[Part] = field(default_factory=list)
    """Zip parts of a composed set; they are read in place."""
    background_depths: list[NDArray[np.float16]] = field(default_factory=list)
    """Inverse depth that a plate network guesses for each background, at its size; empty: none."""

    @property
    def people_with_depth(self) -> list[Cutout]:
        return [c for c in self.cutouts if c.depth_mm is not None]


def material_from_folder(folder: Path, *, split: str = "train") -> Material:
    """Load `folder`'s foregrounds, backgrounds and rooms of one side of its splits.json.

    Raises:
        FileNotFoundError: a named file is missing.
    """
    names = json.loads((folder / "splits.json").read_text())
    depths = folder / "people_depth"
    cutouts = [
        read_cutout(folder / "foregrounds" / n, depths / f"{Path(n).stem}.png")
        for n in names["foregrounds"][split]
    ]
    backgrounds = [read_background(folder / "backgrounds" / n) for n in names["backgrounds"][split]]
    rooms = folder / "rooms" / "manifest.jsonl"
    return Material(
        cutouts, backgrounds, list(rooms_from_manifest(rooms, split)) if rooms.exists() else []
    )


def rooms_from_manifest(manifest: Path, split: str) -> Iterable[Room]:
    """Items of a set of one side of the split: scenes whose name ends in 7 are validation.

    Raises:
        FileNotFoundError: a named file is missing.
    """
    plates: dict[str, Pixels] = {}
    depths: dict[str, NDArray[np.uint16]] = {}  # of plates
    items: list[dict[str, Any]] = [json.loads(x) for x in manifest.read_text().splitlines()]
    for item in sorted(items, key=lambda x: not x.get("empty")):  # plates' depths come first
        if (item["scene"].endswith("7")) != (split == "val"):
            continue
        folder = manifest.parent
        if item["plate"] not in plates:
            plates[item["plate"]] = read_rgb(folder / item["plate"])
        plate = plates[item["plate"]]
        frame = plate if item["frame"] == item["plate"] else read_rgb(folder / item["frame"])
        if item.get("alpha"):
            alpha: Pixels | None = read_image(folder / item["alpha"], cv2.IMREAD_GRAYSCALE)
        else:
            alpha = np.zeros(frame.shape[:2], np.uint8) if item.get("empty") else None
        depth = None
        if item.get("depth_mm"):
            depth = read_image(folder / item["depth_mm"], cv2.IMREAD_UNCHANGED)
        if depth is not None and item.get("empty"):
            depths[item["plate"]] = depth
        elif item.get("plate_depth_mm"):
            depths[item["plate"]] = read_image(
                folder / item["plate_depth_mm"], cv2.IMREAD_UNCHANGED
            )
        yield Room(item["scene"], frame, plate, alpha, depth, depths.get(item["plate"]))


def read_cutout(path: Path, depth_path: Path) -> Cutout:
    bgra = read_image(path, cv2.IMREAD_UNCHANGED)
    rgba = cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGBA)
    alpha = rgba[..., 3:].astype(np.float32) / 255
    rgba[..., :3] = np.rint(rgba[..., :3] * alpha)
    shrink = min(1.0, CUTOUT_MAX_PX / max(rgba.shape[:2]))
    height, width = (max(1, round(s * shrink)) for s in rgba.shape[:2])
    if shrink < 1:
        rgba = cv2.resize(rgba, (width, height), interpolation=cv2.INTER_AREA)
    depth = None
    if depth_path.exists():
        depth = read_image(depth_path, cv2.IMREAD_UNCHANGED)
        depth = cv2.resize(depth, (width, height), interpolation=cv2.INTER_NEAREST)
    return Cutout(path.name, rgba, depth)


def read_background(path: Path) -> Pixels:
    pixels = read_rgb(path)
    shrink = min(1.0, BACKGROUND_MIN_PX * 1.6 / min(pixels.shape[:2]))
    height, width = (round(s * shrink) for s in pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def read_rgb(path: Path) -> Pixels:
    return np.asarray(cv2.cvtColor(read_image(path, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)


def read_image(path: Path, how: int) -> Any:
    """`cv2.imread` that raises for a missing or broken file."""
    image = cv2.imread(str(path), how)
    if image is None:
        raise FileNotFoundError(f"cannot read picture {path}")
    return image
