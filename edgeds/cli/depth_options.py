"""Where depth comes from: the network, people who walk through, measured distances."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from edgeds.cli.console import progress, say
from edgeds.cli.option_groups import DEPTH
from edgeds.plate.ground.settings import GROUND, DepthFrom

if TYPE_CHECKING:
    from threading import Event

    from edgeds.estimate.estimator import Estimator
    from edgeds.plate.ground.depth_wanted import DepthWanted, MeasuredPoint
    from edgeds.plate.ground.gathering import Gathering
    from edgeds.plate.ground.ground_from_people import Ground
    from edgeds.plate.plate import Plate
    from edgeds.types import Engine, Pixels, Size

_POINT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*,\s*(\d+(?:\.\d+)?)\s*=\s*(\d+(?:\.\d+)?)\s*m?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthOptions:
    """Where depth comes from."""

    heading: ClassVar[str] = DEPTH

    depth_from: Annotated[
        DepthFrom,
        typer.Option(
            help="people: measure the ground in metres from people who walk through. network: use "
            "the network alone. auto: people if there are enough, else the network."
        ),
    ] = "auto"
    person_height: Annotated[
        float,
        typer.Option(
            min=0.5, max=2.5, metavar="M", help="Mean height of people who walk through, in metres."
        ),
    ] = GROUND.person_m
    metric: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X,Y=M",
            help="A measured distance: 640,500=2.4m means that the pixel at column 640, row 500 is "
            "2.4 m from the camera. May be given several times.",
        ),
    ] = None

    def wanted(self) -> DepthWanted:
        """
        Raises:
            InputError: a distance cannot be read, or the height of people changes nothing.
        """
        from edgeds.errors import InputError
        from edgeds.plate.ground.depth_wanted import DepthWanted

        if self.depth_from == "network" and self.person_height != GROUND.person_m:
            raise InputError(
                "--person-height was given with --depth-from network",
                why="nobody looks for people then",
                fix="leave one of them out",
            )
        points = tuple(_point(text) for text in self.metric or ())
        return DepthWanted(self.depth_from, self.person_height, points)


def _point(text: str) -> MeasuredPoint:
    from edgeds.errors import InputError
    from edgeds.plate.ground.depth_wanted import MeasuredPoint

    found = _POINT.fullmatch(text)
    if found is None or float(found[3]) <= 0:
        raise InputError(
            f"cannot read the distance {text!r}",
            why="it is not column,row=metres",
            fix="give a pixel and its distance, such as --metric 640,500=2.4m",
        )
    return MeasuredPoint(*(float(part) for part in found.groups()))


class SmallSamples:
    """Frames of a clip, as small as people are looked for in. Call it with the large ones."""

    def __init__(self, size: Size) -> None:
        """`size` (height, width) of the frames."""
        self._size = size
        self.pixels: list[Pixels] = []

    def __call__(self, samples: Sequence[Pixels]) -> None:
        from concurrent.futures import ThreadPoolExecutor

        from edgeds.estimate.plate_depth_by_people import looked_at
        from edgeds.sources.scaling import resized

        size = looked_at(self._size)
        with ThreadPoolExecutor() as pool:
            self.pixels = list(pool.map(lambda pixels: resized(pixels, size), samples))

    def read(self, wanted: DepthWanted, plate: Plate, clip: str, *, stop: Event) -> None:
        """Read them from the clip, unless they are here or nobody looks for people.

        Raises:
            KeyboardInterrupt: `stop` was set.
        """
        from concurrent.futures import CancelledError

        from edgeds.estimate.plate_depth_by_people import looked_at
        from edgeds.sources.sampling import spread_pixels

        if self.pixels or not _wants_people(wanted, plate):
            return
        try:
            self.pixels = spread_pixels(
                clip, GROUND.frames, size=looked_at(self._size),
                memory_bytes=GROUND.memory_bytes, cancelled=stop.is_set,
            )  # fmt: skip
        except CancelledError:
            raise KeyboardInterrupt from None


def _wants_people(wanted: DepthWanted, plate: Plate) -> bool:
    from edgeds.estimate.kept_depth import kept_depth

    if wanted.source == "network":
        return False
    kept = kept_depth(plate)
    has_ground = kept is not None and kept.ground is not None
    return not has_ground or wanted.person_m != GROUND.person_m


def people_of_clip(
    wanted: DepthWanted, plate: Plate, engine: Engine, samples: SmallSamples, *, stop: Event
) -> tuple[Gathering, Ground | str] | None:
    """Look for people in the clip, with a progress bar: (what was seen of them, the ground that
    they show or the reason for none); None where nobody needs them.

    Raises:
        InputError: a measured point is not in the picture.
        KeyboardInterrupt: `stop` was set.
    """
    from concurrent.futures import CancelledError

    from edgeds.estimate.plate_depth_by_people import people_in

    wanted.check(plate.size)
    if not _wants_people(wanted, plate):
        return None
    with progress() as bar:
        task = bar.add_task("people in the clip", total=len(samples.pixels))
        try:
            people = people_in(
                samples.pixels, engine, plate,
                cancelled=stop.is_set, on_frame=lambda: bar.advance(task),
            )  # fmt: skip
            done = bar.tasks[0].completed
            bar.update(task, total=done)  # enough people may be seen before the last frame
        except CancelledError:
            raise KeyboardInterrupt from None
    return people, people.ground(plate.pixels, person_m=wanted.person_m)


def measure_depth(
    wanted: DepthWanted, estimate: Estimator, people: tuple[Gathering, Ground | str] | None
) -> dict[str, Any]:
    """Bring the estimator's depth to what was measured, print what was found, return it for JSON.

    Raises:
        PlateError: people are asked for, and too few are seen.
        InputError: points contradict the depth.
    """
    from edgeds.errors import PlateError
    from edgeds.estimate.plate_depth_by_people import use_ground, use_points

    why = "asked for" if wanted.source == "network" else ""
    if people is not None:
        use_ground(estimate, *people)
        why = people[1] if isinstance(people[1], str) else ""
    if why and wanted.source == "people":
        raise PlateError(
            "people do not give the depth",
            why=why,
            fix="give a longer clip, or --depth-from auto, which takes the network's depth then",
        )
    if wanted.points:
        use_points(estimate, wanted.points)
    return _said(estimate, why)


def _said(estimate: Estimator, why: str) -> dict[str, Any]:
    """Print what depth is now, and return it for the report."""
    from edgeds.estimate.plate_depth_on_ground import as_report

    found = estimate.grounded
    ground = None if found is None else found.ground
    if ground is not None:
        say(f"depth: {ground.words()}")
    else:
        say(f"depth: from the network{f' ({why})' if why else ''}")
    if found is not None and found.scale.origin == "point":
        say(f"  {found.scale.words()}")
        if ground is not None and not GROUND.adults_m[0] < ground.person_m < GROUND.adults_m[1]:
            say(
                f"  note: the people who walk through would be {ground.person_m:.2f} m tall: check "
                "the measured point"
            )
    return as_report(found) | {"why": why or None}
