"""Regions of each frame -> tracks that keep their identity.

Every track predicts where its shape is now. If one track claims a region, the region is that track.
If several claim it, each pixel goes to one of them, by predicted place and by depth. A region that
no track claims is a piece of an object, a lost object that is back, or a new object.

Tracking libraries take and return boxes. They know neither masks nor depth, and cannot divide a
region. Of `trackers` (needs another OpenCV than ours), `supervision`, `norfair` (needs NumPy 1)
and `motpy` (no release since 2021) none does that.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from edgeds.live.signals.objects.regions import Region, likeness, region_of
from edgeds.live.signals.objects.settings import TRACKING, Tracking
from edgeds.live.signals.objects.small_picture import Colours, Look, Mask
from edgeds.live.signals.objects.track import Track
from edgeds.types import FloatMap


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

    def __call__(self, regions: list[Region], secs: float, look: Look) -> list[Track]:
        """The confirmed tracks at a time. `look`: what the regions were found in."""
        before = self._before_secs
        self._step_secs = 0.0 if before is None else max(0.0, secs - before)
        self._before_secs = secs
        for track in self._all:
            track.predict(secs)
        claims, unclaimed = self._claims(regions)
        for region, tracks in claims:
            if len(tracks) == 1:
                tracks[0].see(region, self._step_secs)
            else:
                self._divide(region, tracks, look)
        for region, parent in self._found_again(unclaimed):
            track = Track(region, secs, self._settings)
            track.parent = parent
            self._all.append(track)
        for track in self._all:
            track.judge_stillness(look)
        self._all = [track for track in self._all if self._stays(track, secs, look)]
        for track in self._all:
            self._confirm(track, secs)
        return self.tracks

    def _claims(
        self, regions: list[Region]
    ) -> tuple[list[tuple[Region, list[Track]]], list[tuple[Region, Track | None]]]:
        """(regions with the tracks that claim them; the others, with the track they may be of)."""
        scores = [
            [_score(track, region, self._settings) for region in regions] for track in self._all
        ]
        claimed: dict[int, list[Track]] = {}
        for track, row in zip(self._all, scores, strict=True):
            best = int(np.argmax(row)) if row else -1
            if best >= 0 and row[best] > 0:
                claimed.setdefault(best, []).append(track)
        unclaimed: list[tuple[Region, Track | None]] = []
        self._two = set()
        for index, region in enumerate(regions):
            if index in claimed:
                continue
            column = [row[index] for row in scores]
            owner = self._all[int(np.argmax(column))] if column and max(column) > 0 else None
            main = next((key for key, of in claimed.items() if owner in of), None)
            if owner is None or main is None:
                unclaimed.append((region, None))
                continue
            if self._is_piece(regions[main], region, owner):
                regions[main] = _union(regions[main], region)
            else:
                unclaimed.append((region, owner))
        for track in self._all:
            if track not in self._two:
                track.two_secs = max(0.0, track.two_secs - self._step_secs)
        tracks_of = {key: self._without_pieces(tracks) for key, tracks in claimed.items()}
        return [(regions[key], tracks) for key, tracks in tracks_of.items()], unclaimed

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
        # A pole hides the middle of who walks past for a moment; two who walk together stay apart.
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

    def _divide(self, region: Region, tracks: list[Track], look: Look) -> None:
        """Give each track its pixels of a region that all of them claim."""
        box = (
            slice(region.top, region.top + region.height),
            slice(region.left, region.left + region.width),
        )
        depth, colours = look.inverse_depth[box], look.colours[box]
        nearest_first = sorted(tracks, key=_nearness, reverse=True)
        shapes = [track.mask_in(region) for track in nearest_first]
        costs = np.stack(
            [
                _cost(track, shape, depth, colours) + 0.02 * rank
                for rank, (track, shape) in enumerate(zip(nearest_first, shapes, strict=True))
            ]
        )
        winner = np.argmin(costs, axis=0)
        covered = np.zeros(region.mask.shape, bool)
        for rank, (track, shape) in enumerate(zip(nearest_first, shapes, strict=True)):
            part = region.mask & (winner == rank)
            expected = shape & ~covered
            covered |= shape
            seen = int(np.count_nonzero(part))
            if seen < max(4, 0.15 * track.area):
                continue
            piece = region_of(part, region.left, region.top, look, group=region.group)
            share = min(1.0, int(np.count_nonzero(expected)) / track.area)
            off = _offset(part, expected) if share > 0.15 else (0.0, 0.0)
            track.see_part(piece, off, self._step_secs, share=share)

    def _found_again(
        self, unclaimed: list[tuple[Region, Track | None]]
    ) -> list[tuple[Region, Track | None]]:
        """Give regions back to tracks that were out of sight; return the others."""
        lost = [track for track in self._all if not track.is_seen]
        pairs = sorted(
            (
                (distance, index, track)
                for index, (region, parent) in enumerate(unclaimed)
                for track in lost
                if parent is None and (distance := self._distance(track, region)) < 1
            ),
            key=lambda pair: pair[0],
        )
        taken: set[int] = set()
        for _, index, track in pairs:
            if index not in taken and not track.is_seen:
                taken.add(index)
                track.see(unclaimed[index][0], self._step_secs)
        return [pair for index, pair in enumerate(unclaimed) if index not in taken]

    def _distance(self, track: Track, region: Region) -> float:
        """Below 1 where a region may be the track, seen again."""
        away = max(0.0, (self._before_secs or 0.0) - track.seen_secs)
        x, y = region.centre
        reach = 0.7 * max(track.usual_height, track.width) + 0.6 * away * math.hypot(
            track.vx, track.vy
        )
        ratio = region.area / max(1.0, track.usual_area)
        depth = abs(region.inverse_depth - track.inverse_depth) / max(
            region.inverse_depth, track.inverse_depth, 1e-6
        )
        if not 0.08 < ratio < 3.5 or depth > 0.35:
            return math.inf
        strange = 1 - _alike(track, region)
        return math.hypot(x - track.x, y - track.y) / reach + 0.3 * depth + 0.3 * strange

    def _stays(self, track: Track, secs: float, look: Look) -> bool:
        if track.is_seen:
            return True
        if not track.id:
            return False
        settings = self._settings
        limit = settings.lost_secs
        if track.is_at_edge(look.size):
            limit = settings.edge_secs
        elif _covered_share(track, look.alpha) > 0.5:
            limit = settings.rest_secs if track.rests else settings.hidden_secs
        return secs - track.seen_secs <= limit

    def _confirm(self, track: Track, secs: float) -> None:
        settings = self._settings
        if track.id or track.looks < settings.confirm_looks:
            return
        if secs - track.born_secs >= settings.confirm_secs - 1e-6:
            self._last_id += 1
            track.id = self._last_id


def _score(track: Track, region: Region, settings: Tracking) -> float:
    """How well a region fits the track's place and depth, 0..1; 0 where it cannot be it."""
    share = track.overlap(region) / max(1, min(track.area, region.area))
    if share < settings.claim:
        return 0.0
    nearer = max(track.inverse_depth, region.inverse_depth, 1e-6)
    apart = abs(track.inverse_depth - region.inverse_depth) / nearer
    return share * math.exp(-((apart / 0.3) ** 2)) * (0.3 + 0.7 * _alike(track, region))


