"""People collected from alphas, and the ground they measure. Knows no networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgeds.plate.ground.camera_from_people import People
from edgeds.plate.ground.ground_from_people import Ground, measured_ground
from edgeds.plate.ground.person_blobs import Blob, blobs_of
from edgeds.plate.ground.settings import GROUND
from edgeds.plate.ground.straight_edges import NO_LINES, straight_lines
from edgeds.types import FloatMap, Pixels, Size

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A blob of one frame."""

    blob: Blob
    mask: Mask
    """The blob's pixels in its box, bool."""
    of: Size
    """(height, width) of the alpha that the box is in."""


class Gathering:
    """Collects blobs from alphas of one camera; it thins them out to at most `GROUND.most_kept`.

    people = Gathering(plate.size)
    people.add(alpha)               # of some frames
    people.ground(plate.pixels)     # a Ground, or why there is none
    """

    def __init__(self, size: Size) -> None:
        """`size` (height, width) of the plate."""
        self._size = size
        self._frames = 0
        self._stride = 1
        self.sightings: list[Sighting] = []
        self.persons = 0
        """Sightings of upright people so far."""
        self.at_once = 0
        """Most persons in one frame."""

    def add(self, alpha: FloatMap) -> int:
        """Look at the alpha (h, w) of one frame. Returns how many upright people are in it."""
        self._frames += 1
        if self._frames % self._stride:
            return 0
        found = [Sighting(blob, mask, alpha.shape) for blob, mask in blobs_of(alpha, self._size)]
        self.sightings.extend(found)
        if len(self.sightings) > GROUND.most_kept:
            self.sightings, self._stride = self.sightings[::2], 2 * self._stride
        persons = sum(one.blob.is_person for one in found)
        self.persons += persons
        self.at_once = max(self.at_once, persons)
        return persons

    def people(self) -> People:
        """The people who are whole in view."""
        blobs = [one.blob for one in self.sightings if one.blob.is_person]
        return People(
            np.array([blob.lowest for blob in blobs], np.float64).reshape(-1, 2),
            np.array([blob.highest for blob in blobs], np.float64).reshape(-1, 2),
            np.array([blob.edge_px for blob in blobs], np.float64),
        )

    def ground(
        self, plate: Pixels | None = None, *, person_m: float = GROUND.person_m
    ) -> Ground | str:
        """The ground, or the reason in words why it is not known.

        Args:
            plate: uint8 RGB (H, W, 3); its straight edges help.
            person_m: height of a mean person, metres.
        """
        lines = NO_LINES if plate is None else straight_lines(plate)
        return measured_ground(
            self.people(), self._size, lines, at_once=self.at_once, person_m=person_m
        )
