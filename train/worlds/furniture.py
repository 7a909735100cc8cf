"""Models of furniture from Sweet Home 3D's libraries, with real sizes, colours and pictures.

A library is an unpacked .sh3f: a PluginFurnitureCatalog.properties and Wavefront files. Debian's
package sweethome3d-furniture has five, 820 models under CC0 and CC-BY. Knows nothing about rooms.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.worlds.floor_plan import Foot
from train.worlds.raycast import Mesh, Numbers, Scene, Texture, Vectors
from train.worlds.shapes import turned
from train.worlds.textures import linear_from_pixels, pyramid, repeated

INDOORS = ("Bathroom", "Bedroom", "Kitchen", "Lights", "Living room", "Miscellaneous", "Office")
OUTDOORS = ("Exterior",)
VEHICLES = ("Vehicles",)
BEINGS = ("Characters",)
_LARGEST_BYTES = 3_000_000  # largest Wavefront file: larger ones take a second or more to read
_GRID = 24
_PANE = np.array((0.015, 0.018, 0.02), np.float32)
_SMALLEST_M = 0.12  # smaller models (than a hand) are left out
_LARGEST_M = 3.2  # indoors, models larger than a wall are left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One piece of a library."""

    path: Path
    """Its Wavefront file."""
    size_m: tuple[float, float, float]
    """(width, height, depth): x, y, z of the upright model, whose front faces +z."""
    elevation_m: float
    rotation: tuple[float, ...]
    """3x3, row by row: turns the file's axes so that the model is upright."""
    has_panes: bool = False
    """Draw its clear glass, dark and glossy like a car's windows; else rays pass through glass."""

    @property
    def name(self) -> str:
        return self.path.stem.lower()

    def foot(self, x: float, z: float, yaw: float) -> Foot:
        return Foot(x=x, z=z, yaw=yaw, width=self.size_m[0], depth=self.size_m[2])

    def meshes(
        self, at: tuple[float, float, float], yaw: float, *, gain: Vectors, gloss: float = 0.0
    ) -> Iterator[Mesh]:
        """Its meshes, with the centre of its foot at `at`; `gain` (3,) tints it."""
        for mesh in meshes_of_model(self, at, yaw, recoloured=lambda colour: colour * gain):
            yield replace(mesh, gloss=max(gloss, mesh.gloss))

    @property
    def is_small(self) -> bool:
        """Whether it stands on other things."""
        return max(self.size_m) < 0.6 and self.elevation_m == 0

    @property
    def hangs(self) -> bool:
        """Whether it hangs from a ceiling."""
        words = ("ceiling", "hanging", "fluorescent", "lamp2", "track")
        return self.elevation_m > 1.5 and any(word in self.name for word in words)

    @property
    def is_seat(self) -> bool:
        return any(word in self.name for word in ("chair", "stool")) and self.size_m[0] < 0.8


@dataclass(frozen=True, slots=True)
class Part:
    """Triangles of one material, in a box of 1 x 1 x 1 that stands on the origin."""

    corners: Vectors
    uv: NDArray[np.float32]
    colour: Vectors
    """(3,), linear."""
    picture: Vectors | None
    """(H, W, 3), linear."""
    clear: bool = False
    """A pane that is nearly clear."""


def models_in(
    folder: Path,
    categories: tuple[str, ...] = INDOORS,
    *,
    largest_m: float = _LARGEST_M,
    largest_bytes: int = _LARGEST_BYTES,
) -> list[Model]:
    """The models of some categories in all libraries of `folder`; by default furniture for rooms.

    Raises:
        FileNotFoundError: there is no library.
    """
    catalogues = sorted(folder.rglob("PluginFurnitureCatalog.properties"))
    if not catalogues:
        raise FileNotFoundError(
            f"no furniture library in {folder}: unpack .sh3f files there (they are zip files)"
        )
    return [
        model
        for path in catalogues
        for model in _models(path, categories)
        if _SMALLEST_M <= max(model.size_m) <= largest_m
        and model.path.stat().st_size <= largest_bytes
    ]


def meshes_of_model(
    model: Model,
    at: tuple[float, float, float],
    yaw: float,
    *,
    recoloured: Callable[[Vectors], Vectors],
) -> Iterator[Mesh]:
    """The meshes of a model, with the centre of its foot at `at`.

    Args:
        recoloured: maps a part's linear colour (3,) to its new one.
    """
    size = np.array(model.size_m, np.float32)
    for part in parts_of(model):
        if part.clear and not model.has_panes:
            continue
        corners = turned(part.corners * size, yaw) + np.array(at, np.float32)
        if part.clear:
            dark = _texture(_PANE, None)
            yield Mesh(corners=corners, uv=part.uv, texture=dark, gloss=0.08)
            continue
        texture = _texture(recoloured(part.colour), part.picture)
        yield Mesh(corners=corners, uv=part.uv, texture=texture)


@dataclass(frozen=True, slots=True)
class Top:
    """The flat top of a model, such as a table."""

    height_m: float
    free: NDArray[np.bool_]
    """(_GRID, _GRID), rows along z, columns along x: where things can stand."""

    def carries(self, x: float, z: float, width: float, depth: float) -> bool:
        """Whether the top is flat below a foot at (x, z), in shares of the model's size."""
        spans = []
        for middle, span in ((z, depth), (x, width)):
            low, high = (middle + 0.5 - span / 2) * _GRID, (middle + 0.5 + span / 2) * _GRID
            if low < 0 or high > _GRID:
                return False
            spans.append(slice(int(low), max(int(np.ceil(high)), int(low) + 1)))
        return bool(self.free[spans[0], spans[1]].all())


