"""The foreground's depth from frame to frame: calm, and as fast as its outline grows.

A network judges each frame anew, and so does the fit to the plate: somebody who stands still would
come and go. How large somebody is in the picture is measured far better than how near, and it grows
as they come nearer. So each connected foreground keeps its depth, follows its own growth, and comes
slowly to what the network says. Knows no network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.estimate.grid import affine_between
from edgeds.types import Box, FloatMap
from edgeds.types.maps import resized_map

SHRINK = 4
"""Foreground's depth is made at a quarter of the network's size, and needs no more here."""
MIDDLE = SHRINK // 2
BESIDE = (5, 5)
"""Pixels around a foreground that change with it."""
_LEAST = np.float32(1e-3)

Numbers: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calm:
    """Chosen on cut-outs that walk, stand and come nearer: see train/NOTES.md."""

    secs: float = 0.8
    """Time in which depth comes to the network's by 63 %, where the outline does not grow."""
    growth: float = 0.25
    """Growth of the size, a logarithm, a second, at which that time is half as long."""
    growth_secs: float = 0.5
    """Time over which growth is a mean: strides and arms change the outline, too."""
    stride_growth: float = 0.1
    """Growth a second of which depth follows half: more of more, less of less."""
    most_growth: float = 1.5
    """Growth a second of somebody who meets another, or comes from behind something."""
    alike: float = 0.5
    """Difference of logarithms of depth from which on it is somebody else."""
    least_share: float = 0.25
    """Share of a foreground that has to be where one was, and about as near: else it is new."""
    longest_secs: float = 1.0
    """Time without a frame after which all are new."""
    settled: float = 0.03
    """Difference of logarithms of what is shown to what frames say that nobody sees."""
    sure: float = 0.3
    """Weight (alpha to the fourth) of what belongs to a foreground."""


CALM = Calm()


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """The foregrounds of a frame, at a quarter of the network's size. Number 0 is the rest."""

    secs: float
    box: Box
    log: FloatMap
    """Logarithm of the inverse depth that was shown."""
    weight: FloatMap
    numbers: npt.NDArray[np.int32]
    """Number of the foreground that a pixel belongs to, (h, w). All below have one value each."""
    areas: Numbers
    sizes: Numbers
    """Logarithms of the square root of their areas, in pixels of the frame."""
    is_cut: npt.NDArray[np.bool_]
    """Whether a side of the picture cuts it: what comes in grows, and comes no nearer."""
    growth: Numbers
    """Growth of the size a second."""
    known_secs: Numbers
    """Time in which it was seen."""


