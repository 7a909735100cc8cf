"""Regions of each frame -> tracks that keep their identity.

Every track predicts where its shape is now. If one track claims a region, the region is that track.
If several claim it, it is one of them and hides the others (`identities`), or each pixel goes to
one of them (`divide`). A region that no track claims is a piece of an object, a lost object that is
back, or a new object.

Tracking libraries take and return boxes. They know neither masks nor depth, and cannot divide a
region. Of `trackers` (needs another OpenCV than ours), `supervision`, `norfair` (needs NumPy 1)
and `motpy` (no release since 2021) none does that.
"""

from __future__ import annotations

import math

import numpy as np

from edgeds.live.signals.objects.crowds import crowds_of
from edgeds.live.signals.objects.divide import divide
from edgeds.live.signals.objects.identities import (
    doubt_beside,
    from_where_it_came,
    only_one,
    settle,
)
from edgeds.live.signals.objects.regions import Region, likeness, union
from edgeds.live.signals.objects.settings import TRACKING, Tracking
from edgeds.live.signals.objects.small_frame import SmallFrame
from edgeds.live.signals.objects.track import Track
from edgeds.types import FloatMap, Size

_HIDDEN_CLAIM = 0.3


class Tracker:
    """Call it with the regions of each frame, in order. `tracks` are those that are confirmed."""

    def __init__(self, settings: Tracking = TRACKING) -> None:
        self._settings = settings
        self._all: list[Track] = []
        self._last_id = 0
        self._before_secs: float | None = None
        self._step_secs = 0.0
        self._two: set[Track] = set()

    @property
    def tracks(self) -> list[Track]:
        return [track for track in self._all if track.id]

    def __call__(self, regions: list[Region], secs: float, small: SmallFrame) -> list[Track]:
        """The confirmed tracks at a time. `small`: what the regions were found in."""
        before = self._before_secs
        self._step_secs = 0.0 if before is None else max(0.0, secs - before)
        self._before_secs = secs
        for track in self._all:
            track.predict(secs)
        claims, unclaimed = self._claims(regions, small)
        for region, tracks in claims:
            self._see(region, tracks, small)
        for region, parent in self._found_again(unclaimed, secs):
            self._begin(region, parent, secs)
        for track in self._all:
            track.judge_stillness(small)
        self._all = [track for track in self._all if self._stays(track, secs, small)]
        settle(self._all, self._settings)
        for track in self._all:
            self._confirm(track, secs)
        return self.tracks

    def _see(self, region: Region, tracks: list[Track], small: SmallFrame) -> None:
        """Update the tracks that claim a region."""
        one = tracks[0] if len(tracks) == 1 else only_one(region, tracks, self._settings)
        if one is None:
            divide(region, tracks, small, self._step_secs)
            return
        hidden = [track for track in tracks if track is not one]
        doubt_beside(one, hidden)
        one.see(region, self._step_secs)
        for track in hidden:
            track.keep_in(region)

    def _begin(self, region: Region, parent: Track | None, secs: float) -> None:
        """A new track. It may be its parent, or one that is in doubt and not far away."""
        track = Track(region, secs, self._settings)
        if parent is None:
            track.doubts = {
                other
                for other in self._all
                if other.id and other.fresh is None and _distance(other, region, secs) < 1
            }
        else:
            parent.fresh, parent.fresh_secs = None, 0.0
            track.doubts = {parent} | parent.doubts
            parent.doubts.add(track)
        track.split_from = {other: other.foot for other in track.doubts}
        track.came_with = set(track.doubts)
        self._all.append(track)

    def _claims(
        self, regions: list[Region], small: SmallFrame
    ) -> tuple[list[tuple[Region, list[Track]]], list[tuple[Region, Track | None]]]:
        """(regions with the tracks that claim them; the others, with the track they may be of)."""
        scores = [
            [_score(track, region, self._settings) for region in regions] for track in self._all
        ]
        claimed: dict[int, list[Track]] = {}
        most = [max(column) for column in zip(*scores, strict=True)]
        for track, row in zip(self._all, scores, strict=True):
            best = int(np.argmax(row)) if row else -1
            # What was out of sight is not behind a region that fits another one much better.
            least = _HIDDEN_CLAIM * most[best] if track.was_hidden and row else 0.0
            if best >= 0 and row[best] > least:
                claimed.setdefault(best, []).append(track)
        gone = self._join(regions, claimed, small)
        unclaimed: list[tuple[Region, Track | None]] = []
        self._two = set()
        for index, region in enumerate(regions):
            if index in claimed or index in gone:
                continue
            column = [row[index] for row in scores]
            owner = self._all[int(np.argmax(column))] if column and max(column) > 0 else None
            main = next((key for key, of in claimed.items() if owner in of), None)
            if owner is None or main is None:
                unclaimed.append((region, None))
                continue
            if self._is_piece(regions[main], region, owner):
                regions[main] = union(regions[main], region, small)
            else:
                unclaimed.append((region, owner))
        for track in self._all:
            if track not in self._two:
                track.two_secs = max(0.0, track.two_secs - self._step_secs)
        tracks_of = {key: self._without_pieces(tracks) for key, tracks in claimed.items()}
        return [(regions[key], tracks) for key, tracks in tracks_of.items()], unclaimed

    def _join(
        self, regions: list[Region], claimed: dict[int, list[Track]], small: SmallFrame
    ) -> set[int]:
        """Make one region of each crowd; return the numbers of regions that are now in another."""
        gone: set[int] = set()
        for crowd in crowds_of(regions, claimed, self._settings):
            main = next(index for index in crowd if index in claimed)
            for index in crowd:
                if index != main:
                    regions[main] = union(regions[main], regions[index], small)
                    claimed[main] += claimed.pop(index, [])
                    gone.add(index)
        return gone

    def _is_piece(self, main: Region, piece: Region, owner: Track) -> bool:
        """Whether a region beside the track's own is a piece of the same object."""
        settings = self._settings
        if main.group == piece.group:  # they touch, at two depths
            return self._differs_secs(owner) < settings.split_secs
        if abs(main.inverse_depth - piece.inverse_depth) > 0.25 * max(
            main.inverse_depth, piece.inverse_depth
        ):
            return False
        across = max(main.left, piece.left) - min(main.left + main.width, piece.left + piece.width)
        along = max(main.top, piece.top) - min(main.top + main.height, piece.top + piece.height)
        if across <= -0.4 * min(main.width, piece.width):  # one above the other
            return along <= 0.5 * owner.height
        if across > settings.fragment_gap * max(main.width, piece.width):
            return False
        # A pole hides the middle of a walker for a moment; two who walk together stay apart.
        is_alike = piece.area > 0.3 * main.area and piece.height > 0.6 * main.height
        return not is_alike or self._differs_secs(owner) < settings.apart_secs

    def _differs_secs(self, owner: Track) -> float:
        """How long the region of a track has looked like two objects."""
        if owner not in self._two:
            self._two.add(owner)
            owner.two_secs += self._step_secs
        return owner.two_secs

    def _without_pieces(self, tracks: list[Track]) -> list[Track]:
        """Without those that were never confirmed, where others are."""
        confirmed = [track for track in tracks if track.id]
        if len(tracks) < 2 or not confirmed:
            return tracks[:1]
        self._all = [track for track in self._all if track in confirmed or track not in tracks]
        return confirmed

    def _found_again(
        self, unclaimed: list[tuple[Region, Track | None]], secs: float
    ) -> list[tuple[Region, Track | None]]:
        """Give regions back to tracks that were out of sight; return the others."""
        lost = [track for track in self._all if not track.is_seen]
        pairs = sorted(
            (
                (distance, index, track)
                for index, (region, parent) in enumerate(unclaimed)
                for track in lost
                if (parent is None or parent in track.doubts)
                and (distance := _distance(track, region, secs)) < 1
            ),
            key=lambda pair: pair[0],
        )
        taken: set[int] = set()
        for _, index, track in pairs:
            if index not in taken and not track.is_seen:
                taken.add(index)
                track.see(unclaimed[index][0], self._step_secs)
        return [pair for index, pair in enumerate(unclaimed) if index not in taken]

    def _stays(self, track: Track, secs: float, small: SmallFrame) -> bool:
        if track.is_seen:
            return True
        if not track.id:
            return False
        settings = self._settings
        limit = settings.lost_secs
        if _is_at_edge(track, small.size):
            limit = settings.edge_secs
        elif _covered_share(track, small.alpha) > 0.5:
            limit = settings.rest_secs if track.rests else settings.hidden_secs
        return secs - track.seen_secs <= limit

    def _confirm(self, track: Track, secs: float) -> None:
        settings = self._settings
        if track.id or track.sightings < settings.confirm_looks:
            return
        if secs - track.born_secs >= settings.confirm_secs - 1e-6:
            self._last_id += 1
            track.id = self._last_id
            track.is_new = False
            from_where_it_came(track, settings)


