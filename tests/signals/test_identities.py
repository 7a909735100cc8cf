"""Who is who in groups: people in dark clothes who stand together, pass a post, and part."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from edgeds.live.signals.objects.crowds import crowds_of
from edgeds.live.signals.objects.find_objects import ObjectFinder
from edgeds.live.signals.objects.identities import exchange, only_one, settle, share
from edgeds.live.signals.objects.place_by_colours import place_by_colours
from edgeds.live.signals.objects.regions import Region, likeness, region_of, regions_of
from edgeds.live.signals.objects.settings import TRACKING
from edgeds.live.signals.objects.small_frame import SmallFrame
from edgeds.live.signals.objects.track import Track
from edgeds.live.signals.rules.zones_lines_distances import LineWatch
from edgeds.types import Frame

from . import bars
from .groups import Walker
from .scene import SIZE as DRAWN
from .scene import Scene

SIZE = (60, 100)
BLACK, BROWN, NAVY = (14, 14, 14), (48, 32, 22), (16, 20, 48)
Box = tuple[int, int, int, int]
"""(left, right, top, bottom)."""


def _look(*people: tuple[Box, tuple[int, int, int], tuple[int, int, int]]) -> SmallFrame:
    """Boxes with jackets and trousers, later ones before earlier ones."""
    pixels = np.full((*SIZE, 3), 120, np.uint8)
    alpha = np.zeros(SIZE, np.float32)
    for (left, right, top, bottom), jacket, trousers in people:
        middle = (top + bottom) // 2
        pixels[top:middle, left:right] = jacket
        pixels[middle:bottom, left:right] = trousers
        alpha[top:bottom, left:right] = 1
    frame = Frame(pixels, 0, 0, Fraction(1, 10))
    return SmallFrame(frame, alpha, np.full(SIZE, 0.5, np.float32))


def _track(look: SmallFrame, number: int, name: int) -> Track:
    track = Track(regions_of(look)[number], 0.0)
    track.id, track.is_new = name, False
    return track


ONE: Box = (20, 32, 15, 55)
OTHER: Box = (60, 72, 15, 55)


def test_two_in_dark_clothes_are_not_alike() -> None:
    both = _look((ONE, BLACK, NAVY), (OTHER, NAVY, BLACK))
    one, other = (region.colours for region in regions_of(both))
    assert one is not None
    assert other is not None
    assert likeness(one, other) < 0.1, "jacket and trousers are the other way round"
    assert likeness(one, other, halves=False) > 0.9
    assert likeness(one, one) == pytest.approx(1, abs=1e-5)


def test_ids_follow_the_colours_when_two_part_the_other_way_round() -> None:
    before = _look((ONE, BLACK, NAVY), (OTHER, BROWN, BLACK))
    one, other = _track(before, 0, 1), _track(before, 1, 2)
    share([one, other])
    after = regions_of(_look((ONE, BROWN, BLACK), (OTHER, BLACK, NAVY)))
    for secs in (0.1, 0.2, 0.3):
        for track, region in zip((one, other), after, strict=True):
            track.predict(secs)
            track.see(region, 0.1)
        settle([one, other], TRACKING)
    assert (one.id, other.id) == (2, 1)
    assert not one.doubts
    assert not other.doubts


def test_ids_stay_when_colours_do_not_say_otherwise() -> None:
    before = _look((ONE, BLACK, NAVY), (OTHER, BLACK, NAVY))
    one, other = _track(before, 0, 1), _track(before, 1, 2)
    share([one, other])
    for secs in (0.1, 0.2, 0.3):
        for track, region in zip((one, other), regions_of(before), strict=True):
            track.predict(secs)
            track.see(region, 0.1)
        settle([one, other], TRACKING)
    assert (one.id, other.id) == (1, 2)


def test_a_region_as_large_as_one_is_one_and_hides_the_other() -> None:
    before = _look((ONE, BLACK, NAVY), (OTHER, BROWN, BLACK))
    tracks = [_track(before, 0, 1), _track(before, 1, 2)]
    (hiding,) = regions_of(_look((ONE, BLACK, NAVY), (ONE, BROWN, BLACK)))
    assert only_one(hiding, tracks, TRACKING) is tracks[1]
    (wide,) = regions_of(_look((ONE, BLACK, NAVY), ((32, 44, 15, 55), BROWN, BLACK)))
    assert only_one(wide, tracks, TRACKING) is None


def test_whoever_shares_a_region_stays_in_it() -> None:
    track = _track(_look((ONE, BLACK, NAVY)), 0, 1)
    track.vx = -50.0
    track.predict(0.5)
    assert track.left < 0
    (wide,) = regions_of(_look(((20, 50, 15, 55), BLACK, NAVY)))
    track.keep_in(wide)
    assert track.left == 20
    assert track.vx == 0


def test_pieces_left_and_right_of_a_post_are_one_crowd() -> None:
    look = _look((ONE, BLACK, NAVY), ((32, 44, 15, 55), BROWN, BLACK))
    tracks = [_piece(look, (20, 32), 1), _piece(look, (32, 44), 2)]
    look.alpha[:, 26:29] = 0  # the post hides the middle of one of them
    regions = regions_of(look)
    assert len(regions) == 2
    assert crowds_of(regions, {1: tracks}, TRACKING) == [[0, 1]]
    apart = regions_of(_look((ONE, BLACK, NAVY), (OTHER, BROWN, BLACK)))
    assert crowds_of(apart, {1: tracks}, TRACKING) == []


def test_each_is_found_by_its_colours_in_a_region_of_two() -> None:
    before = _look((ONE, BLACK, NAVY), (OTHER, BROWN, BLACK))
    one, other = _track(before, 0, 1), _track(before, 1, 2)
    look = _look(((24, 36, 15, 55), BLACK, NAVY), ((36, 48, 15, 55), BROWN, BLACK))
    (both,) = regions_of(look)
    other.x -= 60 - 30  # it is thought to be in the middle
    box = slice(both.top, both.top + both.height), slice(both.left, both.left + both.width)
    for track, rest in ((one, other), (other, one)):
        place_by_colours(track, [rest], both, look.colours_in(box))
    assert (one.left, other.left) == (24, 36)


def _piece(look: SmallFrame, columns: tuple[int, int], name: int) -> Track:
    mask = np.zeros(SIZE, bool)
    mask[15:55, slice(*columns)] = True
    region: Region = region_of(mask, 0, 0, look, group=1)
    track = Track(region, 0.0)
    track.id, track.is_new = name, False
    return track


def test_groups_of_drawn_people_keep_their_ids() -> None:
    measured = bars.groups(range(12))
    assert (
        sum(measured["switches"].values()) <= 12
    )  # 7; 30 before people in groups were told apart by colours
    assert measured["recall"] > 0.8
    assert measured["precision"] > 0.94


def test_bodies_stay_where_ids_are_exchanged_but_one_out_of_a_group_goes_on_as_its_body() -> None:
    look = _look((ONE, BLACK, NAVY), (OTHER, NAVY, BLACK))
    one, other, out = _track(look, 0, 1), _track(look, 1, 2), _track(look, 1, 3)
    exchange(one, other)
    assert (one.id, other.id) == (2, 1)
    assert one.body < other.body, "both were there before: nobody has moved"
    bodies = other.body, out.body
    out.split_from = {one: (5.0, 5.0), other: (7.0, 7.0)}
    exchange(out, other)
    assert (out.id, out.body) == (1, bodies[0])
    assert other.body not in bodies
    assert other.born_foot == (7.0, 7.0)


def _crossed(*walkers: Walker) -> dict[str, int]:
    """How often a line in the middle is crossed, by what is seen of these."""
    find, line = ObjectFinder(), LineWatch(bars.DOOR, DRAWN)
    for frame, maps in Scene(walkers, secs=9):
        list(line(find(frame, maps, frame.pts_secs), frame.pts_secs))
    return line.counts


def _walker(height: float, colour: tuple[int, int, int], *ways: tuple[float, float]) -> Walker:
    """`ways`: (secs, x) from place to place, on one line across the picture."""
    return Walker(
        (0, 0),
        height=height,
        colour=colour,
        trousers=colour[::-1],
        come_secs=ways[0][0],
        ways=tuple((secs, x, 92.0) for secs, x in ways),
    )


@pytest.mark.parametrize("heights", [(42, 42), (40, 48)])
def test_two_who_cross_a_line_as_one_object_are_both_counted_once_they_part(
    heights: tuple[float, float],
) -> None:
    one = _walker(heights[0], (40, 30, 20), (0, -20), (5, 120), (9, 240))
    other = _walker(heights[1], (20, 30, 60), (0, -30), (5, 110), (9, 110))
    assert _crossed(one, other) == {"in": 2, "out": 0}


def test_who_meets_somebody_beyond_the_line_does_not_take_him_across_it() -> None:
    stays = _walker(42, (40, 30, 20), (0, 210), (2, 125), (9, 125))
    passes = _walker(42, (20, 30, 60), (0, -30), (5, 115), (6.5, 115), (9, 240))
    assert _crossed(stays, passes) == {"in": 1, "out": 0}


def test_what_is_put_down_beyond_the_line_has_not_crossed_it() -> None:
    bearer = _walker(42, (40, 30, 20), (0, -20), (5, 120), (9, 240))
    bag = _walker(14, (20, 30, 60), (0, -10), (5, 130), (9, 130))
    assert _crossed(bearer, bag) == {"in": 1, "out": 0}