@lru_cache(maxsize=1024)
def top_of(model: Model) -> Top | None:
    """The flat top of a model: a level that covers most of the model as seen from above."""
    parts = [part for part in parts_of(model) if model.has_panes or not part.clear]
    if not parts or model.is_seat or not 0.25 < model.size_m[1] < 1.6:
        return None
    if min(model.size_m[::2]) < 0.25:
        return None
    scene = Scene(
        [Mesh(corners=p.corners, uv=p.uv, texture=_texture(p.colour, None)) for p in parts]
    )
    places = (np.arange(_GRID) + 0.5) / _GRID - 0.5
    x, z = np.meshgrid(places, places)
    above = np.stack((x, np.full_like(x, 2), z), -1).reshape(-1, 3).astype(np.float32)
    down = np.broadcast_to(np.array((0, -1, 0), np.float32), above.shape)
    height = ((2 - scene.distance(above, down)) * model.size_m[1]).reshape(_GRID, _GRID)
    levels, counts = np.unique(np.rint(height / 0.02), return_counts=True)
    level = float(levels[np.argmax(counts)]) * 0.02
    free = np.abs(height - level) < 0.015
    if free.mean() < 0.45 or not 0.25 < level < 1.25:
        return None
    return Top(float(height[free].max()), free)


@lru_cache(maxsize=1024)
def parts_of(model: Model) -> tuple[Part, ...]:
    """Read a model's file; empty if it has no triangles."""
    import trimesh

    loaded = trimesh.load_scene(model.path)
    rotation = np.array(model.rotation, np.float32).reshape(3, 3)
    read = []
    for mesh in loaded.geometry.values():
        if len(getattr(mesh, "faces", ())) == 0:
            continue
        material = getattr(mesh.visual, "material", None)
        corners = np.asarray(mesh.triangles, np.float32) @ rotation.T
        uv = getattr(mesh.visual, "uv", None)
        flat = np.zeros((len(mesh.faces), 3, 2), np.float32)
        places = flat if uv is None else np.asarray(uv, np.float32)[mesh.faces]
        colour = np.asarray(getattr(material, "main_color", (160, 160, 160, 255)))[:3]
        linear = linear_from_pixels(colour)
        picture = None if uv is None else _picture(material)
        read.append(Part(corners, places, linear, picture, _is_glass(material)))
    if not read:
        return ()
    every = np.concatenate([part.corners.reshape(-1, 3) for part in read])
    low, high = every.min(0), every.max(0)
    foot = np.array(((low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2), np.float32)
    span = np.maximum(high - low, np.float32(1e-6))
    return tuple(replace(part, corners=(part.corners - foot) / span) for part in read)


def _is_glass(material: object) -> bool:
    """Whether a material is nearly clear glass."""
    properties = getattr(material, "kwargs", {})
    return float(next(iter(properties.get("d", ["1"])), 1)) < 0.4


def _picture(material: object) -> Vectors | None:
    image = getattr(material, "image", None)
    if image is None:
        return None
    small = image.convert("RGB")
    small.thumbnail((256, 256))
    return linear_from_pixels(np.asarray(small))


def _texture(colour: Vectors, picture: Vectors | None) -> Texture:
    if picture is not None:
        return repeated(pyramid(picture), 1.0, np.ones(3, np.float32))

    def plain(u: Numbers, _v: Numbers, _width: Numbers) -> Vectors:
        return np.broadcast_to(np.asarray(colour, np.float32), (len(u), 3))

    return plain


def licences_in(folder: Path) -> dict[str, set[str]]:
    """What sets may call the models of the libraries in `folder` -> the libraries' licences."""
    licences: dict[str, set[str]] = defaultdict(set)
    for catalogue in folder.rglob("PluginFurnitureCatalog.properties"):
        stated = re.search(r"^license=(.*)", catalogue.read_text("latin-1"), re.MULTILINE)
        for one in _entries(catalogue):
            for name in (one.get("name", ""), Path(one.get("model", "")).stem.lower()):
                licences[name].add(stated[1].strip() if stated else "")
    return licences


def _entries(catalogue: Path) -> list[dict[str, str]]:
    """A catalogue's models: `key#number=value` lines."""
    entries: dict[int, dict[str, str]] = defaultdict(dict)
    for line in catalogue.read_text("latin-1").splitlines():
        if found := re.match(r"(\w+)#(\d+)=(.*)", line):
            entries[int(found[2])][found[1]] = found[3].strip()
    return list(entries.values())


def _models(catalogue: Path, categories: tuple[str, ...]) -> Iterator[Model]:
    for one in _entries(catalogue):
        path = catalogue.parent / one.get("model", "").lstrip("/")
        size_m = tuple(float(one.get(side, "0")) / 100 for side in ("width", "height", "depth"))
        if (
            one.get("category") in categories
            and path.suffix == ".obj"
            and path.exists()
            and min(size_m) > 0
        ):
            yield Model(
                path=path,
                size_m=(size_m[0], size_m[1], size_m[2]),
                elevation_m=float(one.get("elevation", "0")) / 100,
                rotation=tuple(map(float, one.get("modelRotation", "1 0 0 0 1 0 0 0 1").split())),
                has_panes=one["category"] in VEHICLES,
            )
