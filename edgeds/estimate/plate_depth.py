"""Inverse depth of a plate, from several estimates of a depth network.

Knows no network. `depth_fit` fits the depth of frames to it.

The whole picture shows what is far and what is near; enlarged parts of it add detail. Each part is
fitted to the whole by a scale and a shift, as in Miangoleh et al. 2021 (Boosting monocular depth).
Then the depth gets the edges of the plate. It takes a second or two, may run in a separate thread,
and changes nothing but its result.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import cv2
import numpy as np

from edgeds.estimate.depth_fit import middle_of, robust_line
from edgeds.estimate.settings import PLATE_DEPTH
from edgeds.estimate.symmetric_solve import solved_by_cofactors
from edgeds.sources.scaling import resized
from edgeds.types import FloatMap, Pixels, Size
from edgeds.types.maps import resized_map


class DepthNetwork(Protocol):
    """Inverse depth of one picture at one size: `edgeds.engine.plate_depth_engine` has one."""

    @property
    def size(self) -> Size: ...

    @property
    def identity(self) -> str:
        """Another one for each network whose answers differ."""
        ...

    def __call__(self, pixels: Pixels) -> FloatMap:
        """uint8 RGB (h, w, 3) at `size` to inverse depth (h, w), relative, larger is nearer."""
        ...


def plate_depth_of(network: DepthNetwork, plate: Pixels) -> FloatMap:
    """Inverse depth of a plate at its own size, float32 (H, W), over 0.

    Looks are put together on a smaller map: its size, and not the plate's, decides what that costs.
    """
    height, width = plate.shape[:2]
    shrink = min(1.0, PLATE_DEPTH.map_height / height)
    size = (max(1, round(height * shrink)), max(1, round(width * shrink)))
    depth = _enlarged(_both_ways(network, plate), size)
    if min(height / network.size[0], width / network.size[1]) > PLATE_DEPTH.parts_from:
        depth = _with_parts(network, plate, depth)
    return edges_of_plate(depth, plate)


def _both_ways(network: DepthNetwork, picture: Pixels) -> FloatMap:
    """The mean of the network's answers to a picture and to its mirror image, at its size."""
    small = resized(picture, network.size)
    straight = network(small)
    turned_back = network(np.ascontiguousarray(small[:, ::-1]))[:, ::-1]
    return np.asarray((straight + turned_back) / 2, np.float32)


def _with_parts(network: DepthNetwork, plate: Pixels, whole: FloatMap) -> FloatMap:
    """The whole's depth below the scale of a part, the parts' detail above it; (h, w) as `whole`,
    which may be smaller than the plate.
    """
    total, weights = np.zeros_like(whole), np.full_like(whole, 1e-6)
    places = zip(_parts(*plate.shape[:2]), _parts(*whole.shape[:2]), strict=True)
    for there, (rows, columns) in places:
        known = whole[rows, columns]
        tall, wide = known.shape
        seen = _enlarged(_both_ways(network, plate[there]), (tall, wide))
        sparse = (slice(None, None, PLATE_DEPTH.fit_stride),) * 2
        seen_there, known_there = (x[sparse].ravel().astype(np.float64) for x in (seen, known))
        scale, shift = robust_line(seen_there, known_there)
        is_believed = PLATE_DEPTH.least_scale < scale < 1 / PLATE_DEPTH.least_scale
        # A part that says something else than the whole leaves no seam where it ends.
        brought = scale * seen + shift if is_believed else known
        weight = _window(tall, wide)
        total[rows, columns] += weight * brought
        weights[rows, columns] += weight
    detailed = (total + 1e-6 * whole) / weights
    sigma = PLATE_DEPTH.detail_share * min(whole.shape)
    coarse_difference = cv2.GaussianBlur(whole - detailed, (0, 0), sigma)
    return np.asarray(detailed + coarse_difference, np.float32)


def _enlarged(depth: FloatMap, size: Size) -> FloatMap:
    larger: FloatMap = cv2.resize(depth, size[::-1], interpolation=cv2.INTER_CUBIC)
    return larger


