"""What rules report: zones, lines, distances, things left behind. Drawn scenes give the truth."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from edgeds.live.signals.events import Event
from edgeds.live.signals.objects.tracked_object import TrackedObject
from edgeds.live.signals.rules.kinds import (
    Line,
    NearerThan,
    ObjectReports,
    PlateHealth,
    Rules,
    Zone,
)
from edgeds.live.signals.rules.zones_lines_distances import LineWatch, ZoneWatch
from edgeds.live.signals.signals import FrameSignals, Signals
from edgeds.plate.ground.metric_scale import MetricScale

from .scene import SIZE, Figure, Scene
from .walkers import walkers

QUIET = ObjectReports(events=False)
HALF = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
SCALE = MetricScale(per_unit=1.0, uncertainty=0.05, origin="point")


def _run(
    rules: Rules,
    scene: Scene,
    *,
    scale: MetricScale | None = None,
    health: Iterable[float | None] = (),
) -> tuple[list[Event], FrameSignals]:
    signals = Signals(rules, scene.size, source="drawn")
    states, events = iter(health), []
    for frame, maps in scene:
        seen = signals(frame, maps, health=next(states, None), scale=scale)
        events += seen.events
    return events, seen


def _kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


def test_objects_are_reported_when_they_come_and_go_and_numbers_have_no_gaps() -> None:
    scene = Scene([Figure((50, 90), go_secs=2), Figure((140, 90), come_secs=1)], secs=4)
    events, _ = _run(Rules(), scene)
    assert _kinds(events) == ["object.appeared", "object.appeared", "object.left"]
    assert [event.number for event in events] == [1, 2, 3]
    assert events[2].object is not None
    assert events[2].object.id == 1
    assert events[0].wall_secs is None, "a file has no time of day"


def test_a_zone_reports_who_enters_dwells_and_leaves() -> None:
    zone = Zone(name="right", points=HALF, dwell_secs=1.0)
    scene = Scene([Figure((40, 95), (30, 0))], secs=6)
    events, seen = _run(Rules(zones=(zone,), objects=QUIET), scene)
    assert _kinds(events) == ["zone.entered", "zone.dwelled", "zone.left"]
    entered, dwelled, left = events
    assert entered.secs == pytest.approx(56 / 30 + zone.enter_secs, abs=0.25)
    assert entered.facts == {"count": 1}
    assert dwelled.facts["stay_secs"] == pytest.approx(1.0, abs=0.11)
    assert left.facts["stay_secs"] == pytest.approx(96 / 30, abs=0.5)
    assert seen.watched["zones"] == {"right": {"count": 0, "ids": []}}


def test_nobody_flickers_on_the_border_of_a_zone() -> None:
    zone = Zone(name="right", points=HALF)
    scene = Scene([Figure((96, 95), height=50)], secs=5)  # its legs swing over the border
    events, _ = _run(Rules(zones=(zone,), objects=QUIET), scene)
    assert len(events) <= 1


def test_a_zone_between_two_distances_ignores_what_is_nearer_or_farther() -> None:
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    figures = [Figure((50, 70), inverse_depth=0.25), Figure((140, 100), inverse_depth=0.6)]
    by_metres = Zone(name="by metres", points=whole, metres=(1.0, 2.0))
    by_depth = Zone(name="by depth", points=whole, inverse_depth=(0.5, 1.0))
    rules = Rules(zones=(by_metres, by_depth), objects=QUIET)
    _, seen = _run(rules, Scene(figures, secs=2), scale=SCALE)
    assert {name: zone["count"] for name, zone in seen.watched["zones"].items()} == {
        "by metres": 1,
        "by depth": 1,
    }
    _, seen = _run(rules, Scene(figures, secs=2))
    assert seen.watched["zones"]["by metres"]["count"] == 0, "without a scale nothing is at 1 m"
    signals = Signals(rules, SIZE, source="drawn")
    signals(*Scene([], secs=1).at(0))
    assert "by metres" in signals.notes[0]


def test_lines_count_crossings_by_direction_also_where_people_overlap() -> None:
    line = Line(name="door", start=(0.5, 0.0), end=(0.5, 1.0), to_left="in", to_right="out")
    crossings = wrong = 0
    for seed in range(10):
        figures, right, left = walkers(seed)
        _, seen = _run(Rules(lines=(line,)), Scene(figures, secs=7, seed=seed))
        counts = seen.watched["lines"]["door"]
        # Who looks down along the line has the picture's right side to the left.
        wrong += abs(counts["in"] - right) + abs(counts["out"] - left)
        crossings += right + left
    assert crossings == 40
    # `python -m tests.signals.bars lines` runs 50 seeds.
    assert 1 - wrong / crossings >= 0.97


def test_swaying_on_a_line_and_walking_past_its_end_count_nothing() -> None:
    line = Line(name="short", start=(0.5, 0.0), end=(0.5, 0.5))
    events, _ = _run(Rules(lines=(line,), objects=QUIET), Scene([Figure((96, 50))], secs=4))
    assert events == []
    walker = Figure((40, 100), (40, 0))  # its foot passes below the line's end
    events, _ = _run(Rules(lines=(line,), objects=QUIET), Scene([walker], secs=4))
    assert events == []


def test_nearer_than_begins_and_ends_once() -> None:
    rule = NearerThan(name="close", metres=2.0)
    scene = Scene([Figure((60, 100), inverse_depth=0.7, come_secs=1, go_secs=2.5)], secs=5)
    events, seen = _run(Rules(nearer_than=(rule,), objects=QUIET), scene, scale=SCALE)
    assert _kinds(events) == ["near.began", "near.ended"]
    assert events[0].object is not None
    assert seen.watched["near"] == {"close": False}
    far = Scene([Figure((60, 60), inverse_depth=0.3)], secs=2)
    assert _run(Rules(nearer_than=(rule,), objects=QUIET), far, scale=SCALE)[0] == []


def test_a_worn_plate_is_reported_once_and_its_recovery_too() -> None:
    rules = Rules(plate=PlateHealth(name="plate", below=0.5, for_secs=0.5), objects=QUIET)
    health = [1.0] * 5 + [0.2] * 10 + [0.55] * 10 + [0.9] * 10
    events, _ = _run(rules, Scene([], secs=3.5), health=health)
    assert _kinds(events) == ["plate.worn", "plate.recovered"]
    assert events[1].facts == {"health": 0.9}


def test_rules_may_be_exchanged_and_objects_keep_their_ids() -> None:
    scene = Scene([Figure((140, 95))], secs=3)
    signals = Signals(Rules(), SIZE, source="drawn")
    events = []
    for frame, maps in scene:
        if frame.index == 15:
            signals.set_rules(Rules(zones=(Zone(name="right", points=HALF),), objects=QUIET))
        events += signals(frame, maps).events
    assert _kinds(events) == ["object.appeared", "zone.entered"]
    assert {event.object.id for event in events if event.object} == {1}


def test_an_event_carries_a_snapshot_where_its_rule_asks_for_one() -> None:
    zone = Zone(name="right", points=HALF, snapshot=True)
    events, _ = _run(Rules(zones=(zone,)), Scene([Figure((140, 95))], secs=2))
    pictures = {event.kind: event.snapshot for event in events}
    assert pictures["object.appeared"] is None
    assert pictures["zone.entered"] is not None
    assert pictures["zone.entered"].startswith(b"\xff\xd8")


def test_an_exchange_of_ids_beside_a_line_or_zone_is_no_crossing_and_no_visit() -> None:
    line = LineWatch(Line(name="door", start=(0.5, 0.0), end=(0.5, 1.0)), SIZE)
    zone = ZoneWatch(Zone(name="right", points=HALF), SIZE)
    # Two on both sides; after a second their ids turn out to be the wrong way round.
    for index in range(40):
        ids = (1, 2) if index < 10 else (2, 1)
        things = [_body(ids[0], 1, 60.0), _body(ids[1], 2, 130.0)]
        if index > 20:
            things[0] = _body(ids[0], 1, 60.0 + 5 * (index - 20))
        crossed = list(line(things, index / 10))
        visits = list(zone(things, index / 10))
        if index in (9, 20):
            assert zone.inside == [ids[1]]
        if 4 < index <= 20:
            assert crossed == visits == []
    assert sum(line.counts.values()) == 1, "the one who walks over it afterwards"
    assert sorted(zone.inside) == [1, 2]


def test_two_in_a_zone_keep_the_times_of_their_entry_where_their_ids_are_exchanged() -> None:
    zone = ZoneWatch(Zone(name="right", points=HALF), SIZE)
    for index in range(60):
        ids = (1, 2) if index < 50 else (2, 1)
        things = [_body(ids[0], 1, 120.0), _body(ids[1], 2, 150.0 if index >= 30 else 20.0)]
        list(zone(things, index / 10))
    stays = {one.object.id: one.facts["stay_secs"] for one in zone([], 6.0) if one.object}
    assert stays == {1: 6.0, 2: 3.0}


def _body(number: int, body: int, x: float) -> TrackedObject:
    return TrackedObject(
        id=number, body=body, box=(x - 8, 50, 16, 40), outline=(), area_px=300.0, foot=(x, 90.0),
        born_foot=(x, 90.0), inverse_depth=0.5, age_secs=0.0,
    )  # fmt: skip
