"""Labels of objects on a picture."""

from __future__ import annotations

import numpy as np
import pytest

from edgeds.live.signals.drawing import labels
from edgeds.live.signals.objects.tracked_object import TrackedObject


def _person(number: int, left: float) -> TrackedObject:
    foot = (left + 10, 200.0)
    box = (left, 100.0, 20.0, 100.0)
    return TrackedObject(
        id=number, box=box, outline=(), area_px=900.0, foot=foot, born_foot=foot,
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
