"""The kinds of worlds there are, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from train.worlds.flats import flat_shots
from train.worlds.guests import visited, walked
from train.worlds.halls import hall_shots
from train.worlds.interiors import interior_shots
from train.worlds.library import Library
from train.worlds.rooms import desk_shots, room_shots
from train.worlds.shot import SIZE, Shot, developed
from train.worlds.streets import street_shots
from train.worlds.track_models import tracks_in
from train.worlds.tracks import track_shots
from train.worlds.write_set import Draw, Drawing

Shots = Callable[[np.random.Generator, Library, tuple[int, int]], Iterator[Shot]]
EMPTY: dict[str, Shots] = {
    "rooms": room_shots,
    "desks": desk_shots,
    "flats": flat_shots,
    "streets": street_shots,
    "interiors": interior_shots,
    "halls": hall_shots,
    "tracks": track_shots,
}
"""Places without people."""
_VISITED = {"rooms": 0.3, "streets": 0.34, "flats": 0.14, "interiors": 0.1, "halls": 0.12}
_WITH_THINGS = {"rooms": 0.5, "flats": 0.25, "interiors": 0.25}
_WITH_SOMEONE_CLOSE = {"desks": 0.3, "rooms": 0.3, "flats": 0.2, "interiors": 0.12, "streets": 0.08}
_GUESTS = {"visited": _VISITED, "things": _WITH_THINGS, "close": _WITH_SOMEONE_CLOSE}
KINDS = (*EMPTY, *_GUESTS, "walks")
"""`visited` is one of the others with guests in it, `things` one indoors, where most of them
are furniture, and `close` one with somebody right in front of the camera. `walks` has people of
known height in many frames of one camera, one clip per world.
"""
_FRAMES = 24  # in a clip of `walks`


def drawing_of(kind: str, library: Library, size: tuple[int, int] = SIZE) -> Draw:
    """The function that draws worlds of a kind.

    Raises:
        KeyError: there is no such kind.
        FileNotFoundError: the kind needs people or tracks, and the library has none.
    """
    if kind == "tracks":
        tracks_in(library.tracks)
    if kind not in EMPTY and not library.has_people():
        raise FileNotFoundError(
            f"no people for {kind!r}: {library.data / 'people_depth'} is empty, "
            "and no folder of furniture libraries with characters was given (--furniture)"
        )
    if kind == "walks":
        return lambda rng: _walk(rng, library, size)
    if kind in EMPTY:
        shots = EMPTY[kind]
        return lambda rng: (developed(rng, shot) for shot in shots(rng, library, size))

    places, things = _GUESTS[kind], 0.7 if kind == "things" else 0.0

    def draw(rng: np.random.Generator) -> Iterator[Drawing]:
        place = str(rng.choice(list(places), p=list(places.values())))
        for shot in EMPTY[place](rng, library, size):
            drawing = visited(rng, shot, library, things=things, close=kind == "close")
            if drawing is not None:
                yield drawing

    return draw


def _walk(rng: np.random.Generator, library: Library, size: tuple[int, int]) -> Iterator[Drawing]:
    """Draw a clip of the first camera of a street or room that has spots for enough people."""
    place = "streets" if rng.random() < 0.6 else "rooms"
    for _ in range(20):
        for shot in EMPTY[place](rng, library, size):
            if shot.camera.at[1] < 1.2:  # a robot's camera sees too little ground
                continue
            frames = list(walked(rng, shot, library, _FRAMES))
            if len(frames) >= _FRAMES // 2:
                yield from frames
                return
