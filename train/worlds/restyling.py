"""Gives models other surfaces: a chair is covered with fabric, a desk with wood, a wall with paint.

What a thing is made of follows from its name. Knows nothing about where things stand.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from train.worlds.glb import Piece
from train.worlds.raycast import Mesh, Numbers, Texture, Vectors
from train.worlds.textures import Cloth, floor, paint, photo_on, surface, wall

_MADE_OF = (
    (("sofa", "chair", "bed", "curtain", "armchair", "couch"), ("fabric", "carpet")),
    (("carpet", "rug"), ("carpet", "fabric")),
    (("portrait", "picture", "tv", "board", "poster"), ("photo",)),
    (("clutter", "box", "carton"), ("cardboard", "chipboard", "paint")),
    (("table", "desk", "shelf", "wardrobe", "stand", "cabinet", "door", "nurse"),
     ("wood", "planks", "wood_floor", "chipboard", "paint", "marble")),
    (("refrigerator", "trash", "bucket", "lamp", "elevator", "jack", "conditioner"),
     ("metal", "paint", "diamond_plate")),
    (("window", "glass"), ()),
)  # fmt: skip
"""Parts of names, and the kinds of tiles that such things get; `photo` and `paint` are no tiles."""


def restyled(
    rng: np.random.Generator, name: str, pieces: list[Piece], cloth: Cloth, *, share: float
) -> Iterator[Mesh]:
    """An object's meshes with its own pictures in other shades, or with other surfaces.

    Args:
        share: how likely another surface is.
    """
    gain = np.exp(rng.normal(0, 0.25) + rng.normal(0, 0.12, 3)).astype(np.float32)
    skin = _skin(rng, name, cloth) if rng.random() < share else None
    for piece in pieces:
        if skin is None or piece.solid is not None:
            own = piece.texture(gain)
            yield Mesh(corners=piece.corners, uv=piece.uv, texture=own, solid=piece.solid)
        else:
            yield Mesh(corners=piece.corners, uv=planar_uv(piece.corners), texture=skin)
            if len(pieces) > 1 and rng.random() < 0.6:  # the next part is made of something else
                skin = _skin(rng, name, cloth)


def painted(rng: np.random.Generator, corners: Vectors, cloth: Cloth) -> Iterator[Mesh]:
    """Faces that face upwards get floors' textures, those that face sideways walls', by area."""
    up = normals(corners)[:, 1]
    low = float(corners[..., 1].min())
    ground, gloss = floor(rng, cloth)
    if rng.random() < 0.5:
        ground = by_area(rng, [ground, *(floor(rng, cloth)[0] for _ in range(3))])
    sides = by_area(rng, [some_wall(rng, cloth, low) for _ in range(int(rng.integers(1, 5)))])
    for faces, texture, shine in (
        (up > 0.7, ground, gloss),
        (up < -0.7, paint(rng, light=True), 0.0),
        (np.abs(up) <= 0.7, sides, 0.0),
    ):
        if faces.any():
            some = corners[faces]
            yield Mesh(corners=some, uv=planar_uv(some), texture=texture, gloss=shine)


def some_wall(rng: np.random.Generator, cloth: Cloth, low: float = 0.0) -> Texture:
    """A wall's texture, often with a lower part of another kind, for walls whose v is height."""
    upper = wall(rng, cloth)
    if rng.random() < 0.6:
        return upper
    lower = wall(rng, cloth) if rng.random() < 0.6 else paint(rng, light=False)
    edge = np.float32(low + rng.choice([0.1, rng.uniform(0.8, 1.5)]))

    def texture(u: Numbers, v: Numbers, width: Numbers) -> Vectors:
        return np.where((v < edge)[:, None], lower(u, v, width), upper(u, v, width))

    return texture


def by_area(rng: np.random.Generator, textures: list[Texture]) -> Texture:
    """Several textures, each on stripes of 2.5 to 8 m along u: rooms differ."""
    if len(textures) == 1:
        return textures[0]
    cuts = np.cumsum(rng.uniform(2.5, 8, 24)) - 70 * rng.uniform(0.6, 1)
    which = rng.integers(len(textures), size=25)

    def texture(u: Numbers, v: Numbers, width: Numbers) -> Vectors:
        stripe = which[np.searchsorted(cuts, u)]
        colours = np.empty((len(u), 3), np.float32)
        for number in np.unique(stripe):
            here = np.flatnonzero(stripe == number)
            colours[here] = textures[number](u[here], v[here], width[here])
        return colours

    return texture


def planar_uv(corners: Vectors) -> NDArray[np.float32]:
    """Metres along the two axes that are most parallel to each face, (N, 3, 2)."""
    axis = np.abs(normals(corners)).argmax(1)
    pairs = np.array(((2, 1), (0, 2), (0, 1)))[axis]
    return np.take_along_axis(corners, pairs[:, None, :].repeat(3, 1), axis=2).astype(np.float32)


def normals(corners: Vectors) -> NDArray[np.float32]:
    """(N, 3), unit length."""
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-12)
    return np.asarray(across / length, np.float32)


def _skin(rng: np.random.Generator, name: str, cloth: Cloth) -> Texture | None:
    """A surface for a thing of that name; None if its own is best."""
    for words, kinds in _MADE_OF:
        if any(word in name.lower() for word in words):
            if not kinds:
                return None
            kind = kinds[int(rng.integers(len(kinds)))]
            if kind == "photo":
                return photo_on(rng, cloth.photos)
            return cloth.tile(rng, kind) or paint(rng, light=bool(rng.random() < 0.5))
    return surface(rng, cloth.photos)