class DepthOverTime:
    """Calms the depth of one stream's frames, in their order. `forget` starts another stream."""

    def __init__(self, settings: Calm = CALM) -> None:
        self._set = settings
        self.forget()

    def forget(self) -> None:
        self._before: _Seen | None = None
        self.is_settled = True
        """Whether the last frame's depth is about what was shown: another look would change none.
        After a cut back, or a walk, it is not, however still the scene is then.
        """

    def still(self, secs: float) -> None:
        """Nothing changed since the frame before."""
        if self._before is not None:
            self._before = replace(self._before, secs=secs)

    def __call__(
        self, near: FloatMap, alpha: FloatMap, box: Box, secs: float, *, behind: FloatMap | None
    ) -> FloatMap:
        """The foreground's inverse depth (h, w), calmed.

        Args:
            near: of this frame alone.
            alpha: the network's, (h, w).
            box: the part of the frame that it saw.
            secs: the frame's time.
            behind: the plate's depth, where nothing is to be behind it.
        """
        height, width = near.shape
        shown = resized_map(alpha, (max(1, height // SHRINK), max(1, width // SHRINK)))
        factor = self.factor(near[MIDDLE::SHRINK, MIDDLE::SHRINK], shown, box, secs)
        if factor is None:
            return near
        calmed = np.asarray(near * resized_map(factor, (height, width)), np.float32)
        return calmed if behind is None else np.maximum(calmed, behind, out=calmed)

    def factor(self, near: FloatMap, alpha: FloatMap, box: Box, secs: float) -> FloatMap | None:
        """What the inverse depth is multiplied by; None: it stays. All maps are shrunk."""
        before, self._before, self.is_settled = self._before, None, True
        weight = alpha * alpha
        weight *= weight
        count, numbers, bounds, _ = cv2.connectedComponentsWithStats(
            (weight > self._set.sure).view(np.uint8)
        )
        if count == 1:
            return None
        log = np.log(np.maximum(near, np.float32(1e-6)))
        areas = _sums(numbers, weight, count)
        scale = np.prod(box.size) / weight.size
        lefts, widths = bounds[:, cv2.CC_STAT_LEFT], bounds[:, cv2.CC_STAT_WIDTH]
        now = _Seen(
            secs, box, log, weight, numbers, areas,
            sizes=np.log(np.maximum(areas * scale, 1e-6)) / 2,
            is_cut=(lefts == 0) | (lefts + widths == weight.shape[1]),
            growth=np.zeros(count), known_secs=np.zeros(count),
        )  # fmt: skip
        passed = 0.0 if before is None else secs - before.secs
        if before is None or not 0 < passed <= self._set.longest_secs:
            self._before = now
            return None
        offsets, self._before = self._followed(before, now, passed)
        self.is_settled = bool(np.abs(offsets).max() < self._set.settled)
        return np.exp(_beside(offsets[numbers].astype(np.float32), numbers))

    def _followed(self, before: _Seen, now: _Seen, passed: float) -> tuple[Numbers, _Seen]:
        """What is added to the logarithm of each foreground, and `now` with it."""
        before = _where(now, before)
        count, many = len(now.areas), len(before.areas)
        both = np.bincount(
            (now.numbers * many + before.numbers).ravel(), minlength=count * many
        ).reshape(count, many)
        pixels, theirs = both.sum(1), both.sum(0)
        both[0] = both[:, 0] = 0
        grown = np.minimum((both > 0) @ theirs / np.maximum(pixels, 1), 1)
        parent = both.argmax(1)
        shared = both[np.arange(count), parent]
        is_same = 2 * shared > pixels + theirs[parent] - shared
        growth = np.where(is_same, self._growth(before, now, parent, passed), 0)
        difference, support = self._difference(before, now)
        is_known = support > self._set.least_share * now.areas
        known_secs = grown * (both @ before.known_secs) / np.maximum(both.sum(1), 1)
        known_secs *= is_known
        calm_secs = self._set.secs / (1 + np.abs(growth) / self._set.growth)
        kept = np.minimum(known_secs, calm_secs)
        is_cut = now.is_cut | before.is_cut[parent]
        believed = growth**3 / (growth**2 + self._set.stride_growth**2)
        expected = np.where(is_cut, 0, believed * passed)
        offsets = np.where(is_known, kept / (kept + passed) * (expected - difference), 0)
        offsets[0] = 0
        log = now.log + offsets[now.numbers].astype(np.float32)
        return offsets, replace(now, log=log, growth=growth, known_secs=known_secs + passed)

    def _growth(
        self, before: _Seen, now: _Seen, parent: npt.NDArray[np.int64], passed: float
    ) -> Numbers:
        """A second, the mean over `growth_secs`."""
        step, last = now.sizes - before.sizes[parent], before.growth[parent]
        most = self._set.most_growth * max(passed, self._set.growth_secs / 3)
        rate = np.where(np.abs(step) < most, step / passed, 0)
        new = 1 - np.exp(-passed / self._set.growth_secs)
        return np.asarray(last + new * (rate - last))

    def _difference(self, before: _Seen, now: _Seen) -> tuple[Numbers, Numbers]:
        """How much nearer each is than what was there, as a logarithm; by how much of it."""
        difference = now.log - before.log
        alike = np.maximum(1 - np.abs(difference) / np.float32(self._set.alike), 0)
        weight = np.minimum(now.weight, before.weight) * alike * (before.numbers > 0)
        count = len(now.areas)
        support = _sums(now.numbers, weight, count)
        total = _sums(now.numbers, weight * difference, count)
        return total / np.maximum(support, 1e-6), support


def _sums(numbers: npt.NDArray[np.int32], values: FloatMap, count: int) -> Numbers:
    """The sum of a map's values (h, w) over each foreground, (count,)."""
    return np.asarray(np.bincount(numbers.ravel(), values.ravel(), count), np.float64)


def _where(now: _Seen, before: _Seen) -> _Seen:
    """The maps of before on the pixels of now: the network may see another part."""
    if before.box == now.box and before.weight.shape == now.weight.shape:
        return before
    matrix = affine_between(before.weight.shape, before.box, now.weight.shape, now.box)
    size = now.weight.shape[::-1]
    weight, carried = (
        np.asarray(cv2.warpAffine(one, matrix, size), np.float32)
        for one in (before.weight, before.log * before.weight)
    )
    numbers = cv2.warpAffine(
        before.numbers.astype(np.float32), matrix, size, flags=cv2.INTER_NEAREST
    )
    return replace(
        before, box=now.box, weight=weight, log=carried / np.maximum(weight, _LEAST),
        numbers=numbers.astype(np.int32),
    )  # fmt: skip


def _beside(change: FloatMap, numbers: npt.NDArray[np.int32]) -> FloatMap:
    """With what is added to foregrounds in the pixels around them, too: they are their border."""
    known = numbers > 0
    total, around = (
        cv2.boxFilter(one, -1, BESIDE, normalize=False)
        for one in (known.astype(np.float32), change)
    )
    return np.asarray(np.where(known, change, around / np.maximum(total, 1)), np.float32)
