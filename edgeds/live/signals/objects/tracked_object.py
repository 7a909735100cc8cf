"""A tracked object as other programs get it: in pixels of the frame, seconds and metres.

Knows nothing about how it was found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import cv2
import numpy as np

from edgeds.live.signals.objects.track import Track
from edgeds.plate.ground.metric_scale import MetricScale, metres_of
from edgeds.types import Size

Point: TypeAlias = tuple[float, float]
"""(x, y) in pixels of the frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedObject:
    """Something that was not in the plate, at one moment: a person, a cat, a bag."""

    id: int
    """From 1, in the order of appearance. An id is never used twice in a run."""
    body: int = field(compare=False)
    """A number that stays as long as it moves without a jump. Where two ids were the wrong way
    round and are exchanged, the bodies stay: rules remember by body who is where."""
    box: tuple[float, float, float, float]
    """(left, top, width, height), inside the frame."""
    outline: tuple[Point, ...]
    """Polygon around its largest part."""
    area_px: float
    """Pixels of its mask."""
    foot: Point
    """Where it meets the ground, as far as a picture shows: below its middle, on its lower edge."""
    born_foot: Point
    """The foot when it was first seen."""
    inverse_depth: float
    """Median of its pixels: relative, larger is nearer."""
    metres: float | None = None
    """Along the optical axis; None where the plate has no scale, or beyond the horizon."""
    metres_sigma: float | None = None
    """Standard deviation of `metres`."""
    velocity_px: Point = (0.0, 0.0)
    """Pixels per second, to the right and down."""
    age_secs: float = 0.0
    """Since it was first seen."""
    still_secs: float = 0.0
    """For how long it has stayed in its place."""
    motionless_secs: float = 0.0
    """For how long its pixels have not changed: a bag is motionless, a sitting person is not."""
    is_hidden: bool = False
    """Not seen in this frame: place and shape are predicted."""

    @property
    def speed_px(self) -> float:
        """Pixels per second."""
        return math.hypot(*self.velocity_px)

    def as_json(self) -> dict[str, Any]:
        """As events, `/api/state` and MQTT have it; see docs/signals.schema.json."""
        return {
            "id": self.id,
            "box": [round(value, 1) for value in self.box],
            "outline": [[round(x, 1), round(y, 1)] for x, y in self.outline],
            "area_px": round(self.area_px),
            "foot": [round(value, 1) for value in self.foot],
            "inverse_depth": round(self.inverse_depth, 4),
            "metres": None if self.metres is None else round(self.metres, 2),
            "metres_sigma": None if self.metres_sigma is None else round(self.metres_sigma, 2),
            "velocity_px": [round(value, 1) for value in self.velocity_px],
            "speed_px": round(self.speed_px, 1),
            "age_secs": round(self.age_secs, 2),
            "still_secs": round(self.still_secs, 2),
            "motionless_secs": round(self.motionless_secs, 2),
            "hidden": self.is_hidden,
        }


def object_from_track(
    track: Track, secs: float, *, small: Size, size: Size, scale: MetricScale | None
) -> TrackedObject:
    """The object of a track at a time.

    Args:
        small: (height, width) of the picture that the track was found in.
        size: (height, width) of the frame.
        scale: of the plate; None leaves metres out.
    """
    down, across = size[0] / small[0], size[1] / small[1]
    metres = None if scale is None else float(metres_of(track.inverse_depth, scale))
    if metres is not None and not math.isfinite(metres):
        metres = None

    def enlarged(point: Point) -> Point:
        return point[0] * across, point[1] * down

    # A walker who just left the picture is predicted beside it: an empty box at the border.
    left, right = (
        min(max(0, side), small[1]) * across for side in (track.left, track.left + track.width)
    )
    top, bottom = (
        min(max(0, side), small[0]) * down for side in (track.top, track.top + track.height)
    )
    return TrackedObject(
        id=track.id,
        body=track.body,
        box=(left, top, right - left, bottom - top),
        outline=tuple(enlarged(point) for point in _outline(track)),
        area_px=track.area * across * down,
        foot=enlarged(track.foot),
        born_foot=enlarged(track.born_foot),
        inverse_depth=track.inverse_depth,
        metres=metres,
        metres_sigma=None if metres is None or scale is None else metres * scale.uncertainty,
        velocity_px=enlarged((track.vx, track.vy)),
        age_secs=secs - track.born_secs,
        still_secs=secs - track.still_since,
        motionless_secs=secs - track.motionless_since,
        is_hidden=not track.is_seen,
    )


def _outline(track: Track) -> list[Point]:
    """The polygon around the largest part of its shape, within a pixel."""
    found, _ = cv2.findContours(
        track.shape.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    if not found:
        return []
    polygon = cv2.approxPolyDP(max(found, key=cv2.contourArea), 1.0, closed=True)[:, 0]
    # Contours run through the middles of pixels.
    return [(float(x) + track.left + 0.5, float(y) + track.top + 0.5) for x, y in polygon]
