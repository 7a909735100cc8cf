"""Alpha and inverse depth of a frame -> connected regions, cut where two depths meet.

Knows nothing about time: each frame is handled alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.live.signals.objects.settings import TRACKING, Tracking
from edgeds.live.signals.objects.small_frame import COLOURS, Colours, Mask, SmallFrame
from edgeds.types import FloatMap

_BINS = 48


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A connected part of the foreground. Numbers are in pixels of the small frame."""

    mask: Mask
    """Bool (h, w), of its own box."""
    left: int
    top: int
    inverse_depth: float
    """Median of what is surely foreground."""
    colours: FloatMap | None = None
    """Shares of the colours, float32 (2 * COLOURS,): of the upper half, then of the lower one."""
    group: int = 0
    """Regions of one group touch: they were cut by depth, or divided between tracks."""
    is_layer: bool = False
    """Whether it was cut by depth: another layer may hide a part of it."""

    @property
    def area(self) -> int:
        return int(np.count_nonzero(self.mask))

    @property
    def height(self) -> int:
        return int(self.mask.shape[0])

    @property
    def width(self) -> int:
        return int(self.mask.shape[1])

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of the mask's centre of mass."""
        rows, columns = np.nonzero(self.mask)
        return self.left + float(columns.mean()) + 0.5, self.top + float(rows.mean()) + 0.5


def regions_of(small: SmallFrame, settings: Tracking = TRACKING) -> list[Region]:
    """The regions of one frame, cut where two depths meet. Small ones are left out."""
    alpha = small.alpha
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (alpha > settings.alpha).astype(np.uint8), connectivity=8
    )
    found: list[Region] = []
    for label in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[label])
        if area < settings.min_area * alpha.size:
            continue
        if max(width, height) < settings.min_height * alpha.shape[0]:
            continue
        box = slice(top, top + height), slice(left, left + width)
        mask = labels[box] == label
        if alpha[box][mask].max() < settings.sure_alpha:
            continue
        parts = layers_of(mask, small.inverse_depth[box], settings)
        for part in parts:
            region = region_of(part, left, top, small, group=label)
            found.append(replace(region, is_layer=len(parts) > 1))
    return found


def region_of(mask: Mask, left: int, top: int, small: SmallFrame, *, group: int) -> Region:
    """The region of a mask whose box begins at (left, top)."""
    box = slice(top, top + mask.shape[0]), slice(left, left + mask.shape[1])
    inverse_depth = small.inverse_depth[box]
    sure = mask & (small.alpha[box] > 0.9)
    depths = inverse_depth[sure] if sure.any() else inverse_depth[mask]
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    cropped = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Region(
        cropped,
        left + int(columns[0]),
        top + int(rows[0]),
        float(np.median(depths)),
        _shares(small.colours_in(box), mask, (int(rows[0]) + int(rows[-1]) + 1) // 2),
        group,
    )


def union(one: Region, other: Region, small: SmallFrame) -> Region:
    """One region of two."""
    left, top = min(one.left, other.left), min(one.top, other.top)
    right = max(one.left + one.width, other.left + other.width)
    bottom = max(one.top + one.height, other.top + other.height)
    mask = np.zeros((bottom - top, right - left), bool)
    for region in (one, other):
        rows = slice(region.top - top, region.top - top + region.height)
        columns = slice(region.left - left, region.left - left + region.width)
        mask[rows, columns] |= region.mask
    return region_of(mask, left, top, small, group=one.group)


def likeness(one: FloatMap, other: FloatMap, *, halves: bool = True) -> float:
    """How alike the colours of two regions are: 0 not at all, 1 equal (Bhattacharyya 1943).

    `halves`: compare upper with upper and lower with lower halves; not where a part is hidden.
    """
    if not halves:
        one, other = one[:COLOURS] + one[COLOURS:], other[:COLOURS] + other[COLOURS:]
    return float(np.sqrt(one * other).sum())


def _shares(colours: Colours, mask: Mask, waist: int) -> FloatMap:
    upper = np.bincount(colours[:waist][mask[:waist]], minlength=COLOURS)
    lower = np.bincount(colours[waist:][mask[waist:]], minlength=COLOURS)
    counts = np.concatenate((upper, lower)).astype(np.float32)
    shares: FloatMap = counts / np.float32(max(1.0, counts.sum()))
    return shares


def layers_of(
    mask: Mask, inverse_depth: FloatMap, settings: Tracking, *, deep: int = 2
) -> list[Mask]:
    """The mask, or its parts where it has two depths that are clearly apart (Otsu 1979)."""
    area = int(np.count_nonzero(mask))
    smallest = max(settings.part_area * area, settings.min_area * 2)
    if deep == 0 or area < 80:
        return [mask]
    threshold = _between_layers(inverse_depth[mask], settings)
    if threshold is None:
        return [mask]
    near = _largest(mask & (inverse_depth > threshold))
    far = _largest(mask & ~near)
    if min(np.count_nonzero(near), np.count_nonzero(far)) < smallest:
        return [mask]
    near |= mask & ~far & ~near & (inverse_depth > threshold)
    far = mask & ~near
    return [
        part
        for half in (near, far)
        for part in layers_of(half, inverse_depth, settings, deep=deep - 1)
    ]


def _between_layers(depths: npt.NDArray[np.float32], settings: Tracking) -> float | None:
    """The inverse depth between two layers; None where there is only one."""
    outside = depths.size // 50
    ends = outside, depths.size - 1 - outside
    low, high = (float(value) for value in np.partition(depths, ends)[list(ends)])
    if high <= 0 or (high - low) < settings.depth_gap * high:
        return None
    counts, edges = np.histogram(np.clip(depths, low, high), bins=_BINS, range=(low, high))
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1].astype(np.float64)
    above = depths.size - below
    sums = np.cumsum(counts * middles)
    mean_below = sums[:-1] / np.maximum(below, 1)
    mean_above = (sums[-1] - sums[:-1]) / np.maximum(above, 1)
    between = below * above * (mean_above - mean_below) ** 2
    # Empty bins between two layers are all equally good: cut in their middle.
    best = np.flatnonzero(between >= between.max() * (1 - 1e-6))
    cut = int(best[len(best) // 2])
    gap = mean_above[cut] - mean_below[cut]
    within = float(np.var(depths)) - float(between[cut]) / depths.size**2
    if gap < settings.depth_gap * mean_above[cut]:
        return None
    if gap < settings.depth_contrast * np.sqrt(max(within, 1e-12)):
        return None
    return float(edges[cut + 1])


def _largest(mask: Mask) -> Mask:
    """The largest connected part of it."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count <= 2:
        return mask
    largest: Mask = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return largest
