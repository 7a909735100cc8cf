"""Regions that are pieces of the same few objects: a post of the plate stands before them."""

from __future__ import annotations

from edgeds.live.signals.objects.regions import Region
from edgeds.live.signals.objects.settings import Tracking
from edgeds.live.signals.objects.track import Track


def crowds_of(
    regions: list[Region], claimed: dict[int, list[Track]], settings: Tracking
) -> list[list[int]]:
    """Numbers of regions that are to be divided between all tracks that claim one of them.

    A region that is one track, of its usual size, belongs to no crowd.
    """
    unclear = [
        index for index, region in enumerate(regions) if not _is_one(region, claimed.get(index, []))
    ]
    crowds: list[list[int]] = []
    for index in unclear:
        tracks = [track for of in claimed.values() for track in of if track.id]
        near = [
            crowd
            for crowd in crowds
            if any(_are_pieces(regions[index], regions[n], tracks, settings) for n in crowd)
        ]
        crowds = [crowd for crowd in crowds if crowd not in near]
        crowds.append(sorted([index, *(n for crowd in near for n in crowd)]))
    return [
        crowd
        for crowd in crowds
        if len(crowd) > 1 and sum(bool(t.id) for n in crowd for t in claimed.get(n, [])) > 1
    ]


def _is_one(region: Region, tracks: list[Track]) -> bool:
    known = [track for track in tracks if track.id]
    return len(known) == 1 and 0.65 < region.area / known[0].usual_area < 1.35


def _are_pieces(one: Region, other: Region, tracks: list[Track], settings: Tracking) -> bool:
    """Whether they are at one depth, and close together or both on the place of one track."""
    if one.group == other.group:  # they touch, at two depths
        return False
    nearer = max(one.inverse_depth, other.inverse_depth)
    if abs(one.inverse_depth - other.inverse_depth) > 0.25 * nearer:
        return False
    across = max(one.left, other.left) - min(one.left + one.width, other.left + other.width)
    along = max(one.top, other.top) - min(one.top + one.height, other.top + other.height)
    low = min(one.height, other.height)
    if along < -0.3 * low and across < settings.post_width * low:
        return True
    return any(
        min(track.overlap(one), track.overlap(other)) > settings.claim * track.area
        for track in tracks
    )
