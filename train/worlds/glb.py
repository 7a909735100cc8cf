"""Models from GLB files: triangles in metres, colours, pictures, cut-out leaves. Knows no world."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.worlds.floor_plan import Foot
from train.worlds.raycast import Mesh, Numbers, Texture, Vectors
from train.worlds.shapes import turned
from train.worlds.textures import linear_from_pixels, pyramid, repeated

_PICTURE_PX = 512
Cut = Callable[[Numbers, Numbers], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Triangles of one object and material of a file."""

    name: str
    corners: Vectors
    uv: NDArray[np.float32]
    colour: Vectors
    """(3,), linear; multiplies the picture, if there is one."""
    levels: list[Vectors] | None
    """Its picture's pyramid, linear."""
    solid: Cut | None

    def texture(self, gain: Vectors) -> Texture:
        colour = self.colour * gain
        if self.levels is not None:
            return repeated(self.levels, 1.0, colour)

        def plain(u: Numbers, _v: Numbers, _width: Numbers) -> Vectors:
            return np.broadcast_to(colour, (len(u), 3))

        return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Prop:
    """A model for outdoors that stands on y = 0, centred."""

    name: str
    kind: str
    path: Path
    size_m: tuple[float, float, float]

    def meshes(
        self, at: tuple[float, float, float], yaw: float, *, gain: Vectors, gloss: float = 0.0
    ) -> Iterator[Mesh]:
        """Its meshes, with the centre of its foot at `at`; `gain` (3,) tints it."""
        for piece in pieces_of(self.path):
            yield Mesh(
                corners=turned(piece.corners, yaw) + np.array(at, np.float32),
                uv=piece.uv,
                texture=piece.texture(gain),
                solid=piece.solid,
                gloss=gloss,
            )

    def foot(self, x: float, z: float, yaw: float) -> Foot:
        return Foot(x=x, z=z, yaw=yaw, width=self.size_m[0], depth=self.size_m[2])


def props_in(folder: Path) -> dict[str, list[Prop]]:
    """A folder's models by kind, from its models.json; none if there is no such file."""
    listed = folder / "models.json"
    found: dict[str, list[Prop]] = {}
    for one in json.loads(listed.read_text()) if listed.exists() else []:
        size = tuple(float(side) for side in one["size_m"])
        prop = Prop(
            name=one["name"],
            kind=one["kind"],
            path=folder / one["file"],
            size_m=(size[0], size[1], size[2]),
        )
        found.setdefault(prop.kind, []).append(prop)
    return found


@lru_cache(maxsize=128)
def pieces_of(path: Path) -> tuple[Piece, ...]:
    """Everything in a GLB file, in the coordinates of its world.

    Raises:
        FileNotFoundError: there is no such file.
    """
    import trimesh

    if not path.exists():
        raise FileNotFoundError(f"no model {path}")
    loaded = trimesh.load_scene(path)
    pieces = []
    for node in loaded.graph.nodes_geometry:
        transform, geometry = loaded.graph[node]
        mesh = loaded.geometry[geometry]
        if len(getattr(mesh, "faces", ())) == 0:
            continue
        corners = np.asarray(mesh.triangles) @ transform[:3, :3].T + transform[:3, 3]
        material = getattr(mesh.visual, "material", None)
        uv = getattr(mesh.visual, "uv", None)
        image = None if uv is None else getattr(material, "baseColorTexture", None)
        flat = np.zeros((len(mesh.faces), 3, 2), np.float32)
        factor = getattr(material, "baseColorFactor", None)
        colour = np.array((200, 200, 200) if factor is None else factor[:3], np.uint8)
        pieces.append(
            Piece(
                name=str(node),
                corners=corners.astype(np.float32),
                uv=flat if uv is None else np.asarray(uv, np.float32)[mesh.faces],
                colour=linear_from_pixels(colour),
                levels=None if image is None else levels_of(image),
                solid=cut_of(image) if getattr(material, "alphaMode", None) == "MASK" else None,
            )
        )
    return tuple(pieces)


def levels_of(image: Any) -> list[Vectors]:
    small = image.convert("RGB")
    small.thumbnail((_PICTURE_PX, _PICTURE_PX))
    return pyramid(linear_from_pixels(np.asarray(small)))


def cut_of(image: Any) -> Cut | None:
    if image is None or "A" not in image.getbands():
        return None
    solid = np.asarray(image.getchannel("A")) > 127
    height, width = solid.shape

    def test(u: Numbers, v: Numbers) -> NDArray[np.bool_]:
        x = np.floor(u % 1 * width).astype(int).clip(0, width - 1)
        y = np.floor((1 - v) % 1 * height).astype(int).clip(0, height - 1)
        return np.asarray(solid[y, x])

    return test
