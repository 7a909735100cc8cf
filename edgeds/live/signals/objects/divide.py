"""Gives each of several tracks its pixels of the region that they share."""

from __future__ import annotations

import math

import cv2
import numpy as np

from edgeds.live.signals.objects.identities import share
from edgeds.live.signals.objects.place_by_colours import place_by_colours
from edgeds.live.signals.objects.regions import Region, region_of
from edgeds.live.signals.objects.small_frame import COLOURS, Colours, Mask, SmallFrame
from edgeds.live.signals.objects.track import Track
from edgeds.types import FloatMap


def divide(region: Region, tracks: list[Track], small: SmallFrame, step_secs: float) -> None:
    """Give each track its pixels of a region that all of them claim."""
    share(tracks)
    box = (
        slice(region.top, region.top + region.height),
        slice(region.left, region.left + region.width),
    )
    depth, colours = small.inverse_depth[box], small.colours_in(box)
    for track in tracks:
        place_by_colours(track, [one for one in tracks if one is not track], region, colours)
    nearest_first = sorted(tracks, key=_nearness, reverse=True)
    shapes = [track.mask_in(region) for track in nearest_first]
    costs = np.stack(
        [
            _cost(track, shape, depth, colours, region.top) + 0.02 * rank
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
            track.keep_in(region)
            continue
        piece = region_of(part, region.left, region.top, small, group=region.group)
        shown = min(1.0, int(np.count_nonzero(expected)) / track.area)
        off = _offset(part, expected) if shown > 0.15 else (0.0, 0.0)
        track.see_part(piece, off, step_secs, share=shown)
        track.keep_in(region)  # whoever is hidden in a crowd is in it


def _nearness(track: Track) -> float:
    """Depth decides; where two are as near, whose foot is lower."""
    return track.inverse_depth * (1 + 0.001 * track.foot[1])


def _cost(track: Track, shape: Mask, depth: FloatMap, colours: Colours, top: int) -> FloatMap:
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
        waist = max(0, track.top + track.height // 2 - top)
        of_pixels = np.concatenate(
            (rare[:COLOURS][colours[:waist]], rare[COLOURS:][colours[waist:]])
        )
        cost = cost + np.float32(0.08) * of_pixels
    return cost


def _offset(part: Mask, expected: Mask) -> tuple[float, float]:
    """(x, y) from the centre of what was expected to that of what is seen."""
    rows, columns = np.nonzero(part)
    expected_rows, expected_columns = np.nonzero(expected)
    return (
        float(columns.mean() - expected_columns.mean()),
        float(rows.mean() - expected_rows.mean()),
    )