def _parts(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Four overlapping parts in the corners, and one in the middle."""
    tall, wide = (round(side * PLATE_DEPTH.part_share) for side in (height, width))
    bottom, right = height - tall, width - wide
    for top, left in (
        (0, 0),
        (0, right),
        (bottom, 0),
        (bottom, right),
        (bottom // 2, right // 2),
    ):
        yield slice(top, top + tall), slice(left, left + wide)


def _window(height: int, width: int) -> FloatMap:
    """1 in the middle, falling to 0 at the border, so that parts meet without a seam."""
    down, across = (np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in (height, width))
    return np.asarray(down[:, None] * across + 1e-3, np.float32)


def edges_of_plate(depth: FloatMap, plate: Pixels) -> FloatMap:
    """Depth of any size, its edges moved to the plate's own edges near them, at the plate's size.

    The ramps that a network draws for edges are made steep. Then comes a guided filter (He et al.
    2010) with a colour guide: in every window the logarithm of depth is fitted by a plane over the
    plate's colours, and each pixel takes the mean of the planes of all windows it lies in. All this
    is done on a smaller picture (He & Sun 2015, Fast guided filter), in rounds, and the planes are
    applied to the whole one. A floor has no edges: arrows that are painted on it stay flat.
    """
    height, width = plate.shape[:2]
    shrink = min(1.0, PLATE_DEPTH.guide_height / height)
    size = (max(1, round(height * shrink)), max(1, round(width * shrink)))
    guide = resized(plate, size).astype(np.float32) / np.float32(255)
    floor = np.float32(PLATE_DEPTH.guide_floor * middle_of(depth))  # farther, ratios mean nothing
    small = resized_map(depth, size)
    bend = _bend(small, floor)
    bent, has_edge = (
        bend / (bend + np.float32(least**2)) for least in (PLATE_DEPTH.bent, PLATE_DEPTH.least_edge)
    )
    steep = small + bent * (_steepened(small) - small)
    values = np.log(np.maximum(steep, 0) + floor)
    for _ in range(PLATE_DEPTH.guide_rounds):
        slope, offset = _planes(values, guide)
        slope *= has_edge[..., None]
        offset = values + has_edge * (offset - values)
        values = (slope * guide).sum(-1) + offset
    slope /= np.float32(255)
    drawn = cv2.resize(offset, (width, height))
    for channel in range(3):  # one after the other: three maps of a 4K plate are 100 MB
        part = cv2.resize(np.ascontiguousarray(slope[..., channel]), (width, height))
        part *= plate[..., channel]
        drawn += part
    np.exp(drawn, out=drawn)
    drawn -= floor
    np.maximum(drawn, np.float32(1e-6), out=drawn)
    return np.asarray(drawn, np.float32)


def _bend(values: FloatMap, floor: np.float32) -> FloatMap:
    """What a plane does not explain of a map (h, w) in the window around: mean squares, as a share
    of the squared value there. The inverse depth of a floor or a wall is a plane.
    """
    radius = max(1, round(PLATE_DEPTH.bend_radius * values.shape[0] / PLATE_DEPTH.guide_height))
    side = 2 * radius + 1
    even = np.full(side, 1 / side, np.float32)
    places = np.arange(-radius, radius + 1, dtype=np.float32)
    mean, across, down = (
        cv2.sepFilter2D(values, -1, in_rows, in_columns)
        for in_rows, in_columns in ((even, even), (places / side, even), (even, places / side))
    )
    # Least squares: in a window, rows and columns depend neither on each other nor on its mean.
    plane = (across * across + down * down) / np.square(places).mean()
    left = cv2.blur(values * values, (side, side)) - mean * mean - plane
    return np.asarray(np.maximum(left, 0) / np.square(np.abs(mean) + floor), np.float32)


def _steepened(values: FloatMap) -> FloatMap:
    """Ramps between two levels made short, and small waves made steps.

    Each pixel moves away from the mean around it, but not past what is next to it.
    """
    share = values.shape[0] / PLATE_DEPTH.guide_height  # of the network's pixels
    square = np.ones((round(PLATE_DEPTH.steep_side * share) | 1,) * 2, np.uint8)
    for _ in range(PLATE_DEPTH.steep_rounds):
        mean = cv2.GaussianBlur(values, (0, 0), PLATE_DEPTH.steep_sigma * share)
        steeper = values + np.float32(PLATE_DEPTH.steep_gain) * (values - mean)
        values = np.clip(steeper, cv2.erode(values, square), cv2.dilate(values, square))
    return values


def _planes(values: FloatMap, guide: FloatMap) -> tuple[FloatMap, FloatMap]:
    """Slopes (h, w, 3) and offsets (h, w), each the mean over the windows that hold a pixel."""
    side = (2 * PLATE_DEPTH.guide_radius + 1,) * 2

    def mean(x: FloatMap) -> FloatMap:
        return np.asarray(cv2.blur(x, side), np.float32)

    colour, value = mean(guide), mean(values)
    channels = [np.ascontiguousarray(guide[..., i]) for i in range(3)]
    means = [np.ascontiguousarray(colour[..., i]) for i in range(3)]
    covariance = {
        (i, j): mean(channels[i] * channels[j]) - means[i] * means[j]
        for i in range(3)
        for j in range(i, 3)
    }
    for i in range(3):
        covariance[i, i] += np.float32(PLATE_DEPTH.guide_epsilon)
    with_value = [mean(channels[i] * values) - means[i] * value for i in range(3)]
    slope = solved_by_cofactors(covariance.values(), with_value)
    offset = value - sum(slope[i] * means[i] for i in range(3))
    return mean(np.stack(slope, axis=-1)), mean(np.asarray(offset, np.float32))
