"""A ghost: somebody kept still while the plate was taken, and is gone in the clip."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgeds.engine import DifferenceEngine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.maintained_estimator import MaintainedEstimator
from edgeds.plate.plate import Plate
from edgeds.sources import SyntheticSource
from edgeds.types import Frame, Pixels

WALL = SyntheticSource(size=(180, 320)).plate


def _with_box(x: int, colour: tuple[int, int, int] = (200, 60, 40)) -> Pixels:
    picture = WALL.copy()
    picture[60:140, x : x + 30] = colour
    return picture


def _notes(plate: Pixels, seen: Callable[[int], Pixels], count: int = 100) -> list[str]:
    estimate = MaintainedEstimator(Estimator(DifferenceEngine(), Plate(plate)))
    like = next(iter(SyntheticSource(size=(180, 320), frame_count=1)))
    for index in range(count):
        estimate(Frame(seen(index), index, index, like.time_base))
    estimate.finish()
    return [note for note in estimate.notes if "is gone" in note]


def test_what_is_in_the_plate_and_gone_from_the_clip_is_noted_once() -> None:
    (note,) = _notes(_with_box(250), lambda _: WALL)
    assert "that the plate shows at the right is gone" in note
    assert note.startswith("from 0.0 s on")


def test_somebody_who_stands_there_is_not_taken_for_a_ghost() -> None:
    assert _notes(WALL, lambda _: _with_box(250)) == []
    noise = np.random.default_rng(0).integers(0, 3, WALL.shape, dtype=np.uint8)
    assert _notes(WALL, lambda index: _with_box(4 * index) + noise) == []


def test_a_plate_of_another_view_has_no_ghosts() -> None:
    elsewhere = np.ascontiguousarray(_with_box(250)[::-1, ::-1])
    assert _notes(elsewhere, lambda _: WALL) == []
