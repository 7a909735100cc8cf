"""How often a live run looks at its plate."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.live.estimating import LiveEstimate
from edgeds.live.live_plate import LivePlate, PlateChoice
from edgeds.live.plate_watch import PlateWatch
from edgeds.plate.plate import Plate
from edgeds.plate.settings import MAINTENANCE
from edgeds.sources import RealTimeSource, SyntheticSource
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


def _with_chair() -> Any:
    plate = PIXELS.copy()
    plate[30:70, 120:140] = (200, 60, 40)
    return plate


def _said_of(pictures: list[Any]) -> tuple[list[str], list[str]]:
    """(what is said, the prompt at each picture) of a run whose plate shows a chair."""
    said: list[str] = []
    plate, pool = Plate(_with_chair()), AtOnce()
    with RealTimeSource(lambda: SyntheticSource(size=SIZE)) as source:
        live = LivePlate(DifferenceEngine(), source, PlateChoice(given=plate), pool, said.append)
        estimate = LiveEstimate(DifferenceEngine(), live, pool)
        frames = (
            Frame(picture, index, index, Fraction(1, RATE))
            for index, picture in enumerate(pictures)
        )
        prompts = [item.status.prompt for item in estimate.each(frames)]
    return said, prompts


def test_what_is_gone_from_the_plate_is_said_once_with_the_fix_until_it_is_back() -> None:
    there, gone = [_with_chair()] * RATE, [PIXELS] * (8 * RATE)
    walker = PIXELS.copy()
    walker[10:85, 110:150] = (20, 30, 90)
    said, prompts = _said_of([*there, *gone, *[walker] * RATE, *gone, *there, *there])
    (note,) = said
    assert "something that the plate shows at the right is gone" in note
    assert "retake the plate without it" in note
    assert set(prompts[: 5 * RATE]) == {""}
    assert prompts[9 * RATE] == note
    assert prompts[-1] == ""


def test_who_stands_still_before_the_plate_is_not_called_gone() -> None:
    visitor = _with_chair()
    visitor[20:88, 40:70] = (90, 30, 20)
    said, prompts = _said_of([_with_chair()] * RATE + [visitor] * (8 * RATE))
    assert said == []
    assert set(prompts) == {""}


class Late(Executor):
    """Does the work, and has it done so many frames later."""

    def __init__(self, frames: int) -> None:
        self._frames, self._waiting = frames, list[tuple[int, Future[Any], Any]]()

    def submit(self, work: Any, /, *given: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()
        self._waiting.append((self._frames, done, work(*given, **named)))
        return done

    def pass_frame(self) -> None:
        self._waiting = [(left - 1, done, update) for left, done, update in self._waiting]
        for left, done, update in self._waiting:
            if left == 0:
                done.set_result(update)


@pytest.mark.parametrize("late", [1, 7, 40])
@pytest.mark.parametrize("shreds", [14, 20, 24])
def test_however_late_looks_are_a_foreign_plate_is_prompted(late: int, shreds: int) -> None:
    pool = Late(late)
    watch = PlateWatch(Plate(PIXELS), pool, trusted=False)
    alpha = np.zeros(SIZE, np.float32)
    alpha[:, np.arange(SIZE[1]) % 24 < shreds] = 1
    prompts = set()
    for index in range(3 * late + 4 * RATE):
        maps = Maps(alpha, alpha + 1)
        shown = np.roll(PIXELS[::-1], 3 * index, axis=1)  # something always moves
        update = watch(Frame(shown, index, index, Fraction(1, RATE)), maps)
        prompts |= {update.prompt} if update is not None else set()
        pool.pass_frame()
    assert any("retake the plate" in prompt for prompt in prompts)


def test_looks_are_as_frequent_as_ever_while_the_plate_has_a_trouble() -> None:
    wrong = [np.roll(PIXELS[::-1], 40, axis=1)] * (4 * RATE)
    assert _looks(wrong, new_maps=False) == 16
