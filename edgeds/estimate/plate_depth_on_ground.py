"""The plate's depth brought to the ground that people measured. Knows no network and no frames.

A network's depth has the right order, and is wrong by a smooth factor. Where the depth follows the
ground, the factor is measured, and applied to the things that stand there too. The ground itself
gets the measured plane. Nothing lies under the ground. Nothing is nearer than people who walked in
front of it, or farther than people who vanished behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edgeds.errors import InputError
from edgeds.estimate.depth_fit import robust_line
from edgeds.estimate.plate_depth import edges_of_plate
from edgeds.estimate.settings import GROUND_DEPTH
from edgeds.plate.ground.depth_bounds import Bounds, bounds_of
from edgeds.plate.ground.depth_wanted import MeasuredPoint
from edgeds.plate.ground.gathering import Sighting
from edgeds.plate.ground.geometry import usual_focal_px
from edgeds.plate.ground.ground_from_people import Ground
from edgeds.plate.ground.metric_scale import MetricScale
from edgeds.plate.plate import Plate
from edgeds.types import FloatMap, Pixels, Size


@dataclass(frozen=True, slots=True, eq=False)
class GroundedDepth:
    """A plate's inverse depth with a scale."""

    depth: FloatMap
    """float32 (H, W), over 0, in units close to those of the depth before."""
    scale: MetricScale
    ground: Ground | None
    """The ground it lies on; None where a network's depth was only given a scale."""

    @property
    def per_height(self) -> float:
        """Units of the depth for 1/person height."""
        assert self.ground is not None
        return 1 / (self.scale.per_unit * self.ground.person_m)


def as_report(found: GroundedDepth | None) -> dict[str, Any]:
    """Where depth comes from, with ground and scale, for a report in JSON."""
    ground = None if found is None else found.ground
    return {
        "from": "network" if ground is None else "people",
        "ground": None if ground is None else ground.as_json(),
        "scale": None if found is None else found.scale.as_json(),
    }


def on_points(
    depth: FloatMap, known: GroundedDepth | None, points: Sequence[MeasuredPoint]
) -> GroundedDepth:
    """A plate's depth with a scale from measured distances.

    On measured ground they say how tall people are. A network's depth gets a scale from one
    point, and a shift as well from points that differ enough.

    Args:
        depth: a network's, float32 (H, W); used where nothing else is known.
        points: at least one, within the picture.

    Raises:
        InputError: farther points have a depth that is nearer.
    """
    if known is not None:
        depth = known.depth
    focal_px = None if known is None else known.scale.focal_px
    away = np.array([_along_axis(point, depth.shape, focal_px) for point in points])
    there = np.array([_around(depth, point) for point in points])
    if known is not None and known.ground is not None:
        factor = float(np.median(away * there)) * known.scale.per_unit
        ground = replace(
            known.ground,
            person_m=known.ground.person_m * factor,
            uncertainty=float(np.hypot(known.ground.shape, GROUND_DEPTH.point_sigma)),
        )
        scale = replace(
            known.scale, per_unit=known.scale.per_unit / factor,
            uncertainty=ground.uncertainty, origin="point",
        )  # fmt: skip
        return GroundedDepth(depth, scale, ground)
    per_unit, offset = float(np.median(1 / (away * there))), 0.0
    sigma = GROUND_DEPTH.one_point_sigma
    if there.max() > GROUND_DEPTH.points_apart * there.min():
        per_unit, offset = (float(x) for x in np.polyfit(there, 1 / away, 1))
        sigma = GROUND_DEPTH.points_sigma
    if per_unit <= 0:
        raise InputError(
            "the measured points contradict the depth there",
            why="the farther of them looks nearer",
            fix="check the pixels, or give one point alone",
        )
    scale = MetricScale(
        per_unit=per_unit, offset=offset, uncertainty=sigma, origin="point", focal_px=None
    )
    return GroundedDepth(depth, scale, None)


def _along_axis(point: MeasuredPoint, size: tuple[int, ...], focal_px: float | None) -> float:
    """Metres along the optical axis, from a distance along the line of sight."""
    focal_px = focal_px or usual_focal_px((size[0], size[1]))
    aside = np.hypot(point.x - (size[1] - 1) / 2, point.y - (size[0] - 1) / 2) / focal_px
    return float(point.metres / np.sqrt(1 + aside**2))


def _around(depth: FloatMap, point: MeasuredPoint) -> float:
    """The median of a few pixels."""
    row, column = int(point.y), int(point.x)
    part = depth[max(0, row - 2) : row + 3, max(0, column - 2) : column + 3]
    return max(float(np.median(part)), 1e-6)


