"""Decides who is who when objects part that shared a region, by colours.

While two objects share a region, the tracker may follow the wrong one. Each remembers how it looked
before. When one is seen alone for a moment, it is compared with all that it shared a region with,
and takes the identity that fits.
"""

from __future__ import annotations

import math

from edgeds.live.signals.objects.regions import Region, likeness
from edgeds.live.signals.objects.settings import Tracking
from edgeds.live.signals.objects.track import BODIES, Track
from edgeds.types import FloatMap

_FIT_OF_NEW = -0.25
"""A new object is expected to fit none of those that are known better than this."""


def share(tracks: list[Track]) -> None:
    """Note that tracks share a region: from now on, each may be any of them."""
    for track in tracks:
        track.doubts |= {other for other in tracks if other is not track}
        track.fresh, track.fresh_secs = None, 0.0


def doubt_beside(one: Track, hidden: list[Track]) -> None:
    """Note that one of several is seen, and hides the others."""
    for other in hidden:
        one.doubts.add(other)
        other.doubts.add(one)


def settle(tracks: list[Track], settings: Tracking) -> None:
    """Give their identities to those that are seen alone; the sooner, the clearer it must be."""
    known = set(tracks)
    for track in tracks:
        track.doubts &= known
        if not track.doubts or track.fresh is None or track.fresh_secs <= 0:
            continue
        others = [other for other in tracks if other in track.doubts]
        gains = [(_gain(track, other), -n) for n, other in enumerate(others)]
        wanted = settings.sure_gain * max(1.0, settings.sure_secs / track.fresh_secs)
        if gains and max(gains)[0] > wanted:
            exchange(track, others[-max(gains)[1]])
        if track.fresh_secs >= settings.sure_secs - 1e-6:
            track.doubts, track.split_from = set(), {}


def only_one(region: Region, tracks: list[Track], settings: Tracking) -> Track | None:
    """The track that a region is, if it is no larger than one and has its colours."""
    assert region.colours is not None
    fits = [
        (likeness(track.colours, region.colours), -number)
        for number, track in enumerate(tracks)
        if track.colours is not None
        and 0.8 < region.area / track.usual_area < 1.25
        and 0.8 < region.height / track.usual_height < 1.25
    ]
    if not fits or max(fits)[0] < settings.one_likeness:
        return None
    return tracks[-max(fits)[1]]


def exchange(one: Track, other: Track) -> None:
    """Each becomes the other one. Place, motion, shape and its size stay.

    So does what is known of the places where they were before they met. One that came out of two
    or more has no such place: it is the other one, which went on, and what stays behind is new.
    """
    for new, known in ((one, other), (other, one)):
        if len(new.split_from) > 1 and not known.split_from:
            new.body, new.born_foot = known.body, known.born_foot
            known.body, known.born_foot = next(BODIES), new.split_from.get(known, known.foot)
            new.split_from = {}
            break
    for track, its in ((one, other), (other, one)):
        if its.is_new and not track.is_new:  # rules know where it was; they forget it until then
            track.born_foot = track.foot
    swap = {one: other, other: one}
    one.came_with, other.came_with = (
        {swap.get(member, member) for member in track.came_with} for track in (other, one)
    )
    for name in ("id", "born_secs", "colours", "is_new", "stoutness", "origin"):
        mine, its = getattr(one, name), getattr(other, name)
        setattr(one, name, its)
        setattr(other, name, mine)


def from_where_it_came(track: Track, settings: Tracking) -> None:
    """If two came as one object and one of them parts, it came from where that was first seen."""
    hosts = [host for host in track.came_with if host.id]
    track.came_with = set()
    if not hosts:
        return
    host = max(hosts, key=lambda one: one.stoutness)
    stoutness = track.usual_area / track.usual_height**2
    is_tall = track.usual_height > settings.as_tall * host.usual_height
    if is_tall and host.stoutness > settings.as_two * stoutness:
        track.born_foot = track.origin = host.origin


def _gain(track: Track, other: Track) -> float:
    """By how much both fit better if each is the other one."""
    assert track.fresh is not None
    if other.is_new and track.is_new:
        return 0.0
    gain = _fit(other, track.fresh) - _fit(track, track.fresh)
    if other.fresh is not None and other.is_seen:
        gain += _fit(track, other.fresh) - _fit(other, other.fresh)
    return gain


def _fit(track: Track, colours: FloatMap) -> float:
    """Logarithm of how well colours fit an identity."""
    if track.is_new:
        return _FIT_OF_NEW
    if track.colours is None:
        return 0.0
    return math.log(likeness(track.colours, colours) + 0.01)