def _score(track: Track, region: Region, settings: Tracking) -> float:
    """How well a region fits the track's place and depth, 0..1; 0 where it cannot be it."""
    overlap = track.overlap(region) / max(1, min(track.area, region.area))
    if overlap < settings.claim:
        return 0.0
    nearer = max(track.inverse_depth, region.inverse_depth, 1e-6)
    apart = abs(track.inverse_depth - region.inverse_depth) / nearer
    return overlap * math.exp(-((apart / 0.3) ** 2)) * (0.3 + 0.7 * _alike(track, region))


def _distance(track: Track, region: Region, secs: float) -> float:
    """Below 1 where a region may be the track, seen again."""
    away = max(0.0, secs - track.seen_secs)
    x, y = region.centre
    reach = 0.7 * max(track.usual_height, track.width) + 0.6 * away * math.hypot(track.vx, track.vy)
    ratio = region.area / max(1.0, track.usual_area)
    depth = abs(region.inverse_depth - track.inverse_depth) / max(
        region.inverse_depth, track.inverse_depth, 1e-6
    )
    if not 0.08 < ratio < 3.5 or depth > 0.35:
        return math.inf
    strange = 1 - _alike(track, region)
    return math.hypot(x - track.x, y - track.y) / reach + 0.3 * depth + 0.3 * strange


def _is_at_edge(track: Track, size: Size) -> bool:
    """Whether it touches the border of a picture of (height, width), or left it."""
    height, width = size
    return (
        track.left <= 1
        or track.top <= 1
        or track.left + track.width >= width - 1
        or track.top + track.height >= height - 1
    )


def _alike(track: Track, region: Region) -> float:
    """Likeness of colours; 1 where they are not known."""
    if track.colours is None or region.colours is None:
        return 1.0
    is_cut = not 0.8 < region.height / max(1.0, track.usual_height) < 1.25
    return likeness(track.colours, region.colours, halves=not is_cut)


def _covered_share(track: Track, alpha: FloatMap) -> float:
    """How much of the place where it should be is foreground."""
    top, left = max(0, track.top), max(0, track.left)
    box = alpha[top : track.top + track.height, left : track.left + track.width]
    return float((box > 0.5).mean()) if box.size else 0.0
