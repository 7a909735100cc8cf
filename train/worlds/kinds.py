"""The kinds of worlds there are, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from train.worlds.flats import drawn_flat
from train.worlds.interiors import drawn_interior
from train.worlds.library import Library
from train.worlds.rooms import drawn_room
from train.worlds.streets import drawn_street
from train.worlds.writing import Draw, Drawing


def _rooms(library: Library) -> Draw:
    def draw(rng: np.random.Generator) -> Iterator[Drawing]:
        return drawn_room(rng, library.cloth(rng), library.furniture)

    return draw


def _streets(library: Library) -> Draw:
    return lambda rng: drawn_street(rng, library)


def _interiors(library: Library) -> Draw:
    return lambda rng: drawn_interior(rng, library)


def _flats(library: Library) -> Draw:
    return lambda rng: drawn_flat(rng, library.cloth(rng), library.furniture)


KINDS: dict[str, Callable[[Library], Draw]] = {
    "rooms": _rooms,
    "streets": _streets,
    "interiors": _interiors,
    "flats": _flats,
}
