"""Depth that was filmed by another lens than the picture, brought to the picture.

A depth camera has a colour sensor beside the depth sensor, with another field of view. Where a set
holds both as they came from the camera, depth edges lie beside the picture's edges, and no network
can be scored. One scale about the centre and one shift for the whole set bring them together; the
small shift by parallax, which depends on the distance, stays.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from train.samples.material import read_image

Map = NDArray[np.float32]
_SIDE = 240
"""Height of the maps that are compared."""
_SEARCH = (
    (np.arange(-10, 7) * 0.05, np.arange(-2, 3) * 0.04),
    (np.arange(-4, 5) * 0.01, np.arange(-1, 2) * 0.02),
    (np.arange(-2, 3) * 0.01, np.arange(-1, 2) * 0.01),
)
"""Round by round, what is added to the best scale and to both shifts so far."""


@dataclass(frozen=True, slots=True, order=True)
class Registration:
    """A pixel of the picture, from its centre, times `scale`, plus the shift, is one of depth."""

    agreement: float
    """Mean correlation of the picture's edges with the depth's, of the set's items."""
    scale: float = 1.0
    right: float = 0.0
    down: float = 0.0
    """Both as shares of the picture's height."""

    def applied(self, depth: NDArray[np.generic], how: int = cv2.INTER_NEAREST) -> Map:
        height, width = depth.shape
        y, x = np.mgrid[:height, :width].astype(np.float32)
        centre_x, centre_y = np.float32((width - 1) / 2), np.float32((height - 1) / 2)
        scale, across = np.float32(self.scale), np.float32(height)
        from_x = centre_x + scale * (x - centre_x) + np.float32(self.right) * across
        from_y = centre_y + scale * (y - centre_y) + np.float32(self.down) * across
        return np.asarray(cv2.remap(depth.astype(np.float32), from_x, from_y, how), np.float32)


def found_registration(
    pairs: Iterable[tuple[NDArray[np.uint8], NDArray[np.uint16]]],
) -> tuple[Registration, Registration]:
    """As it is, and the one whose edges agree best, for pictures (H, W, 3) and depth (H, W) in mm.

    Searched coarsely, then finely, with scales from .5 to 1.3 and shifts up to a twelfth of the
    height.
    """
    edges = [(edges_of_picture(picture), edges_of_depth(depth)) for picture, depth in pairs]

    def judged(scale: float, right: float, down: float) -> Registration:
        one = Registration(0.0, scale, right, down)
        moved = (one.applied(depth, cv2.INTER_LINEAR) for _, depth in edges)
        alike = [_correlation(a, b) for (a, _), b in zip(edges, moved, strict=True)]
        return replace(one, agreement=float(np.mean(alike)))

    as_it_is = best = judged(1.0, 0.0, 0.0)
    for scale_steps, shift_steps in _SEARCH:
        about = best
        places = itertools.product(
            np.add(about.scale, scale_steps).tolist(),
            np.add(about.right, shift_steps).tolist(),
            np.add(about.down, shift_steps).tolist(),
        )
        best = max(best, *itertools.starmap(judged, places))
    return as_it_is, best


def edges_of_picture(picture: NDArray[np.uint8]) -> Map:
    grey = _small(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.INTER_AREA)
    grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), 1), np.float32)
    slope = np.hypot(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1))
    strong = np.minimum(slope / max(float(np.percentile(slope, 95)), 1e-6), 1)
    return np.asarray(cv2.GaussianBlur(strong, (0, 0), 1.5), np.float32)


def edges_of_depth(depth_mm: NDArray[np.uint16]) -> Map:
    """Where the inverse depth jumps by over 15 % between known pixels."""
    metres = _small(depth_mm, cv2.INTER_NEAREST) / np.float32(1000)
    known = metres > 0
    near = np.where(known, 1 / np.maximum(metres, 0.1), 0).astype(np.float32)
    kernel = np.ones((3, 3), np.uint8)
    highest = cv2.dilate(near, kernel)
    lowest = cv2.erode(np.where(known, near, np.float32(99)), kernel)
    jumps = (lowest < 99) & (highest - lowest > 0.15 * highest)
    return np.asarray(cv2.GaussianBlur(jumps.astype(np.float32), (0, 0), 1.5), np.float32)


def write_registered(folder: Path, output: Path) -> tuple[Registration, Registration]:
    """Copy a set with its depth registered to its frames; the manifest stays as it is.

    Returns the registration before and the one that was applied.

    Raises:
        FileNotFoundError: a named file is missing.
        ValueError: no item has depth.
    """
    items = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    with_depth = [item for item in items if item.get("depth_mm")]
    if not with_depth:
        raise ValueError(f"{folder} has no depth to register")
    before, found = found_registration(
        (
            cv2.cvtColor(read_image(folder / item["frame"], cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB),
            read_image(folder / item["depth_mm"], cv2.IMREAD_UNCHANGED),
        )
        for item in with_depth
    )
    shutil.copytree(folder, output, dirs_exist_ok=True)
    for name in {item["depth_mm"] for item in with_depth}:
        depth = read_image(folder / name, cv2.IMREAD_UNCHANGED)
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(output / name), found.applied(depth).astype(np.uint16))
    return before, found


def _small(image: NDArray[np.generic], how: int) -> Map:
    width = round(_SIDE * image.shape[1] / image.shape[0])
    return np.asarray(cv2.resize(image, (width, _SIDE), interpolation=how), np.float32)


def _correlation(one: Map, other: Map) -> float:
    a, b = (values[::2, ::2].ravel() - values[::2, ::2].mean() for values in (one, other))
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length > 0 else 0.0
