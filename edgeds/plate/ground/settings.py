"""Settings of the ground that people measure, decided once. Shares are of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

DepthFrom: TypeAlias = Literal["auto", "people", "network"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blobs:
    """Which parts of an alpha count as an upright person, whole in view."""

    alpha: float = 0.5
    """Above this alpha, a pixel belongs to a blob."""
    least_height: float = 0.05
    """Share of the picture's height. Smaller blobs are measured too coarsely."""
    least_px: int = 14
    """Least height in pixels of the alpha."""
    margin: float = 0.012
    """Share of the picture. Nearer to its border than this, a blob may be cut."""
    slender: tuple[float, float] = (1.6, 5.5)
    """Least and greatest ratio of length along its axis to width."""
    fill: tuple[float, float] = (0.42, 0.88)
    """Least and greatest share that it fills of its box along its axis."""
    head: float = 0.78
    """Greatest ratio of the width of its top eighth to its full width: vehicles have flat tops."""
    most_lean: float = 0.6
    """Radians from the picture's vertical, while the camera is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundFitting:
    """How the ground's plane is fitted, and when the fit is accepted."""

    rounds: int = 300
    """Number of pairs of people to try."""
    tolerance: float = 0.16
    """Largest difference of logarithms of height at which a person agrees with a pair."""
    agrees: float = 0.22
    """As `tolerance`, for the refined fit. Adults deviate by 5.5 % from their mean, poses by more.
    """
    height_sigma: float = 0.07
    """Deviation of an adult's height in any walking pose, measured by a mask."""
    lean_sigma: float = 0.06
    """Deviation of a walking body's axis, radians."""
    edge_px: float = 1.0
    """Error of a blob's end, in pixels of the alpha it is read from."""
    field_degrees: float = 66.0
    """Field of view of an unknown camera, across its longer side."""
    focal_sigma: float = 0.32
    """Deviation of the logarithm of an unknown camera's focal length."""
    roll_sigma: float = 0.035
    """Deviation of the roll, radians: cameras are mounted level."""
    line_sigma: float = 0.03
    """Deviation of a straight edge of the plate, radians: lenses bend edges."""
    foot_m: float = 0.10
    """Distance from a person's lowest pixel on the ground to the middle of the feet, behind it."""
    head_m: float = 0.11
    """Radius of a head."""
    least_people: int = 8
    """Least number of observations that agree."""
    least_share: float = 0.72
    """Least share of observations that agree."""
    frames: int = 32
    """Frames to look at in a clip whose plate comes from elsewhere."""
    memory_bytes: int = 600_000_000
    """Limit for these frames. A clip with larger frames gets fewer, so that 4K fits."""
    adults_m: tuple[float, float] = (1.3, 2.1)
    """Plausible mean heights. Outside, the measured distance is in doubt."""
    width_px: int = 640
    """Width at which frames are searched for people; it locates their ends to a hundredth."""
    many: int = 30
    share_of_many: float = 0.5
    """Least share if at least `many` observations agree."""
    least_places: int = 6
    """Least number of cells, of a grid of `grid` cells per side, in which they stood."""
    grid: int = 8
    one_place: float = 0.5
    """Sightings whose feet are nearer to each other than this share of their height say the same.
    Of 180 simulated clips of 3 to 30 s, 71 % are within the uncertainty then, 97 % within twice; if
    all count alike, 55 % and 78 %. Quarter the distance: 64 and 94 %; twice: 83 and 99 %.
    """
    least_ratio: float = 1.3
    """Least ratio of nearness, nearest to farthest (without the tenth at either end)."""
    most_scatter: float = 0.11
    """Largest robust deviation of the logarithms of height of those who agree."""
    most_shape_sigma: float = 0.12
    """Largest deviation of the logarithm of depth at their feet, beside one another: the slope is
    known."""
    camera_m: tuple[float, float] = (0.4, 40.0)
    """Height of the camera over the ground."""
    hidden: tuple[float, float] = (0.25, 0.78)
    """Heights, as they seem, of people whose feet are hidden."""
    least_hidden: int = 3
    """So many vanished there: one may be a child."""
    least_over_head: float = 0.2
    """Heights between camera and head under which a head does not show how far it is."""
    loose: float = 1.05
    """The plate may be so much nearer than people who walked before it: bodies are not flat."""
    enough: int = 80
    """Sightings after which a clip is searched no further."""
    most_kept: int = 800
    """Blobs that are kept of a stream: more say nothing new."""
    person_sigma: float = 0.055
    """Relative deviation of adults' heights from their mean."""
    person_m: float = 1.70


BLOBS = Blobs()
GROUND = GroundFitting()
