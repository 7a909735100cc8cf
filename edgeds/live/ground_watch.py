"""People collected all along a live run; what they measure is taken over in one step.

Collecting and fitting happen in the pool, beside the frames. Knows nothing about views.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future

from edgeds.estimate.estimator import Estimator
from edgeds.estimate.plate_depth_by_people import looked_at
from edgeds.estimate.plate_depth_on_ground import GroundedDepth, grounded, on_points
from edgeds.live.settings import LIVE
from edgeds.live.work_beside import WorkBeside
from edgeds.plate.ground.depth_wanted import DepthWanted
from edgeds.plate.ground.gathering import Gathering
from edgeds.plate.ground.ground_from_people import Ground
from edgeds.plate.ground.settings import GROUND
from edgeds.plate.plate import Plate
from edgeds.types import FloatMap, Frame, Maps, Pixels


class GroundWatch:
    """Watches one plate from its first frame on. Make another for another plate."""

    def __init__(
        self, plate: Plate, wanted: DepthWanted, pool: Executor, on_event: Callable[[str], None]
    ) -> None:
        self._plate, self._wanted, self._pool, self._event = plate, wanted, pool, on_event
        self._beside = WorkBeside(on_event)
        self._people = Gathering(plate.size)
        self._next_secs = 0.0
        self._due = GROUND.least_people
        self._look: Future[object] | None = None
        self._fit: Future[GroundedDepth | str] | None = None
        self._best: float | None = None if plate.ground is None else plate.ground.uncertainty
        self._is_asked = bool(wanted.points)

    def for_plate(self, plate: Plate) -> GroundWatch:
        """Go on with a better plate of the same view: people seen before still count."""
        other = GroundWatch(plate, self._wanted, self._pool, self._event)
        other._people, other._next_secs, other._due = self._people, self._next_secs, self._due
        other._best = self._best
        return other

    def __call__(self, frame: Frame, maps: Maps, estimate: Estimator) -> GroundedDepth | None:
        """Take a frame and its maps. Returns a depth to use from now on, when there is a better."""
        if self._fit is not None:
            if not self._fit.done():
                return None  # it reads what was collected: nobody is added meanwhile
            finished, self._fit = self._fit, None
            failed = "depth: the ground could not be measured; it stays as it is"
            found = self._beside.result(finished, failed)
            return self._better(found) if isinstance(found, GroundedDepth) else None
        if self._look is not None:
            if not self._look.done():
                return None
            looked, self._look = self._look, None
            self._beside.result(looked, "depth: people of a frame were left out")
        # Before the next look: where one is due with every frame, there would be no other moment.
        if self._is_asked or self._people.persons >= self._due:
            self._begin(estimate)
        elif self._wanted.source != "network":
            self._collect(frame, maps)
        return None

    def _collect(self, frame: Frame, maps: Maps) -> None:
        if 0 <= frame.pts_secs < self._next_secs:
            return
        self._next_secs = frame.pts_secs + LIVE.people_secs
        alpha = maps.alpha_at(looked_at(self._plate.size))
        self._look = self._pool.submit(self._people.add, alpha)

    def _begin(self, estimate: Estimator) -> None:
        """Fit again each time a half more people were seen."""
        self._is_asked = False
        self._due = max(self._people.persons * 3 // 2, GROUND.least_people)
        self._fit = self._pool.submit(
            _measured, self._people, self._wanted, self._plate.pixels, estimate.network_depth,
            estimate.grounded,
        )  # fmt: skip

    def _better(self, found: GroundedDepth) -> GroundedDepth | None:
        if self._best is not None and found.scale.uncertainty > LIVE.better_ground * self._best:
            return None
        self._best = found.scale.uncertainty
        ground = found.ground
        self._event(f"depth: {ground.words() if ground is not None else found.scale.words()}")
        return found


def _measured(
    people: Gathering,
    wanted: DepthWanted,
    plate: Pixels,
    depth: FloatMap,
    before: GroundedDepth | None,
) -> GroundedDepth | str:
    ground = people.ground(plate, person_m=wanted.person_m)
    if isinstance(ground, Ground):
        before = grounded(depth, plate, ground, people.sightings)
    elif not wanted.points:
        return ground
    if wanted.points:
        before = on_points(depth, before, wanted.points)
    assert before is not None
    return before
