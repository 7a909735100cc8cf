"""One object over time: its shape, its motion, its depth, and whether it is still.

All numbers are in pixels of the small picture (`small_frame`). Knows nothing about other tracks.
"""

from __future__ import annotations

import itertools
import math

import cv2
import numpy as np

from edgeds.live.signals.objects.regions import Region
from edgeds.live.signals.objects.settings import TRACKING, Tracking
from edgeds.live.signals.objects.small_frame import Mask, SmallFrame
from edgeds.types import Pixels

BODIES = itertools.count(1)
"""Numbers of bodies, each given once in a process."""

_COAST_SECS = 0.7  # what is not seen slows down: it may have stopped behind something

_USUAL_SECS = 1.5
_CUT = 0.65  # what is smaller than this share of itself has a part hidden...
_LAYER_CUT = 0.95  # ... and what touches something at another depth, sooner


class Track:
    """`shape` is the object's mask when it was last seen alone, at `left`, `top` of the picture.

    While other tracks share its region, the shape moves on unchanged: a thing that covers a person
    does not change that person's shape.
    """

    def __init__(self, region: Region, secs: float, settings: Tracking = TRACKING) -> None:
        self._settings = settings
        self.id = 0
        """0 until it is confirmed."""
        self.body = next(BODIES)
        """What moved here without a jump. It stays where ids are exchanged."""
        self.split_from: dict[Track, tuple[float, float]] = {}
        """If it came out of a group and is in doubt ever since: whose, with their feet then."""
        self.came_with: set[Track] = set()
        """Those that it may have been one object with, until it is confirmed."""
        self.born_secs = self.seen_secs = self._now = secs
        self.sightings = 1
        self.x, self.y = region.centre
        self.vx = self.vy = 0.0
        self.shape: Mask = region.mask
        self._offset = (region.left - self.x, region.top - self.y)
        self.part: Region | None = region
        """What is seen of it in this frame."""
        self.was_hidden = False
        """Whether it was not seen in the frame before."""
        self.inverse_depth = region.inverse_depth
        self.colours = region.colours
        """Shares of its colours, as it was seen alone."""
        self.doubts: set[Track] = set()
        """Those that it shared a region with, until it is known who is who."""
        self.fresh = region.colours
        """Its colours since it was last alone again; None while it is not."""
        self.fresh_secs = 0.0
        """For how long it has been alone."""
        self.is_new = True
        """Whether it has no identity yet."""
        self.is_whole = True
        """Whether nothing hides a part of it in this frame."""
        self.two_secs = 0.0
        """For how long its region has looked like two objects, less how long it has not."""
        self.usual_area, self.usual_height = float(region.area), float(region.height)
        """Averages of the last seconds: something that walks behind a post is not smaller."""
        self.stoutness = region.area / region.height**2
        """Usual area over usual height squared until it is in doubt: twice as much for two."""
        self.born_foot = self.origin = self._anchor = self.foot
        self.still_since = self.motionless_since = secs
        self._reference: tuple[Region, Pixels] | None = None

    @property
    def left(self) -> int:
        return round(self.x + self._offset[0])

    @property
    def top(self) -> int:
        return round(self.y + self._offset[1])

    @property
    def height(self) -> int:
        return int(self.shape.shape[0])

    @property
    def width(self) -> int:
        return int(self.shape.shape[1])

    @property
    def area(self) -> int:
        return int(np.count_nonzero(self.shape))

    @property
    def foot(self) -> tuple[float, float]:
        """(x, y) where it meets the ground: below its middle, on its lower edge."""
        return self.x, self.y + self._offset[1] + self.height

    @property
    def is_seen(self) -> bool:
        return self.part is not None

    @property
    def rests(self) -> bool:
        """Whether it has been still so long that no motion is predicted for it."""
        return self._now - self.still_since > self._settings.rest_after_secs

    def predict(self, secs: float) -> None:
        """Predict its place at a time: motion in a straight line."""
        step = max(0.0, secs - self._now)
        self._now = secs
        if self.rests:
            self.vx = self.vy = 0.0
        elif self.part is None:
            damping = math.exp(-step / _COAST_SECS)
            self.vx, self.vy = self.vx * damping, self.vy * damping
        self.x += self.vx * step
        self.y += self.vy * step
        self.was_hidden = self.part is None
        self.part, self.is_whole = None, True

    def see(self, region: Region, step_secs: float) -> None:
        """Update from a region that is this object alone."""
        weight = 1 - math.exp(-step_secs / _USUAL_SECS)
        is_cut = region.area < (_LAYER_CUT if region.is_layer else _CUT) * self.usual_area
        self.usual_area += weight * (region.area - self.usual_area)
        self.usual_height += weight * (region.height - self.usual_height)
        if is_cut:
            self._see_cut(region, step_secs)
            return
        x, y = region.centre
        self._follow(x - self.x, y - self.y, step_secs, trust=1.0)
        self.x, self.y = x, y
        self.shape = region.mask
        self._offset = (region.left - x, region.top - y)
        self._saw(region, step_secs)
        _learn(self, region, weight, step_secs)

    def _see_cut(self, region: Region, step_secs: float) -> None:
        """Something of the plate hides a part of it: what is seen lies inside its shape."""
        dx = _to_lie_in(self.left, self.width, region.left, region.width)
        dy = _to_lie_in(self.top, self.height, region.top, region.height)
        if not self.rests:
            self._follow(dx, dy, step_secs, trust=0.5)
            self.x, self.y = self.x + dx, self.y + dy
        self.is_whole = False
        self._saw(region, step_secs)

    def see_part(
        self, part: Region, off: tuple[float, float], step_secs: float, *, share: float
    ) -> None:
        """A part of it is seen, `off` px (x, y) from where it should be; `share`: of the shape."""
        trust = 0.0 if self.rests else 0.5 * share
        self._follow(trust * off[0], trust * off[1], step_secs, trust=trust)
        self.x, self.y = self.x + trust * off[0], self.y + trust * off[1]
        self.is_whole = False
        self._saw(part, step_secs)

    def keep_in(self, region: Region) -> None:
        """It shares a region with others: it is not where nothing of the region is."""
        dx = _to_lie_in(self.left, self.width, region.left, region.width)
        dy = _to_lie_in(self.top, self.height, region.top, region.height)
        self.vx = 0.0 if dx * self.vx < 0 else self.vx
        self.vy = 0.0 if dy * self.vy < 0 else self.vy
        self.x, self.y = self.x + dx, self.y + dy

    def overlap(self, region: Region) -> int:
        """How many pixels its shape and a region share."""
        return int(np.count_nonzero(self.mask_in(region) & region.mask))

    def mask_in(self, region: Region) -> Mask:
        """Its shape where it is now, in the box of a region."""
        inside = np.zeros(region.mask.shape, bool)
        left, top = self.left - region.left, self.top - region.top
        x0, y0 = max(0, left), max(0, top)
        x1 = min(region.width, left + self.width)
        y1 = min(region.height, top + self.height)
        if x1 > x0 and y1 > y0:
            inside[y0:y1, x0:x1] = self.shape[y0 - top : y1 - top, x0 - left : x1 - left]
        return inside

    def judge_stillness(self, small: SmallFrame) -> None:
        """After it was seen: note since when its place, and its pixels, stay as they are.

        Pixels are judged only where it is seen whole. What rests stays so while something passes
        before it; what moves does not come to rest because others hide a part of it.
        """
        if self.part is None or (not self.is_whole and self.rests):
            return
        allowed = max(1.5, self._settings.still_share * self.height)
        if math.dist(self.foot, self._anchor) > allowed:
            self._anchor, self.still_since = self.foot, self._now
            self._refer(small.pixels)
            return
        if not self.is_whole:
            return
        if self._reference is not None:
            part, before = self._reference
            if not _has_changed(part, before, self.mask_in(part), small.pixels, self._settings):
                return
        self._refer(small.pixels)

    def _refer(self, pixels: Pixels) -> None:
        assert self.part is not None
        part = self.part
        box = pixels[part.top : part.top + part.height, part.left : part.left + part.width]
        self._reference = (part, box.copy())
        self.motionless_since = self._now

    def _follow(self, dx: float, dy: float, step_secs: float, *, trust: float) -> None:
        if step_secs <= 0:
            return
        # The first step has no speed to compare with: take it as it is.
        weight = 1.0 if self.sightings == 1 else _weight(step_secs, self._settings)
        self.vx += trust * weight * dx / step_secs
        self.vy += trust * weight * dy / step_secs

    def _saw(self, region: Region, step_secs: float) -> None:
        self.part = region
        self.seen_secs = self._now
        self.sightings += 1
        weight = _weight(step_secs, self._settings) * (1.0 if self.is_whole else 0.3)
        self.inverse_depth += weight * (region.inverse_depth - self.inverse_depth)


