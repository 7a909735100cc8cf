"""Marked people beside found objects: finds, misses, false ones, changes of id."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgeds.live.signals.objects.tracked_object import TrackedObject
from train.measure.watch import Person, Score, matched, people_from_file, score

POINTS = Path(__file__).parents[1] / "data" / "people_walking_points.json"
ANNA = Person("anna", 100, 200, 80, is_judged=True)
BERT = Person("bert", 160, 200, 80, is_judged=True)


def _thing(number: int, x: float, *, hidden: bool = False) -> TrackedObject:
    return TrackedObject(
        id=number,
        box=(x - 15, 120, 30, 80),
        outline=(),
        area_px=1000,
        foot=(x, 200),
        body=number,
        born_foot=(x, 200),
        inverse_depth=0.5,
        is_hidden=hidden,
    )


def _score(*frames: tuple[list[Person], list[TrackedObject]]) -> Score:
    result = Score(0.5)
    for number, (people, things) in enumerate(frames):
        result.compare(number, people, things)
    return result


def test_one_object_over_two_people_is_one_find_and_one_miss() -> None:
    found = _score(([ANNA, BERT], [_thing(1, 130)])).as_json()
    assert found["recall"] == 0.5
    assert found["precision"] == 1.0


def test_an_object_where_nobody_is_marked_is_false_and_one_out_of_sight_is_not() -> None:
    found = _score(([ANNA], [_thing(1, 100), _thing(2, 300), _thing(3, 500, hidden=True)]))
    assert found.false == 1
    assert found.as_json()["precision"] == 0.5


def test_whoever_is_hardly_seen_is_neither_a_miss_nor_a_find() -> None:
    hidden = replace(BERT, is_judged=False)
    assert _score(([ANNA, hidden], [_thing(1, 100)])).as_json()["recall"] == 1
    seen = _score(([ANNA, hidden], [_thing(1, 100), _thing(2, 160)]))
    assert (seen.judged, seen.found, seen.false) == (1, 1, 0)


def test_a_new_id_and_two_exchanged_ids_are_switches() -> None:
    first = ([ANNA, BERT], [_thing(1, 100), _thing(2, 160)])
    assert _score(first, first).switches == 0
    assert _score(first, ([ANNA, BERT], [_thing(1, 100), _thing(3, 160)])).switches == 1
    assert _score(first, ([ANNA, BERT], [_thing(2, 100), _thing(1, 160)])).switches == 2
    gone = ([ANNA, BERT], [_thing(1, 100)])
    assert _score(first, gone, first).switches == 0, "back under the same id"
    assert _score(first, first).as_json()["person_secs"] == 2.0


def test_a_person_keeps_the_last_object_while_it_is_near_enough() -> None:
    things = [_thing(1, 112), _thing(2, 101)]
    assert [thing.id for _, thing in matched([ANNA], things, {})] == [2]
    assert [thing.id for _, thing in matched([ANNA], things, {"anna": 1})] == [1]


def test_frames_without_marked_people_count_what_is_found_there() -> None:
    people = {0: [ANNA], 5: [ANNA], 15: [ANNA]}
    watched = [(number, [_thing(1, 100)]) for number in range(20)]
    result = score(watched, people, 10.0)
    assert (result.judged, result.found, result.false) == (3, 3, 1)
    assert result.step_secs == 0.5


def test_the_marked_points_are_whole() -> None:
    people, rate = people_from_file(POINTS)
    height, width = json.loads(POINTS.read_text())["size"]
    assert rate == 10
    assert sorted(people) == list(range(0, 795, 5))
    for frame, marked in people.items():
        names = [person.name for person in marked]
        assert len(names) == len(set(names)), frame
        for person in marked:
            assert 0 <= person.x <= width
            assert 0 < person.y - person.height / 2 < height
            assert person.height >= 20
    judged = sum(person.is_judged for marked in people.values() for person in marked)
    assert judged == pytest.approx(964, abs=20)
