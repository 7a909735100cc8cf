"""Accepts the ground that people measured, or says why not. Knows no pictures and no networks.

It accepts a fit only if enough people of one height agree, at enough places, near and far.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edgeds.errors import counted
from edgeds.plate.ground.camera_from_people import Fitted, People, fit_view
from edgeds.plate.ground.geometry import Floats, GroundView
from edgeds.plate.ground.settings import GROUND
from edgeds.plate.ground.straight_edges import NO_LINES, Lines
from edgeds.types import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A camera's view of the ground, and what it was measured by."""

    view: GroundView
    """Lengths in heights of a mean person."""
    people: int
    """How many observations agree with it."""
    seen: int
    """How many observations there are."""
    places: int
    """Cells of the picture, of `GROUND.grid` a side, in which those who agree stood."""
    at_once: int
    """Most of them in one frame: so many are different people for sure."""
    scatter: float
    """Relative deviation of their heights."""
    person_m: float = GROUND.person_m
    """Height of a mean person."""
    uncertainty: float
    """Relative standard deviation of metres at their feet."""
    shape: float = 0.0
    """Relative standard deviation of one place beside another: what is left once a distance is
    measured."""

    def __str__(self) -> str:
        return self.words()

    def words(self) -> str:
        """A sentence for people: what the ground is, and its uncertainty."""
        metres, degrees = self.view.camera_height * self.person_m, np.degrees(self.view.pitch)
        towards = "down" if degrees >= 0 else "up"
        return (
            f"ground measured by people ({self.people} of {self.seen} sightings agree, at "
            f"{self.places} places): the camera is {metres:.1f} m up and looks "
            f"{abs(degrees):.0f} degrees {towards}; metres to within {self.uncertainty:.0%}"
        )

    def as_json(self) -> dict[str, Any]:
        """Plain numbers, for a report and for the plate file; `ground_from_json` reads them."""
        view = self.view
        return {
            "size": list(view.size),
            "focal_px": round(view.focal_px, 2),
            "pitch_degrees": round(float(np.degrees(view.pitch)), 3),
            "roll_degrees": round(float(np.degrees(view.roll)), 3),
            "camera_m": round(view.camera_height * self.person_m, 4),
            "person_m": round(self.person_m, 4),
            "people": self.people,
            "seen": self.seen,
            "places": self.places,
            "at_once": self.at_once,
            "scatter": round(self.scatter, 4),
            "uncertainty": round(self.uncertainty, 4),
            "shape": round(self.shape, 4),
        }


def ground_from_json(numbers: dict[str, Any]) -> Ground:
    """
    Raises:
        KeyError, TypeError, ValueError: it is not what `as_json` makes.
    """
    height, width = (int(side) for side in numbers["size"])
    person_m = float(numbers["person_m"])
    view = GroundView(
        size=(height, width),
        focal_px=float(numbers["focal_px"]),
        pitch=float(np.radians(float(numbers["pitch_degrees"]))),
        roll=float(np.radians(float(numbers["roll_degrees"]))),
        camera_height=float(numbers["camera_m"]) / person_m,
    )
    shown = np.array((view.focal_px, view.pitch, view.roll, view.camera_height, person_m))
    if not np.isfinite(shown).all() or view.focal_px <= 0 or view.camera_height <= 0:
        raise ValueError(f"its ground is {numbers}")
    return Ground(
        view=view,
        person_m=person_m,
        people=int(numbers["people"]),
        seen=int(numbers["seen"]),
        places=int(numbers["places"]),
        at_once=int(numbers["at_once"]),
        scatter=float(numbers["scatter"]),
        uncertainty=float(numbers["uncertainty"]),
        shape=float(numbers["shape"]),
    )


def resized_ground(ground: Ground, size: Size) -> Ground:
    """The ground in a picture of another (height, width) of the same view."""
    view = ground.view
    focal_px = view.focal_px * size[1] / view.size[1]
    return replace(ground, view=replace(view, size=size, focal_px=focal_px))


def measured_ground(
    people: People,
    size: Size,
    lines: Lines = NO_LINES,
    *,
    at_once: int = 1,
    person_m: float = GROUND.person_m,
) -> Ground | str:
    """The ground, or the reason in words why no fit is accepted.

    Args:
        people: sightings, in px of a picture of `size`.
        at_once: most of them in one frame.
    """
    if len(people) < GROUND.least_people:
        return (
            f"{counted(len(people), 'sighting')} of an upright person who is whole in view; "
            f"{GROUND.least_people} are needed"
        )
    fitted = fit_view(people, size, lines)
    count = int(fitted.agree.sum())
    share = GROUND.share_of_many if count >= GROUND.many else GROUND.least_share
    if count < max(GROUND.least_people, share * len(people)):
        return f"only {count} of {counted(len(people), 'sighting')} of a person agree on one ground"
    return _judged(fitted, people, count, at_once=at_once, person_m=person_m)


def _judged(
    fitted: Fitted, people: People, count: int, *, at_once: int, person_m: float
) -> Ground | str:
    view = fitted.view
    lowest = people.lowest[fitted.agree]
    near = view.inverse_depth(lowest[:, 0], lowest[:, 1])
    places = _places(lowest, view.size)
    ratio = float(np.divide(*np.percentile(near, (90, 10))))
    if places < GROUND.least_places or ratio < GROUND.least_ratio:
        return (
            f"the people stood at {places} places, the nearest {ratio:.1f} times as near as the "
            f"farthest; {GROUND.least_places} places and {GROUND.least_ratio} times are needed"
        )
    if fitted.scatter > GROUND.most_scatter:
        return f"the heights of those who passed differ by {fitted.scatter:.0%}: not adults alone"
    camera_m = view.camera_height * person_m
    if not GROUND.camera_m[0] < camera_m < GROUND.camera_m[1]:
        return f"the camera would be {camera_m:.1f} m over the ground"
    common, shape = _deviations(fitted, lowest)
    if shape > GROUND.most_shape_sigma:
        return f"the people leave the slope of the ground open ({shape:.0%})"
    of_people = GROUND.person_sigma / np.sqrt(max(1, at_once))
    return Ground(
        view=view,
        people=count,
        seen=len(people),
        places=places,
        at_once=at_once,
        scatter=fitted.scatter,
        person_m=person_m,
        uncertainty=float(np.hypot(common, of_people)),
        shape=shape,
    )


def _places(at: Floats, size: Size) -> int:
    cells = np.floor(at / np.array((size[1], size[0])) * GROUND.grid)
    return len(np.unique(cells, axis=0))


def _deviations(fitted: Fitted, at: Floats) -> tuple[float, float]:
    """Standard deviations of the logarithm of depth at pixels: of all together, and of one beside
    another."""
    view, step = fitted.view, 1e-4
    base = np.log(view.inverse_depth(at[:, 0], at[:, 1]))
    moved = (
        replace(view, focal_px=view.focal_px * np.exp(step)),
        replace(view, pitch=view.pitch + step),
        replace(view, roll=view.roll + step),
        replace(view, camera_height=view.camera_height * np.exp(step)),
    )
    slopes = np.stack(
        [(np.log(other.inverse_depth(at[:, 0], at[:, 1])) - base) / step for other in moved], 1
    )
    total = np.einsum("ni,ij,nj->n", slopes, fitted.covariance, slopes)
    relative = slopes - slopes.mean(0)
    shape = np.einsum("ni,ij,nj->n", relative, fitted.covariance, relative)
    return float(np.sqrt(np.median(total))), float(np.sqrt(shape.mean()))
