"""The field's metrics as plain functions of arrays. Knows nothing about files, sets or engines.

Units and scales, since papers differ: alpha runs 0..1 and nothing is multiplied by 1000 or 100;
`grad` and `conn` are sums over pixels divided by 1000, as everywhere (so they grow with the
picture). Arrays are (H, W); `scored` is a bool mask of the pixels that count, with at least one.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.types import FloatMap

Mask: TypeAlias = npt.NDArray[np.bool_]
Floats: TypeAlias = npt.NDArray[np.floating[Any]]

MAX_DEPTH_M = 60.0
"""A set's depth is unknown beyond it, so a fitted depth is never scored as farther."""
EDGE_RATIO = 1.25
"""Neighbouring depths that differ by more than this factor are an edge."""


def mad(alpha: FloatMap, truth: FloatMap, scored: Mask) -> float:
    """Mean absolute difference, mean |a - a*|. 0..1, lower is better."""
    return float(np.abs(alpha - truth)[scored].mean(dtype=np.float64))


def mse(alpha: FloatMap, truth: FloatMap, scored: Mask) -> float:
    """Mean squared error, mean (a - a*)^2. 0..1, lower is better."""
    return float(np.square(alpha - truth)[scored].mean(dtype=np.float64))


def grad(alpha: FloatMap, truth: FloatMap, scored: Mask) -> float:
    """Gradient error of Rhemann et al. 2009: sum (|G a| - |G a*|)^2 / 1000. Lower is better.

    G is the first derivative of a Gaussian, sigma 1.4, cut where it falls to 1e-2 and scaled to
    unit energy; edges of the picture are replicated. Alpha is taken as it is: the min-max
    stretch that some reimplementations put first would blow up noise on empty frames.
    """
    difference = gradient_magnitude(alpha) - gradient_magnitude(truth)
    return float(np.square(difference)[scored].sum(dtype=np.float64)) / 1000


def gradient_magnitude(alpha: FloatMap, sigma: float = 1.4) -> Floats:
    """|G a| with the Gaussian derivative that `grad` describes."""
    cut = 1e-2
    half = int(np.ceil(sigma * np.sqrt(-2 * np.log(np.sqrt(2 * np.pi) * sigma * cut))))
    x = np.arange(-half, half + 1, dtype=np.float64)
    smooth = np.exp(-(x**2) / (2 * sigma**2))
    slope = x * smooth
    smooth /= np.sqrt(np.square(smooth).sum())
    slope /= np.sqrt(np.square(slope).sum())
    values = alpha.astype(np.float64)
    replicate = cv2.BORDER_REPLICATE
    along_x = cv2.sepFilter2D(values, cv2.CV_64F, slope, smooth, borderType=replicate)
    along_y = cv2.sepFilter2D(values, cv2.CV_64F, smooth, slope, borderType=replicate)
    magnitude: Floats = np.hypot(along_x, along_y)
    return magnitude


def conn(alpha: FloatMap, truth: FloatMap, scored: Mask) -> float:
    """Connectivity error of Rhemann et al. 2009: sum |phi - phi*| / 1000. Lower is better.

    For levels 0, .1, ..., 1: omega is the largest 4-connected region where both a and a* reach
    the level; l is the last level at which a pixel was still in omega. phi = 1 - d where
    d = a - l >= .15, else 1: a pixel is fully connected where its alpha hangs on the region.
    """
    level_kept = np.full(alpha.shape, -1.0)
    for step in range(1, 11):
        level = np.float32(step / 10)
        both = ((alpha >= level) & (truth >= level)).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(both, connectivity=4)
        if count > 1:
            largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
            outside = labels != largest
        else:
            outside = np.ones(alpha.shape, bool)
        level_kept[(level_kept < 0) & outside] = (step - 1) / 10
    level_kept[level_kept < 0] = 1.0

    def phi(values: FloatMap) -> Floats:
        distance = values - level_kept
        connected: Floats = 1 - distance * (distance >= 0.15)
        return connected

    return float(np.abs(phi(alpha) - phi(truth))[scored].sum()) / 1000


