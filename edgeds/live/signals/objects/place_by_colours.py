"""Finds an object by its colours in a region that it shares with others."""

from __future__ import annotations

import cv2
import numpy as np

from edgeds.live.signals.objects.regions import Region
from edgeds.live.signals.objects.small_frame import COLOURS, Colours
from edgeds.live.signals.objects.track import Track

_REACH = 0.2  # of its height, between two frames
_REACH_UP_PX = 1
_MOST = 2.0  # one pixel does not say more: the logarithm of how much more likely its colour is
_OUTSIDE = -1.0  # a pixel of the shape where there is nothing
_FAR = 0.5  # by so much per pixel must it be likelier at the end of the reach...
_LEAST = 0.1  # ... and by so much anywhere, or it stays


def place_by_colours(track: Track, others: list[Track], region: Region, colours: Colours) -> None:
    """Move a track, by a small step, to where the region has its colours and not the others'."""
    known = [other.colours for other in others if other.colours is not None]
    if track.colours is None or not known:
        return
    likelier = np.log((track.colours + 0.01) / (np.mean(known, axis=0) + 0.01))
    likelier = np.clip(likelier, -_MOST, _MOST).astype(np.float32)
    top, left = track.top - region.top, track.left - region.left
    waist = min(max(0, top + track.height // 2), region.height)
    fits = np.concatenate(
        (likelier[:COLOURS][colours[:waist]], likelier[COLOURS:][colours[waist:]])
    )
    fits = np.where(region.mask, fits, np.float32(_OUTSIDE))
    reach, up = max(2, round(_REACH * track.height)), _REACH_UP_PX
    # What lies around the region, as far as the shape may move.
    before_x, before_y = max(0, reach - left), max(0, up - top)
    after_x = max(0, left + track.width + reach - region.width)
    after_y = max(0, top + track.height + up - region.height)
    padded = cv2.copyMakeBorder(
        fits, before_y, after_y, before_x, after_x, cv2.BORDER_CONSTANT, value=_OUTSIDE
    )
    y, x = top + before_y - up, left + before_x - reach
    window = padded[y : y + track.height + 2 * up, x : x + track.width + 2 * reach]
    sums = cv2.matchTemplate(
        np.ascontiguousarray(window), track.shape.astype(np.float32), cv2.TM_CCORR
    )
    steps = np.arange(-reach, reach + 1) / reach
    scores = sums / track.area - _FAR * steps**2
    row, column = np.unravel_index(int(np.argmax(scores)), scores.shape)
    if scores[row, column] > scores[up, reach] + _LEAST:
        track.x += float(column - reach)
        track.y += float(row - up)