def _weight(step_secs: float, settings: Tracking) -> float:
    return 1 - math.exp(-step_secs / settings.smooth_secs)


def _learn(track: Track, region: Region, weight: float, step_secs: float) -> None:
    """Its colours: those since it was last alone are kept apart while it is in doubt."""
    if not track.doubts:
        track.stoutness = track.usual_area / track.usual_height**2
    if track.colours is None or region.colours is None:
        return
    if not track.doubts:
        track.colours = track.colours + np.float32(weight) * (region.colours - track.colours)
        return
    track.fresh_secs += step_secs
    if track.fresh is None:
        track.fresh = region.colours
    else:
        newest = np.float32(step_secs / max(1e-6, track.fresh_secs))
        track.fresh = track.fresh + newest * (region.colours - track.fresh)


def _to_lie_in(start: int, length: int, other: int, other_length: int) -> float:
    """How far to move a stretch until it lies inside another, or around it if that is shorter."""
    before, after = other - start, other + other_length - start - length
    if other_length <= length:
        return float(min(0, before) + max(0, after))
    return float(max(0, before) + min(0, after))


def _has_changed(
    part: Region, before: Pixels, mask: Mask, pixels: Pixels, settings: Tracking
) -> bool:
    """Whether pixels or outline of an object differ from those that it was referred to.

    The brightness of all pixels may drift: the median change is the light's.

    Args:
        part, before: what it was then, and the pixels of its box.
        mask: its shape now, in that box.
    """
    now = pixels[part.top : part.top + part.height, part.left : part.left + part.width]
    square = np.ones((3, 3), np.uint8)
    moved = cv2.morphologyEx((mask ^ part.mask).astype(np.uint8), cv2.MORPH_OPEN, square)
    if np.count_nonzero(moved) > settings.still_outline * part.area:
        return True
    inside = cv2.erode(mask.astype(np.uint8), square) > 0
    change = now[inside].astype(np.int16) - before[inside]
    if not change.size:
        return True
    change = np.abs(change - np.median(change, axis=0)).max(axis=1)
    return float((change > settings.still_levels).mean()) > settings.still_changed