def iou(alpha: FloatMap, truth: FloatMap, scored: Mask) -> float | None:
    """Intersection over union of the masks a > .5 and a* > .5. 0..1, higher is better.

    None where the truth has no foreground: a single wrong pixel would make it 0, and no wrong pixel
    1, whatever the shape. `empty_false_alarm` judges such frames.
    """
    found, wanted = (alpha > 0.5) & scored, (truth > 0.5) & scored
    if not wanted.any():
        return None
    return float((found & wanted).sum() / (found | wanted).sum())


def boundary_f(
    alpha: FloatMap, truth: FloatMap, scored: Mask, tolerance_px: float = 2.0
) -> float | None:
    """F-measure of the outline of a > .5, as in DAVIS (Perazzi et al. 2016). Higher is better.

    A boundary pixel is in the mask and has one of its four neighbours outside; the border of the
    picture is no boundary. It is right within `tolerance_px` (Euclidean) of the other boundary.
    F is the harmonic mean of precision and recall. None where the truth has no foreground.
    """
    if not ((truth > 0.5) & scored).any():
        return None
    found, wanted = _boundary(alpha > 0.5), _boundary(truth > 0.5)
    precision = _share_near(found & scored, wanted, tolerance_px)
    recall = _share_near(wanted & scored, found, tolerance_px)
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def _boundary(mask: Mask) -> Mask:
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inside = cv2.erode(mask.astype(np.uint8), cross)  # outside the picture counts as mask
    boundary: Mask = mask & (inside == 0)
    return boundary


