"""The kinds of worlds there are, by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from train.worlds.library import Library
from train.worlds.rooms import drawn_room
from train.worlds.writing import Draw, Drawing


def _rooms(library: Library) -> Draw:
    def draw(rng: np.random.Generator) -> Drawing:
        return drawn_room(rng, library.cloth(rng), library.furniture)

    return draw


KINDS: dict[str, Callable[[Library], Draw]] = {"rooms": _rooms}