def _alike(track: Track, region: Region) -> float:
    """Likeness of colours; 1 where they are not known."""
    if track.colours is None or region.colours is None:
        return 1.0
    return likeness(track.colours, region.colours)


def _nearness(track: Track) -> float:
    """Depth decides; where two are as near, whose foot is lower."""
    return track.inverse_depth * (1 + 0.001 * track.foot[1])


def _cost(track: Track, shape: Mask, depth: FloatMap, colours: Colours) -> FloatMap:
    """How badly each pixel fits a track: by its distance from the shape, by depth and colour."""
    if shape.any():
        away = cv2.distanceTransform((~shape).astype(np.uint8), cv2.DIST_L2, 3)
    else:
        away = np.full(shape.shape, 1e3, np.float32)
    apart = np.abs(depth - track.inverse_depth) / max(track.inverse_depth, 1e-6)
    cost: FloatMap = away / np.float32(math.sqrt(max(1, track.area)))
    cost = cost + np.minimum(apart, 0.5).astype(np.float32)
    if track.colours is not None:
        rare = -np.log(track.colours + np.float32(0.01))
        cost = cost + np.float32(0.08) * rare[colours]
    return cost


def _offset(part: Mask, expected: Mask) -> tuple[float, float]:
    """(x, y) from the centre of what was expected to that of what is seen."""
    rows, columns = np.nonzero(part)
    expected_rows, expected_columns = np.nonzero(expected)
    return (
        float(columns.mean() - expected_columns.mean()),
        float(rows.mean() - expected_rows.mean()),
    )


def _covered_share(track: Track, alpha: FloatMap) -> float:
    """How much of the place where it should be is foreground."""
    top, left = max(0, track.top), max(0, track.left)
    box = alpha[top : track.top + track.height, left : track.left + track.width]
    return float((box > 0.5).mean()) if box.size else 0.0


def _union(one: Region, other: Region) -> Region:
    left, top = min(one.left, other.left), min(one.top, other.top)
    right = max(one.left + one.width, other.left + other.width)
    bottom = max(one.top + one.height, other.top + other.height)
    mask = np.zeros((bottom - top, right - left), bool)
    for region in (one, other):
        rows = slice(region.top - top, region.top - top + region.height)
        columns = slice(region.left - left, region.left - left + region.width)
        mask[rows, columns] |= region.mask
    larger = one if one.area >= other.area else other
    return Region(mask, left, top, larger.inverse_depth, larger.colours, one.group)
