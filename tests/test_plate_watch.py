"""How often a live run looks at its plate."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from fractions import Fraction
from typing import Any

import numpy as np

from edgeds.live.plate_watch import PlateWatch
from edgeds.plate.plate import Plate
from edgeds.plate.settings import MAINTENANCE
from edgeds.sources import SyntheticSource
from edgeds.types import Frame, Maps

SIZE = (90, 160)
RATE = 8
"""Frames a second: looks are every second frame then, without a remainder."""
PIXELS = SyntheticSource(size=SIZE).plate


class AtOnce(Executor):
    """Does the work before `submit` returns, and counts it."""

    def __init__(self) -> None:
        self.count = 0

    def submit(self, work: Any, /, *given: Any, **named: Any) -> Future[Any]:
        self.count += 1
        done: Future[Any] = Future()
        done.set_result(work(*given, **named))
        return done


def _looks(pixels: list[Any], *, new_maps: bool) -> int:
    pool = AtOnce()
    watch = PlateWatch(Plate(PIXELS), pool, trusted=True)
    nothing = np.zeros(SIZE, np.float32)
    maps = Maps(nothing, nothing + 1)
    for index, picture in enumerate(pixels):
        watch(Frame(picture, index, index, Fraction(1, RATE)), maps)
        if new_maps:
            maps = Maps(nothing, nothing + 1)
    return pool.count


def test_looks_are_rare_while_nothing_changes() -> None:
    still = [PIXELS] * (8 * RATE)
    assert _looks(still, new_maps=True) == 32
    assert _looks(still, new_maps=False) <= 8 / MAINTENANCE.still_secs + 2


def test_looks_are_as_frequent_as_ever_while_the_plate_has_a_trouble() -> None:
    wrong = [np.roll(PIXELS[::-1], 40, axis=1)] * (4 * RATE)
    assert _looks(wrong, new_maps=False) == 16
