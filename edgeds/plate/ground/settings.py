"""Settings of the ground that people measure, decided once. Shares are of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

DepthFrom: TypeAlias = Literal["auto", "people", "network"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blobs:
    """Which parts of an alpha are taken for an upright person, whole in view."""

    alpha: float = 0.5
    """Over it a pixel belongs to a blob."""
    least_height: float = 0.05
    """Of the picture's height: smaller ones are measured too coarsely."""
    least_px: int = 14
    """Of the alpha it is read from."""
    margin: float = 0.012
    """Nearer to the picture's border than this, a blob may be cut."""
    slender: tuple[float, float] = (1.6, 5.5)
    """Length along its axis over its width, least and most."""
    fill: tuple[float, float] = (0.42, 0.88)
    """Share of its box, along its axis, that it fills."""
    head: float = 0.78
    """Width of its top eighth over its greatest width, at most: vehicles have flat tops."""
    most_lean: float = 0.6
    """Radians from the picture's vertical, where nothing is known of the camera yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundFitting:
    """How the ground's plane is fitted, and when it is believed."""

    rounds: int = 300
    """Pairs of people that are tried."""
    tolerance: float = 0.16
    """Difference of logarithms of height up to which somebody agrees with a pair..."""
    agrees: float = 0.22
    """... and with the refined fit: adults deviate by 5.5 % from their mean, poses by more."""
    height_sigma: float = 0.07
    """Of an adult in any pose of walking, measured by a mask."""
    lean_sigma: float = 0.06
    """Radians, of a walking body's axis."""
    edge_px: float = 1.0
    """Error of a blob's end, in pixels of the alpha it is read from."""
    field_degrees: float = 66.0
    """Of a camera about which nothing is known, across its longer side..."""
    focal_sigma: float = 0.32
    """... and the deviation of the logarithm of its focal length."""
    roll_sigma: float = 0.035
    """Radians: cameras are mounted level."""
    line_sigma: float = 0.03
    """Radians, of a straight edge of the plate: lenses bend them."""
    foot_m: float = 0.10
    """The lowest pixel of a person on the ground is so far before the middle of the feet."""
    head_m: float = 0.11
    """Radius of a head."""
    least_people: int = 8
    """Observations that agree."""
    least_share: float = 0.72
    """Of all observations, those that agree..."""
    frames: int = 32
    """Of a clip, where the plate was not made from it."""
    memory_bytes: int = 600_000_000
    """Larger frames are fewer, so that a 4K clip stays under this."""
    adults_m: tuple[float, float] = (1.3, 2.1)
    """A mean height outside it makes one doubt the distance that it comes from."""
    width_px: int = 640
    """Frames are searched for people at this width: their ends are known to a hundredth."""
    many: int = 30
    share_of_many: float = 0.5
    """... and where at least so many do."""
    least_places: int = 6
    """Cells of a grid of `grid` cells a side in which they stood."""
    grid: int = 8
    least_ratio: float = 1.3
    """Nearest of them over farthest (the tenth on either side left out)."""
    most_scatter: float = 0.11
    """Of the logarithms of height of those who agree: robust deviation."""
    most_shape_sigma: float = 0.12
    """Of the logarithm of depth at their feet, beside one another: the slope is known."""
    camera_m: tuple[float, float] = (0.4, 40.0)
    """Height of the camera over the ground."""
    hidden: tuple[float, float] = (0.25, 0.78)
    """Heights, as they seem, of people whose feet are hidden."""
    least_hidden: int = 3
    """So many vanished there: one may be a child."""
    least_over_head: float = 0.2
    """Heights between camera and head under which a head does not tell how far it is."""
    loose: float = 1.05
    """The plate may be so much nearer than who walked before it: bodies are not flat."""
    enough: int = 80
    """Sightings after which a clip is searched no further."""
    most_kept: int = 800
    """Blobs that are kept of a stream: more say nothing new."""
    person_sigma: float = 0.055
    """Relative deviation of adults' heights from their mean."""
    person_m: float = 1.70


BLOBS = Blobs()
GROUND = GroundFitting()
