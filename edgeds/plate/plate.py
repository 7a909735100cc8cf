"""The plate: the picture of the empty background, with what is known of it.

Knows nothing about networks, nor how a plate is made: `open_plate`, `capture` and
`estimated_from_clip` do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, get_args

import numpy as np

from edgeds.errors import PlateError
from edgeds.plate.ground.ground_from_people import Ground, resized_ground
from edgeds.plate.ground.metric_scale import MetricScale, resized_scale
from edgeds.plate.robust_fit import median
from edgeds.sources.argument_checks import check_argument
from edgeds.sources.scaling import resized
from edgeds.types import Box, FloatMap, Pixels, Size, described, is_rgb
from edgeds.types.maps import resized_map as resized_map

Origin: TypeAlias = Literal["file", "clip", "capture"]


@dataclass(frozen=True, slots=True, eq=False)
class Plate:
    """The scene without foreground."""

    pixels: Pixels
    """uint8 RGB, shape (H, W, 3)."""
    origin: Origin = "file"
    """How its pixels came to be: somebody's picture, estimated from a clip, captured."""
    samples: int | None = None
    """How many frames it was made from, where that is known."""
    doubtful: float | None = None
    """From a clip: share of the picture where `doubt` is more than slight."""
    doubt: FloatMap | None = None
    """From a clip: how far something else may be the background, 0..1, float32 (H, W); None where
    nothing is in doubt. The plate is trusted less there.
    """
    noise: FloatMap | None = None
    """Sigma of one frame's noise in levels of 255, float32 (H, W); None for an image."""
    depth: FloatMap | None = None
    """Its inverse depth, float32 (H, W), in the units of `scale`, where an earlier run kept it."""
    scale: MetricScale | None = None
    """What turns that into metres."""
    ground: Ground | None = None
    """The ground that people measured, where they did."""
    network_depth: FloatMap | None = None
    """Inverse depth as a depth network gave it, float32 (H, W), where an earlier run kept it."""
    depth_network: str = ""
    """Which network that was; "" where there was none."""
    camera: Mapping[str, float] = field(default_factory=dict)
    """What the camera was locked at, in its own units: "exposure", "white balance", "focus"."""
    taken: str = ""
    """When, as ISO 8601 in UTC, where that is known."""
    enlarged_from: Size | None = None
    """Its own size, where it was enlarged to that of a clip."""

    def __post_init__(self) -> None:
        """
        Raises:
            PlateError: the pixels are not uint8 RGB, or there is no such origin.
        """
        if not is_rgb(self.pixels):
            raise PlateError(
                f"the plate's pixels are {described(self.pixels)}",
                why="a plate is uint8 RGB of the shape (height, width, 3), with values 0 to 255",
                fix="convert it, or read a picture: edgeds.plate_from_file(path)",
            )
        origins = get_args(Origin)
        check_argument(
            self.origin, self.origin in origins, name="the plate's origin",
            wanted=f"one of {', '.join(origins)}", fix='leave it out: a picture is a "file"',
            error=PlateError,
        )  # fmt: skip

    @property
    def size(self) -> Size:
        """(height, width) in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]

    @property
    def noise_levels(self) -> float | None:
        """The noise of a typical pixel, where it is known."""
        # Of a sixteenth of them: at 4K the median of all takes a third of a second.
        return None if self.noise is None else median(self.noise[::4, ::4])

    def noise_at(self, size: Size) -> float:
        """The noise of a typical pixel of frames made smaller; 0 where it is not known."""
        return (self.noise_levels or 0.0) / _averaged(self.size, size)


def noise_of(plate: Plate, size: Size, box: Box | None = None) -> FloatMap | None:
    """How much each pixel of the plate, or of a part of it, varies from frame to frame, at a size;
    None if it is not known, as of an image.
    """
    if plate.noise is None:
        return None
    return resized_map(plate.noise if box is None else plate.noise[box.of], size)


def _averaged(before: Size, after: Size) -> float:
    """What a pixel's noise is divided by in frames made smaller: the root of the number of
    neighbours that are independent. Codecs and demosaicing leave one in every column, not in every
    pixel.
    """
    return float(max(1.0, before[1] / after[1]) ** 0.5)


def check_plate(plate: object) -> None:
    """
    Raises:
        PlateError: it is something else, such as a bare array.
    """
    check_argument(
        plate, isinstance(plate, Plate), name="the plate", wanted="an edgeds.Plate",
        fix="read one: plate_from_file(path); or wrap an array of uint8 RGB: Plate(pixels)",
        error=PlateError,
    )  # fmt: skip


def _is_size(size: object) -> bool:
    if not isinstance(size, tuple | list) or len(size) != 2:
        return False
    return all(isinstance(side, int | np.integer) and side > 0 for side in size)


def plate_at_size(plate: Plate, size: Size) -> Plate:
    """The plate at a clip's size.

    Raises:
        PlateError: the plate has another aspect ratio, so it cannot be the same view; or one of
            them is something else.
    """
    check_plate(plate)
    check_argument(
        size, _is_size(size), name="the size", wanted="(height, width) in pixels, over 0",
        fix="give that of the frames: source.info.size", error=PlateError,
    )  # fmt: skip
    if plate.size == size:
        return plate
    (height, width), (to_height, to_width) = plate.size, size
    # One pixel of rounding on either side is still the same view.
    if abs(height * to_width - width * to_height) > max(to_width, to_height, width, height):
        raise PlateError(
            f"the plate is {width}x{height} and the frames are {to_width}x{to_height}",
            why="their aspect ratios differ, so the plate is not the same view",
            fix="capture the plate with the camera's own settings, or let edgeds make one",
        )
    noise, doubt, depth, network_depth = (
        None if m is None else resized_map(m, size)
        for m in (plate.noise, plate.doubt, plate.depth, plate.network_depth)
    )
    is_larger = size[0] > height and size[1] > width
    return replace(
        plate,
        pixels=resized(plate.pixels, size),
        enlarged_from=(plate.enlarged_from or plate.size) if is_larger else None,
        doubt=doubt,
        noise=None if noise is None else noise / _averaged(plate.size, size),
        depth=depth,
        network_depth=network_depth,
        scale=None if plate.scale is None else resized_scale(plate.scale, size[1] / plate.size[1]),
        ground=None if plate.ground is None else resized_ground(plate.ground, size),
    )