def grounded(
    depth: FloatMap, plate: Pixels, ground: Ground, sightings: Sequence[Sighting]
) -> GroundedDepth:
    """Bring a plate's inverse depth, float32 (H, W), over 0, to the ground.

    Args:
        plate: uint8 RGB (H, W, 3).
        sightings: what the ground was measured by.
    """
    bounds = bounds_of(sightings, ground.view, _map_size(depth))
    return _laid(depth, plate, ground, bounds)


def laid_again(depth: FloatMap, plate: Plate, measured: GroundedDepth) -> GroundedDepth:
    """Bring another network's inverse depth of a plate, float32 (H, W), over 0, to what is known.

    The people are gone. What lies on the measured ground is ground; elsewhere the new depth counts.
    Where there is a scale alone, the new depth gets the scale at which both give the same metres.
    """
    before = measured.depth
    if measured.ground is None:
        part = (slice(None, None, 4),) * 2
        metric = measured.scale.per_unit * before[part] + measured.scale.offset
        x, y = (values.ravel().astype(np.float64) for values in (depth[part], metric))
        per_unit, offset = robust_line(x, y) if measured.scale.offset else (0.0, 0.0)
        if per_unit <= 0:
            per_unit, offset = float(np.median(y / np.maximum(x, 1e-6))), 0.0
        scale = replace(measured.scale, per_unit=per_unit, offset=offset)
        return GroundedDepth(depth, scale, None)
    size = _map_size(depth)
    plane = _plane_of(measured.ground, size)
    known = _shrunk(before, size) / np.float32(measured.per_height)
    off = np.abs(np.log(known / np.maximum(plane, GROUND_DEPTH.farthest)))
    walked = (plane > GROUND_DEPTH.farthest) & (off < GROUND_DEPTH.on_ground)
    if not walked.any():
        return measured
    bounds = Bounds(np.zeros(size, np.float32), np.full(size, np.inf, np.float32), walked)
    laid = _laid(depth, plate.pixels, measured.ground, bounds)
    per_unit = 1 / (laid.per_height * measured.ground.person_m)
    return replace(laid, scale=replace(measured.scale, per_unit=per_unit))


def _map_size(depth: FloatMap) -> Size:
    height, width = depth.shape
    shrink = min(1.0, GROUND_DEPTH.height_px / height)
    return max(1, round(height * shrink)), max(1, round(width * shrink))