def _share_near(points: Mask, others: Mask, distance_px: float) -> float:
    """Share of points within a distance of the others; 1 where there is no point to be wrong."""
    if not points.any():
        return 1.0
    if not others.any():
        return 0.0
    distance = cv2.distanceTransform((~others).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float((distance[points] <= distance_px + 1e-3).mean())


def empty_false_alarm(alpha: FloatMap, scored: Mask) -> float:
    """Share of pixels with a > .5, for frames without foreground. 0..1, lower is better."""
    return float((alpha > 0.5)[scored].mean())


def depth_from_fit(inverse_depth: FloatMap, truth_m: FloatMap, scored: Mask) -> Floats:
    """Metric depth from relative inverse depth, by the best scale and shift (Ranftl et al. 2020).

    Minimises the sum over scored pixels of (s x + t - 1/z)^2, x the inverse depth and z the true
    depth in metres, over s >= 0 and t. The fit must not turn round a map with near and far
    exchanged, so where the free optimum has s < 0, the result is the constant map. Depth is then 1
    / (s x + t), capped at MAX_DEPTH_M; values that the fit makes zero or negative get that cap,
    too.
    """
    x = inverse_depth.astype(np.float64)
    wanted = 1 / truth_m[scored].astype(np.float64)
    known = x[scored]
    mean, wanted_mean = known.mean(), wanted.mean()
    spread = np.square(known - mean).mean()
    covariance = ((known - mean) * (wanted - wanted_mean)).mean()
    # 1e-12 of the squared mean: below it the map is constant apart from rounding.
    scale = max(0.0, covariance / spread) if spread > 1e-12 * mean**2 else 0.0
    fitted = scale * (x - mean) + wanted_mean
    depth: Floats = 1 / np.maximum(fitted, 1 / MAX_DEPTH_M)
    return depth


def abs_rel(depth_m: Floats, truth_m: FloatMap, scored: Mask) -> float:
    """Mean |z - z*| / z* after `depth_from_fit`. Lower is better."""
    found, wanted = depth_m[scored], truth_m[scored]
    return float((np.abs(found - wanted) / wanted).mean())


def rmse(depth_m: Floats, truth_m: FloatMap, scored: Mask) -> float:
    """Root of the mean of (z - z*)^2, in metres, after `depth_from_fit`. Lower is better."""
    return float(np.sqrt(np.square(depth_m[scored] - truth_m[scored]).mean()))


def delta1(depth_m: Floats, truth_m: FloatMap, scored: Mask) -> float:
    """Share of pixels with max(z/z*, z*/z) < 1.25, after `depth_from_fit`. Higher is better."""
    found, wanted = depth_m[scored], truth_m[scored]
    return float((np.maximum(found / wanted, wanted / found) < 1.25).mean())


def si_log(depth_m: Floats, truth_m: FloatMap, scored: Mask) -> float:
    """Scale-invariant log error (Eigen et al. 2014): sqrt(mean d^2 - (mean d)^2), d = ln z - ln z*.

    After `depth_from_fit`; natural logarithm, not multiplied by 100. Lower is better.
    """
    difference = np.log(depth_m[scored]) - np.log(truth_m[scored])
    return float(difference.std())


def depth_boundary_recall(
    depth_m: Floats, truth_m: FloatMap, scored: Mask, tolerance_px: int = 2
) -> float | None:
    """Share of the true depth edges that the prediction has, too. 0..1, higher is better.

    An edge of the truth is a pixel whose right or lower neighbour is nearer or farther by a
    factor over 1.25, both scored (occlusion edges as in Bochkovskii et al. 2024, with a
    tolerance, since a predicted edge is a ramp of some pixels). It is found where the predicted
    depth changes by such a factor within the window of `tolerance_px` around it. None where the
    truth has no edge. Recall alone does not see false edges; `si_log` and `abs_rel` do.
    """
    edges = np.zeros(truth_m.shape, bool)
    for here, there in (
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
    ):
        both = scored[here] & scored[there]
        near = np.minimum(truth_m[here], truth_m[there])
        far = np.maximum(truth_m[here], truth_m[there])
        edges[here] |= both & (far > EDGE_RATIO * near)
    if not edges.any():
        return None
    window = np.ones((2 * tolerance_px + 1, 2 * tolerance_px + 1), np.uint8)
    farthest, nearest = cv2.dilate(depth_m, window), cv2.erode(depth_m, window)
    return float((farthest > EDGE_RATIO * nearest)[edges].mean())


def dtssd(
    alpha: FloatMap, alpha_before: FloatMap, truth: FloatMap, truth_before: FloatMap, scored: Mask
) -> float:
    """Error of alpha's change between two frames (dtSSD, Erofeev et al. 2015). Lower is better.

    sqrt(mean ((a_t - a_{t-1}) - (a*_t - a*_{t-1}))^2), in alpha's unit, not multiplied by 100; a
    clip's score is the mean over its pairs of successive frames.
    """
    difference = (alpha - alpha_before) - (truth - truth_before)
    return float(np.sqrt(np.square(difference)[scored].mean(dtype=np.float64)))


class BackgroundDepthStd:
    """Flicker of depth where a clip shows nothing but background. Lower is better, 0 is constant.

    The standard deviation over time of each pixel's predicted inverse depth, averaged over the
    pixels that are background (a* = 0, not ignored) in all frames, over one scale for the whole
    clip: the mean over frames of the spread between a map's 5th and 95th percentile. So .01 is
    flicker of 1 % of the depth range, whatever the prediction's units.

    Remembers three maps, not the clip (Welford 1962).
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean: Floats = np.zeros(0)
        self._squares: Floats = np.zeros(0)
        self._background: Mask = np.zeros(0, bool)
        self._spreads: list[float] = []

    def add(self, inverse_depth: FloatMap, background: Mask) -> None:
        """Take the next frame: its map, and where it is background. All of one size."""
        values = inverse_depth.astype(np.float64)
        if self._count == 0:
            self._mean = np.zeros(values.shape)
            self._squares = np.zeros(values.shape)
            self._background = background.copy()
        self._count += 1
        from_mean = values - self._mean
        self._mean += from_mean / self._count
        self._squares += from_mean * (values - self._mean)
        self._background &= background
        low, high = np.percentile(values, [5, 95])
        self._spreads.append(float(high - low))

    def value(self) -> float | None:
        """None with fewer than two frames, or where no pixel stays background."""
        if self._count < 2 or not self._background.any():
            return None
        deviation = float(np.sqrt(self._squares / self._count)[self._background].mean())
        spread = float(np.mean(self._spreads))
        if spread > 0:
            return deviation / spread
        return 0.0 if deviation == 0 else None
