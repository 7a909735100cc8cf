"""The kinds of worlds there are, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from train.worlds.flats import flat_shots
from train.worlds.guests import visited
from train.worlds.interiors import interior_shots
from train.worlds.library import Library
from train.worlds.rooms import room_shots
from train.worlds.shot import SIZE, Shot, developed
from train.worlds.streets import street_shots
from train.worlds.writing import Draw, Drawing

Shots = Callable[[np.random.Generator, Library, tuple[int, int]], Iterator[Shot]]
EMPTY: dict[str, Shots] = {
    "rooms": room_shots,
    "flats": flat_shots,
    "streets": street_shots,
    "interiors": interior_shots,
}
"""Places without anybody."""
_VISITED = {"rooms": 0.35, "streets": 0.37, "flats": 0.16, "interiors": 0.12}
KINDS = (*EMPTY, "visited")
"""Visited: one of the others, and somebody in it."""


def drawing_of(kind: str, library: Library, size: tuple[int, int] = SIZE) -> Draw:
    """What draws worlds of a kind.

    Raises:
        KeyError: there is no such kind.
    """
    if kind != "visited":
        shots = EMPTY[kind]
        return lambda rng: (developed(rng, shot) for shot in shots(rng, library, size))

    def draw(rng: np.random.Generator) -> Iterator[Drawing]:
        place = str(rng.choice(list(_VISITED), p=list(_VISITED.values())))
        for shot in EMPTY[place](rng, library, size):
            drawing = visited(rng, shot, library)
            if drawing is not None:
                yield drawing

    return draw