def _shrunk(values: FloatMap, size: Size) -> FloatMap:
    small = cv2.resize(values, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _plane_of(ground: Ground, size: Size) -> FloatMap:
    """The ground's inverse depth in 1/person height."""
    return _shrunk(ground.view.inverse_depth_map(), size)


def _laid(depth: FloatMap, plate: Pixels, ground: Ground, bounds: Bounds) -> GroundedDepth:
    height, width = depth.shape
    size = _map_size(depth)
    small, plane = _shrunk(depth, size), _plane_of(ground, size)
    per_height, known = _in_heights(small, plane, bounds)
    known, is_ground = _corrected(known, plane, bounds)
    known = _bounded(known, plane, bounds)
    factor = np.log(known * per_height / np.maximum(small, 1e-6))
    factor = cv2.resize(factor, (width, height), interpolation=cv2.INTER_LINEAR)
    drawn = edges_of_plate(np.asarray(depth * np.exp(factor), np.float32), plate)
    # Colours on the ground, of grass beside a road, are no edges of depth.
    is_ground = cv2.resize(is_ground, (width, height), interpolation=cv2.INTER_LINEAR)
    level = np.maximum(ground.view.inverse_depth_map(), GROUND_DEPTH.farthest) * per_height
    drawn += is_ground * (level - drawn)
    scale = MetricScale(
        per_unit=1 / (per_height * ground.person_m),
        uncertainty=ground.uncertainty,
        origin="people",
        focal_px=ground.view.focal_px,
    )
    return GroundedDepth(drawn, scale, ground)


def _in_heights(depth: FloatMap, plane: FloatMap, bounds: Bounds) -> tuple[float, FloatMap]:
    """(units for 1/person height, the depth in 1/person height), fitted where feet stood."""
    stood = bounds.walked & (plane > GROUND_DEPTH.farthest)
    x, y = depth[stood].astype(np.float64), plane[stood].astype(np.float64)
    per_height = float(np.exp(np.median(np.log(np.maximum(x, 1e-6) / y))))
    x /= per_height
    scale, shift = robust_line(x, y)
    # A network that sees hardly any slope where there is one says nothing about its own shift.
    usable = GROUND_DEPTH.least_scale < scale < 1 / GROUND_DEPTH.least_scale
    line_off, scale_off = (
        _typical(np.log(np.maximum(a, 1e-6) / y)) for a in (scale * x + shift, x)
    )
    if not usable or line_off > GROUND_DEPTH.line_gain * scale_off:
        scale, shift = 1.0, 0.0
    known = scale * depth / per_height + shift
    return per_height, np.asarray(np.maximum(known, GROUND_DEPTH.farthest), np.float32)


def _typical(values: npt.NDArray[np.float64]) -> float:
    return float(np.median(np.abs(values)))


def _corrected(depth: FloatMap, plane: FloatMap, bounds: Bounds) -> tuple[FloatMap, FloatMap]:
    """(the depth times the smooth factor that the ground shows, and the ground on its plane;
    how far pixels are ground, 0..1).
    """
    seen = plane > GROUND_DEPTH.farthest
    ground = np.log(np.maximum(plane, GROUND_DEPTH.farthest))
    off = np.where(seen, ground - np.log(depth), 0).astype(np.float32)
    slopes_alike = seen * _slopes_alike(np.log(depth), ground)
    walked = bounds.walked & seen
    is_ground = np.zeros_like(off)
    # Ground grows from where feet stood: what follows it once it is corrected is ground, too.
    for _ in range(GROUND_DEPTH.rounds):
        smooth = _smooth(off, np.where(walked, GROUND_DEPTH.walked_weight, is_ground))
        left = off - smooth
        is_ground = slopes_alike * _may_be_ground(left)
    depth = depth * np.exp(smooth)
    is_ground = cv2.GaussianBlur(is_ground.astype(np.float32), (0, 0), 1.0)
    depth = np.maximum(depth * np.exp(is_ground * left), GROUND_DEPTH.under * plane)
    return np.asarray(depth, np.float32), np.asarray(is_ground, np.float32)


def _smooth(values: FloatMap, weight: FloatMap) -> FloatMap:
    """Values carried from where they weigh something, finer where they are close together."""
    smooth = np.full_like(values, (values * weight).sum() / max(float(weight.sum()), 1e-6))
    for reach in GROUND_DEPTH.reaches:
        sigma, few = reach * values.shape[0], np.float32(GROUND_DEPTH.few)
        total, count = (_widely(x, sigma) for x in (values * weight, weight))
        smooth = (total + few * smooth) / (count + few)
    return np.asarray(smooth, np.float32)


def _widely(values: FloatMap, sigma: float) -> FloatMap:
    """A Gaussian blur; a wide one on a smaller map, where it costs a fraction."""
    (height, width), shrink = values.shape, max(1.0, sigma / 6)
    size = max(1, round(height / shrink)), max(1, round(width / shrink))
    small = cv2.GaussianBlur(_shrunk(values, size), (0, 0), sigma / shrink)
    blurred = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(blurred, np.float32)


def _may_be_ground(off: FloatMap) -> FloatMap:
    """How far a pixel so much nearer than the ground (below 0) or farther may be ground, 0..1: what
    stands on it is nearer, nothing is farther.
    """
    wide = np.where(off < 0, GROUND_DEPTH.nearer, GROUND_DEPTH.farther)
    return np.asarray(np.exp(-np.square(off / wide)), np.float32)


def _slopes_alike(depth: FloatMap, ground: FloatMap) -> FloatMap:
    """How far the logarithm of depth falls as the ground's does, 0..1: on a wall it does not."""
    smooth_depth = cv2.GaussianBlur(depth, (0, 0), GROUND_DEPTH.slope_sigma_px)
    across, down = (cv2.Sobel(smooth_depth - ground, cv2.CV_32F, *d) for d in ((1, 0), (0, 1)))
    slope = np.hypot(*(cv2.Sobel(ground, cv2.CV_32F, *d) for d in ((1, 0), (0, 1))))
    unlike = np.hypot(across, down) / np.maximum(slope, 1e-6)
    return np.asarray(np.exp(-np.square(unlike / GROUND_DEPTH.slope_unlike)), np.float32)


def _bounded(depth: FloatMap, plane: FloatMap, bounds: Bounds) -> FloatMap:
    """Between what people say; what they change spreads to its surroundings, fading."""
    within = np.minimum(
        np.maximum(depth, bounds.least), np.maximum(bounds.most, GROUND_DEPTH.under * plane)
    )
    change = np.log(within / depth)
    changed = (np.abs(change) > 1e-3).astype(np.float32)
    bounded = np.where(np.isfinite(bounds.most) | (bounds.least > 0), 1.0, 0.0).astype(np.float32)
    sigma = GROUND_DEPTH.bound_reach * depth.shape[0]
    total, count = (cv2.GaussianBlur(x, (0, 0), sigma) for x in (change * changed, bounded))
    spread = total / (count + np.float32(GROUND_DEPTH.few))
    around = depth * np.exp(np.where(bounded > 0, 0, spread))
    result = np.where(bounded > 0, within, np.maximum(around, GROUND_DEPTH.under * plane))
    return np.asarray(np.maximum(result, GROUND_DEPTH.farthest), np.float32)
