"""The furnished worlds among the interiors, each time otherwise: things gone, moved, restyled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from train.worlds.glb import Piece, pieces_of
from train.worlds.raycast import Mesh, Vectors
from train.worlds.restyling import painted, restyled
from train.worlds.shapes import turned
from train.worlds.textures import Cloth


@dataclass(frozen=True, slots=True)
class Loose:
    """An object of a world that can stand elsewhere, about its own foot's centre."""

    meshes: list[Mesh]
    size_m: tuple[float, float, float]

    def placed(self, at: tuple[float, float, float], yaw: float) -> Iterator[Mesh]:
        for mesh in self.meshes:
            yield replace(mesh, corners=turned(mesh.corners, yaw) + np.array(at, np.float32))


def furnished_world(
    rng: np.random.Generator, folder: Path, name: str, cloth: Cloth
) -> tuple[list[Mesh], list[Loose]]:
    """The world's shell and most of its furniture, restyled; and what shall stand elsewhere.

    What stood on something that is gone or moved is gone, too.
    """
    gone, moved, anew = rng.uniform(0, 0.6), rng.uniform(0, 0.5), rng.random() < 0.75
    style = float(rng.uniform(0, 1))
    meshes: list[Mesh] = []
    objects: dict[str, list[Piece]] = {}
    for path in sorted(folder.glob(f"{name}_*.glb")):
        for piece in pieces_of(path):
            if "_shell" not in path.stem:
                objects.setdefault(_object(piece), []).append(piece)
            elif "door" in piece.name.lower() and rng.random() < 0.3:
                continue  # an open doorway
            elif anew and "window" not in piece.name.lower():
                meshes.extend(painted(rng, piece.corners, cloth))
            else:
                meshes.extend(restyled(rng, piece.name, [piece], cloth, share=0))
    empty: list[tuple[Vectors, Vectors]] = []
    loose: list[Loose] = []
    dice = rng.random(len(objects))
    by_height = sorted(objects.items(), key=lambda one: _extent(one[1])[0][1])
    for (named, pieces), roll in zip(by_height, dice, strict=True):
        low, high = _extent(pieces)
        if any(_stood_on(low, high, other) for other in empty):
            continue
        if roll < gone + moved:
            empty.append((low, high))
        if roll < gone:
            continue
        own = list(restyled(rng, named, pieces, cloth, share=style))
        if roll < gone + moved:
            loose.extend(_loose(own, low, high))
        else:
            meshes.extend(own)
    return meshes, loose


def _loose(meshes: list[Mesh], low: Vectors, high: Vectors) -> Iterator[Loose]:
    """The object about its own foot, if it stands on the floor and is no larger than a wall."""
    size = high - low
    if low[1] < 0.12 and max(size[0], size[2]) < 4:
        foot = np.array(((low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2), np.float32)
        own = [replace(mesh, corners=mesh.corners - foot) for mesh in meshes]
        yield Loose(own, (float(size[0]), float(size[1]), float(size[2])))


def _extent(pieces: list[Piece]) -> tuple[Vectors, Vectors]:
    corners = np.concatenate([piece.corners.reshape(-1, 3) for piece in pieces])
    return corners.min(0), corners.max(0)


def _stood_on(low: Vectors, high: Vectors, other: tuple[Vectors, Vectors]) -> bool:
    """Whether something above the floor stood on or in another object."""
    middle = (low + high) / 2
    inside = (middle > other[0] - 0.02)[[0, 2]].all() and (middle < other[1] + 0.02)[[0, 2]].all()
    return bool(inside and 0.12 < low[1] < other[1][1] + 0.1)


def _object(piece: Piece) -> str:
    """An object's pieces share the name before the last point."""
    return piece.name.rsplit(".", 1)[0]
