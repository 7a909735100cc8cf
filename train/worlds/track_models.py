"""SuperTuxKart's tracks as placed models: scenes, libraries, routes, materials.

`scene.xml` places models; `library/NAME/node.xml` are smaller scenes that it uses; `quads.xml` has
the road as quadrilaterals. What a kart collects or cannot see (boxes, triggers) is left out. All in
the game's coordinates: left-handed, y up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from train.worlds.raycast import Vectors

TRACKS = Path("/usr/share/games/supertuxkart/data")
"""Where Debian's package supertuxkart-data puts them."""
_HIDDEN = ("physics-only", "physicsonly", "reset", "explode")


@dataclass(frozen=True, slots=True)
class PlacedModel:
    path: Path
    matrix: NDArray[np.float32]
    """(3, 4): turns and stretches, then moves."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the road."""

    at: Vectors
    """(3,), its centre."""
    ahead: Vectors
    """(3,), unit length, level."""
    half_wide: float


def tracks_in(data: Path) -> list[Path]:
    """Folders of the tracks that have a road.

    Raises:
        FileNotFoundError: there are none.
    """
    found = sorted(path.parent for path in (data / "tracks").glob("*/quads.xml"))
    if not found:
        raise FileNotFoundError(
            f"no SuperTuxKart tracks in {data}: apt-get install supertuxkart-data (Debian), "
            "or name the folder that has tracks/ and library/ (--tracks)"
        )
    return found


@lru_cache(maxsize=16)
def models_of(track: Path) -> tuple[PlacedModel, ...]:
    """Everything that stands in a track."""
    return tuple(_models(track / "scene.xml", track.parent.parent, np.eye(3, 4), depth=0))


@lru_cache(maxsize=64)
def route_of(track: Path) -> tuple[Stretch, ...]:
    """The road: its quadrilaterals, whose corners may refer to those of others ("12:3")."""
    quads: list[NDArray[np.float64]] = []
    for quad in ElementTree.parse(track / "quads.xml").getroot().iter("quad"):
        corners = []
        for name in ("p0", "p1", "p2", "p3"):
            text = quad.get(name, "0 0 0")
            if ":" in text:
                other, corner = (int(part) for part in text.split(":"))
                corners.append(quads[other][corner])
            else:
                corners.append(np.array(text.split(), np.float64))
        quads.append(np.array(corners))
    return tuple(stretch for stretch in map(_stretch, quads) if stretch is not None)


def _stretch(quad: NDArray[np.float64]) -> Stretch | None:
    ahead = (quad[2] + quad[3] - quad[0] - quad[1]) * (1, 0, 1)
    length, wide = np.linalg.norm(ahead), np.linalg.norm(quad[1] - quad[0])
    if length < 0.1 or not 1 < wide < 80:
        return None
    level = (ahead / length).astype(np.float32)
    return Stretch(quad.mean(0).astype(np.float32), level, float(wide) / 2)


@lru_cache(maxsize=512)
def materials_in(folder: Path) -> dict[str, dict[str, str]]:
    """What a folder's materials.xml says about its textures, by their names in small letters."""
    path = folder / "materials.xml"
    if not path.exists():
        return {}
    root = ElementTree.parse(path).getroot()
    return {one.get("name", "").lower(): dict(one.attrib) for one in root.iter("material")}


def _models(scene: Path, data: Path, frame: NDArray[Any], *, depth: int) -> Iterator[PlacedModel]:
    if depth > 4 or not scene.exists():
        return
    root = ElementTree.parse(scene).getroot()
    finest: dict[str, str] = {}
    defined = set()
    for group in root.iter("group"):  # the same model in less and less detail
        for one in group:
            finest.setdefault(one.get("lod_group", ""), one.get("model", ""))
            defined.add(one)
    for one in root.iter():
        if one in defined or _is_hidden(one):
            continue
        matrix = _joined(frame, _matrix(one))
        if one.tag == "library":
            inner = data / "library" / one.get("name", "") / "node.xml"
            yield from _models(inner, data, matrix, depth=depth + 1)
        elif one.tag in ("track", "static-object", "object", "water"):
            name = one.get("model") or finest.get(one.get("lod_group", ""), "")
            path = scene.parent / name
            if path.suffix == ".spm" and path.exists():
                yield PlacedModel(path, matrix)


def _is_hidden(one: ElementTree.Element) -> bool:
    if one.get("interaction") in _HIDDEN or one.get("if", "").startswith("isTrackReverse"):
        return True
    return one.tag == "object" and one.get("type") not in ("animation", "movable", "static")


def _matrix(one: ElementTree.Element) -> NDArray[np.float64]:
    """xyz, hpr (degrees about x, then y, then z) and scale of an element, (3, 4)."""
    at, turn, scale = (
        np.array((one.get(name) or text).split(), np.float64)
        for name, text in (("xyz", "0 0 0"), ("hpr", "0 0 0"), ("scale", "1 1 1"))
    )
    (a, b, c), (d, e, f) = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    about_x = np.array(((1, 0, 0), (0, a, -d), (0, d, a)))
    about_y = np.array(((b, 0, e), (0, 1, 0), (-e, 0, b)))
    about_z = np.array(((c, -f, 0), (f, c, 0), (0, 0, 1)))
    return np.column_stack((about_z @ about_y @ about_x * scale, at))


def _joined(outer: NDArray[Any], inner: NDArray[Any]) -> NDArray[np.float32]:
    turn = outer[:, :3] @ inner[:, :3]
    return np.column_stack((turn, outer[:, :3] @ inner[:, 3] + outer[:, 3])).astype(np.float32)
