"""A track's models as meshes of ours: textures, cut-out leaves, layers of ground."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.worlds.glb import Cut, cut_of, levels_of
from train.worlds.raycast import Mesh, Vectors
from train.worlds.spm import Surface, surfaces_of
from train.worlds.textures import repeated
from train.worlds.town import plain
from train.worlds.track_models import PlacedModel, materials_in

_UNSEEN = ("additive", "decal")
_CUT = ("alphatest", "alphablend", "grass")
_LAYERS = ("tex-layer-2", "tex-layer-3", "tex-layer-4", "tex-layer-5")


@dataclass(frozen=True, slots=True)
class Picture:
    levels: list[Vectors]
    solid: Cut | None
    """Where it is not transparent, if it has an alpha channel."""


def meshes_of(
    model: PlacedModel, track: Path, data: Path, middle: Vectors, scale: float, reach_m: float
) -> Iterator[Mesh]:
    """A model's meshes about a place, in metres and right-handed: z is turned round.

    Args:
        middle: the place, in the game's coordinates; it becomes the origin.
        reach_m: triangles farther from the place are left out.
    """
    folders = (model.path.parent, track, data / "textures")
    for surface in surfaces_of(model.path):
        corners = surface.corners @ model.matrix[:, :3].T + (model.matrix[:, 3] - middle)
        near = (np.abs(corners[:, :, [0, 2]]).min(1) * scale < reach_m).all(1)
        if not near.any():
            continue
        ours = corners[near] * np.array((scale, scale, -scale), np.float32)
        look = next((m for f in folders if (m := _material(f, surface.texture))), {})
        shader = look.get("shader", "")
        if shader in _UNSEEN:
            continue
        for here, name in _layers(surface, near, look, folders):
            uv = surface.uv[near][here]
            yield _mesh(ours[here].astype(np.float32), uv, _picture(name, folders), shader)


def _mesh(corners: Vectors, uv: NDArray[np.float32], picture: Picture | None, shader: str) -> Mesh:
    if picture is None:
        return Mesh(corners=corners, uv=uv, texture=plain(np.full(3, 0.4, np.float32)))
    texture = repeated(picture.levels, 1.0, np.ones(3, np.float32))
    solid = picture.solid if shader in _CUT else None
    return Mesh(corners=corners, uv=uv, texture=texture, solid=solid)


def _material(folder: Path, name: str) -> dict[str, str] | None:
    return materials_in(folder).get(name.lower())


def _layers(
    surface: Surface, near: NDArray[np.bool_], look: dict[str, str], folders: tuple[Path, ...]
) -> Iterator[tuple[NDArray[np.int64], str]]:
    """Which of the near triangles show which texture: ground can have four layers.

    A second texture holds the layers' shares; here each triangle gets the layer of its middle.
    """
    everything = np.arange(int(near.sum()))
    shares = _picture(look.get("uv-two-tex", ""), folders)
    if look.get("shader") != "splatting" or surface.other_uv is None or shares is None:
        yield everything, surface.texture
        return
    u, v = surface.other_uv[near].mean(1).T
    three = np.clip(repeated(shares.levels, 1.0, np.ones(3, np.float32))(u, v, u * 0), 0, 1)
    rest = np.maximum(1 - three.sum(1, keepdims=True), 0)
    layer = np.concatenate((three, rest), 1).argmax(1)
    for number, key in enumerate(_LAYERS):
        here = everything[layer == number]
        if len(here):
            yield here, look.get(key, surface.texture)


def _picture(name: str, folders: tuple[Path, ...]) -> Picture | None:
    for folder in folders:
        if name and (folder / name).is_file():
            return _read(folder / name)
    return None


@lru_cache(maxsize=1500)
def _read(path: Path) -> Picture | None:
    from PIL import Image

    try:
        with Image.open(path) as image:
            whole = image.convert("RGBA")
        return Picture(levels_of(whole), cut_of(whole))
    except OSError:
        return None
