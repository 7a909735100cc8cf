"""Labels of objects on a picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeds.live.signals.drawing import draw_signals, labels
from edgeds.live.signals.objects.tracked_object import TrackedObject
from edgeds.live.signals.rules.kinds import Rules, Zone
from edgeds.live.signals.signals import FrameSignals
from edgeds.views.drawable_text import drawable


def _person(number: int, left: float) -> TrackedObject:
    foot = (left + 10, 200.0)
    box = (left, 100.0, 20.0, 100.0)
    return TrackedObject(
        id=number, body=number, box=box, outline=(), area_px=900.0, foot=foot, born_foot=foot,
        inverse_depth=0.5, metres=24.5,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lefts", "texts"),
    [
        ((100, 300), ["1  24.5 m", "2  24.5 m"]),
        ((100, 122, 300), ["1", "2  24.5 m", "3  24.5 m"]),
        ((100, 122, 144), ["1", "2", "3  24.5 m"]),
    ],
    ids=["apart", "two side by side", "three"],
)
def test_metres_that_would_cover_a_neighbours_number_are_left_out(
    lefts: tuple[float, ...], texts: list[str]
) -> None:
    picture = np.zeros((480, 640, 3), np.uint8)
    people = [_person(i + 1, left) for i, left in enumerate(lefts)]
    assert [text for _, text in labels(picture, people, 1)] == texts


def _named(name: str) -> np.ndarray:
    zone = Zone(name=name, points=((0.2, 0.5), (0.8, 0.5), (0.8, 0.9)))
    watched = {"zones": {name: {"count": 0}}, "lines": {}, "left_behind": {}, "removed": {}}
    seen = FrameSignals(
        objects=(), events=(), rules=Rules(zones=(zone,)), watched=watched, about={}
    )
    return draw_signals(np.zeros((240, 320, 3), np.uint8), seen)


@pytest.mark.skipif(not hasattr(cv2, "FontFace"), reason="OpenCV before 5 draws ASCII alone")
@pytest.mark.parametrize("name", ["Tür", "Вход", "Πύλη", "入口", "도어"])
def test_a_name_is_drawn_in_its_own_letters(name: str) -> None:
    assert not np.array_equal(_named(name), _named("?" * len(name)))
    assert not np.array_equal(_named(name), _named(name[::-1])), "each letter is its own"


def test_an_older_opencv_gets_letters_without_their_accents() -> None:
    assert drawable("Tür Ω", all_letters=False) == "Tur ?"
    assert drawable("Tür Ω", all_letters=True) == "Tür Ω"
