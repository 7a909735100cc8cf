"""Objects from maps: found, told apart, kept, with truth from a drawn scene."""

from __future__ import annotations

import numpy as np
import pytest

from edgeds.live.signals.objects.find_objects import ObjectFinder
from edgeds.live.signals.objects.tracked_object import TrackedObject
from edgeds.plate.ground.metric_scale import MetricScale
from edgeds.types import Maps

from .scene import SIZE, Figure, Scene


def _last(figures: list[Figure], *, secs: float = 1.0, **options: object) -> list[TrackedObject]:
    find = ObjectFinder()
    objects: list[TrackedObject] = []
    for frame, maps in Scene(figures, secs=secs, **options):  # type: ignore[arg-type]
        objects = find(frame, maps, frame.pts_secs)
    return objects


def test_an_empty_scene_has_no_objects() -> None:
    find = ObjectFinder()
    for frame, maps in Scene([], secs=2):
        assert find(frame, maps, frame.pts_secs) == []


def test_an_object_is_where_it_is_drawn() -> None:
    (thing,) = _last([Figure((60, 90), (20, 0), inverse_depth=0.5)], secs=2.1)
    assert thing.foot == pytest.approx((60 + 20 * 2.0, 90), abs=3)
    assert thing.inverse_depth == pytest.approx(0.5, rel=0.02)
    assert thing.velocity_px == pytest.approx((20, 0), abs=9)  # its legs swing
    assert thing.box[3] == pytest.approx(40, abs=3)
    assert thing.age_secs == pytest.approx(2.0)
    assert thing.still_secs < 0.5
    assert thing.metres is None
    left, top, width, height = thing.box
    assert all(left <= x <= left + width and top <= y <= top + height for x, y in thing.outline)
    assert not thing.is_hidden


def test_metres_come_with_their_uncertainty() -> None:
    scale = MetricScale(per_unit=1.0, uncertainty=0.1, origin="point")
    find = ObjectFinder()
    for frame, maps in Scene([Figure((60, 90), inverse_depth=0.5)], secs=1):
        objects = find(frame, maps, frame.pts_secs, scale)
    assert objects[0].metres == pytest.approx(2.0, rel=0.03)
    assert objects[0].metres_sigma == pytest.approx(0.2, rel=0.03)


def test_large_frames_give_objects_in_their_own_pixels() -> None:
    small = _last([Figure((60, 90))])[0]
    large = _last([Figure((300, 450), height=200)], size=(540, 960))[0]
    assert large.box == pytest.approx([5 * value for value in small.box], abs=10)
    assert large.area_px == pytest.approx(25 * small.area_px, rel=0.15)


def test_two_who_overlap_at_different_depths_are_two() -> None:
    near = Figure((100, 100), height=60, inverse_depth=0.7, colour=(60, 60, 200))
    far = Figure((108, 92), height=45, inverse_depth=0.4)
    objects = _last([near, far])
    assert sorted(round(thing.inverse_depth, 1) for thing in objects) == [0.4, 0.7]
    assert len(_last([near])) == 1


def test_an_even_slope_in_depth_is_one_object() -> None:
    scene = Scene([Figure((96, 100), height=80, shape="box")], secs=1)
    find = ObjectFinder()
    for frame, maps in scene:
        slope = np.linspace(0.3, 0.7, SIZE[0], dtype=np.float32)[:, None]
        maps.inverse_depth[maps.alpha > 0.5] = np.broadcast_to(slope, SIZE)[maps.alpha > 0.5]
        objects = find(frame, maps, frame.pts_secs)
    assert len(objects) == 1


def test_identities_survive_a_crossing() -> None:
    figures = [
        Figure((20, 100), (40, 0), height=60, inverse_depth=0.7, colour=(60, 60, 200)),
        Figure((170, 90), (-40, 0), height=42, inverse_depth=0.4),
    ]
    find, scene = ObjectFinder(), Scene(figures, secs=3.6)
    depths: dict[int, list[float]] = {}
    for frame, maps in scene:
        for thing in find(frame, maps, frame.pts_secs):
            depths.setdefault(thing.id, []).append(thing.inverse_depth)
    assert sorted(depths) == [1, 2]
    for seen in depths.values():
        assert seen[0] == pytest.approx(seen[-1], rel=0.1)
    assert min(len(seen) for seen in depths.values()) >= 32, "hidden ones are kept"


def test_who_comes_back_from_behind_a_pole_is_the_same() -> None:
    scene = Scene([Figure((20, 95), (40, 0))], secs=3.5)
    find, ids = ObjectFinder(), set()
    for frame, maps in scene:
        maps.alpha[:, 80:100] = 0  # a pole of the plate hides what is behind it
        ids |= {thing.id for thing in find(frame, maps, frame.pts_secs)}
    assert ids == {1}


def test_a_pair_that_comes_as_one_and_parts_becomes_two() -> None:
    figures = [
        Figure((60, 95), (22, 0), inverse_depth=0.5),
        Figure((66, 95), (10, 0), inverse_depth=0.5, colour=(40, 160, 60)),
    ]
    assert len(_last(figures, secs=0.6)) == 1
    assert len(_last(figures, secs=4)) == 2


def test_what_stands_is_still_and_what_is_dead_is_motionless() -> None:
    person = Figure((50, 95), height=45)
    bag = Figure((130, 95), height=16, shape="box", colour=(20, 30, 160))
    objects = {round(thing.foot[0] / 10): thing for thing in _last([person, bag], secs=4)}
    assert objects[5].still_secs > 3, "its feet are in one place"
    assert objects[13].motionless_secs > 3
    assert objects[5].motionless_secs < objects[13].motionless_secs, "its legs move"


def test_objects_leave_when_they_walk_out_of_the_picture() -> None:
    find = ObjectFinder()
    seen = []
    for frame, maps in Scene([Figure((150, 95), (40, 0))], secs=3):
        objects = find(frame, maps, frame.pts_secs)
        seen.append(len(objects))
        for left, top, width, height in (found.box for found in objects):
            assert 0 <= left <= left + width <= SIZE[1]
            assert 0 <= top <= top + height <= SIZE[0]
    assert seen[8] == 1
    assert seen[-1] == 0


def test_noise_and_specks_are_no_objects() -> None:
    random = np.random.default_rng(1)
    find = ObjectFinder()
    for frame, maps in Scene([], secs=2):
        specks = random.random(SIZE) > 0.98
        maps.alpha[specks] = 1.0
        assert find(frame, maps, frame.pts_secs) == []


def test_while_maps_stay_the_same_objects_are_as_with_new_ones() -> None:
    person = Figure((60, 90), inverse_depth=0.5)
    looked_again, reused = ObjectFinder(), ObjectFinder()
    first = None
    for frame, maps in Scene([person], secs=2):
        first = first or maps
        again = Maps(first.alpha, first.inverse_depth)
        wanted = looked_again(frame, again, frame.pts_secs)
        assert reused(frame, first, frame.pts_secs) == wanted
    assert wanted[0].still_secs > 1
