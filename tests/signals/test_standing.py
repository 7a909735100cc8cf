"""What does not move: left behind, removed, or a person who only stands there."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np

from edgeds.live.signals.events import Event
from edgeds.live.signals.objects.find_objects import ObjectFinder
from edgeds.live.signals.rules.kinds import LeftBehind, ObjectReports, Removed, Rules, Zone
from edgeds.live.signals.signals import Signals
from edgeds.plate.new_or_removed import newness
from edgeds.types import Frame, Maps

from .scene import SIZE, Figure, Scene

RULES = Rules(
    left_behind=(LeftBehind(name="bag", after_secs=2),),
    removed=(Removed(name="painting", after_secs=2),),
    objects=ObjectReports(events=False),
)
BAG = Figure((130, 95), height=20, shape="box", colour=(20, 30, 160), come_secs=0.5)


def _events(scene: Scene, rules: Rules = RULES) -> list[Event]:
    signals = Signals(rules, SIZE, source="drawn")
    return [event for frame, maps in scene for event in signals(frame, maps).events]


def test_a_bag_is_left_behind_and_gone_when_somebody_takes_it() -> None:
    events = _events(Scene([replace(BAG, go_secs=5)], secs=8))
    assert [event.kind for event in events] == ["left_behind.found", "left_behind.gone"]
    assert abs(events[0].secs - 2.5) < 0.5
    assert events[1].secs < 7


def test_a_bag_stays_found_while_somebody_passes_before_it() -> None:
    passer = Figure((40, 104), (40, 0), height=60, inverse_depth=0.75, come_secs=3.5)
    events = _events(Scene([BAG, passer], secs=8))
    assert [event.kind for event in events] == ["left_behind.found"]


def test_a_person_who_stands_and_breathes_is_not_left_behind() -> None:
    assert _events(Scene([Figure((60, 100), height=70)], secs=5)) == []


def test_what_is_gone_from_the_plate_is_removed_and_not_left_behind() -> None:
    scene = Scene([], secs=4)
    picture = scene.plate.copy()
    picture[40:64, 60:100] = (200, 180, 40)  # it hangs in the plate
    hole = np.zeros(SIZE, np.float32)
    hole[40:64, 60:100] = 1
    signals = Signals(RULES, SIZE, source="drawn")
    kinds = []
    for frame, maps in scene:
        maps = Maps(hole, maps.inverse_depth, plate=picture)
        kinds += [event.kind for event in signals(frame, maps).events]
    assert kinds == ["removed.found"]
    assert signals.seen is not None
    assert signals.seen.watched["removed"] == {"painting": [1]}


def test_a_small_piece_beside_a_large_thing_of_the_same_moment_is_not_reported() -> None:
    large = Figure((100, 95), height=50, shape="box", colour=(20, 30, 160), come_secs=0.5)
    piece = Figure((66, 90), height=10, shape="box", colour=(20, 160, 30), come_secs=0.5)
    events = _events(Scene([large, piece], secs=5))
    assert len(events) == 1
    assert events[0].object is not None
    assert events[0].object.area_px > 300
    later = replace(piece, come_secs=2)
    assert len(_events(Scene([large, later], secs=6))) == 2
    apart = replace(piece, start=(20, 90))
    assert len(_events(Scene([large, apart], secs=5))) == 2


def test_a_face_that_fills_the_picture_is_new() -> None:
    """Along the picture's border it has no outline, and the plate has pictures and chairs there."""
    random = np.random.default_rng(1)
    small = random.integers(0, 255, (9, 16, 3)).astype(np.uint8)
    plate = cv2.resize(small, (160, 90), interpolation=cv2.INTER_NEAREST)
    plate[:, :40] = 100
    frame = plate.copy()
    frame[:, 20:] = 140
    alpha = np.zeros(plate.shape[:2], np.float32)
    alpha[:, 20:] = 1
    find = ObjectFinder()
    for index in range(8):
        now = Frame(frame, index, index, Fraction(1, 10))
        things = find(now, Maps(alpha, 1 + alpha, plate=plate), index / 10)
    assert newness(things[0], frame, plate) > 0


def test_a_rule_looks_only_in_its_zone() -> None:
    left = Zone(name="left", points=((0, 0), (0.4, 0), (0.4, 1), (0, 1)))
    rules = replace(RULES, zones=(left,), left_behind=(LeftBehind(name="bag", zone="left"),))
    assert _events(Scene([BAG], secs=4), rules) == []


def test_newness_is_of_the_side_that_has_the_edges() -> None:
    find, scene = ObjectFinder(), Scene([BAG], secs=2)
    for frame, maps in scene:
        things = find(frame, maps, frame.pts_secs)
    assert newness(things[0], frame.pixels, scene.plate) > 0.5
    assert newness(things[0], scene.plate, frame.pixels) < -0.5
    same = cv2.GaussianBlur(scene.plate, (0, 0), 1)
    assert abs(newness(things[0], same, same)) < 1e-6
