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
            InputError: a distance cannot be read.
        """
        from edgeds.plate.ground.depth_wanted import DepthWanted

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
        from edgeds.estimate.plate_depth_by_people import looked_at
        from edgeds.sources.scaling import resized

        self.pixels = [resized(pixels, looked_at(self._size)) for pixels in samples]


def measure_depth(
    wanted: DepthWanted, estimate: Estimator, engine: Engine, clip: str, samples: SmallSamples,
    *, stop: Event,
) -> dict[str, Any]:  # fmt: skip
    """Bring the estimator's depth to what was measured, print what was found, return it for JSON.

    Args:
        clip: frames are read from here where `samples` has none.

    Raises:
        PlateError: people are asked for, and too few are seen.
        InputError: a measured point is not in the picture, or points contradict the depth.
        KeyboardInterrupt: `stop` was set.
    """
    from edgeds.errors import PlateError
    from edgeds.estimate.plate_depth_by_people import use_points

    wanted.check(estimate.plate.size)
    kept = estimate.grounded
    why = "asked for" if wanted.source == "network" else ""
    if wanted.source != "network":
        has_ground = kept is not None and kept.ground is not None
        if not has_ground or wanted.person_m != GROUND.person_m:
            why = _by_people(wanted, estimate, engine, clip, samples, stop)
    if why and wanted.source == "people":
        raise PlateError(
            "people do not tell the depth",
            why=why,
            fix="give a longer clip, or --depth-from auto, which takes the network's depth then",
        )
    if wanted.points:
        use_points(estimate, wanted.points)
    return _said(estimate, why)


def _by_people(
    wanted: DepthWanted, estimate: Estimator, engine: Engine, clip: str, samples: SmallSamples,
    stop: Event,
) -> str:  # fmt: skip
    """Returns why it was in vain; "" is success."""
    from concurrent.futures import CancelledError

    from edgeds.estimate.plate_depth_by_people import people_in, use_people
    from edgeds.sources.sampling import spread_frames

    with progress() as bar:
        task = bar.add_task("people in the clip", total=None)
        try:
            if not samples.pixels:
                frames = spread_frames(
                    clip, GROUND.frames, memory_bytes=GROUND.memory_bytes, cancelled=stop.is_set
                )
                samples([frame.pixels for frame in frames])
            bar.update(task, total=len(samples.pixels))
            people = people_in(
                samples.pixels, engine, estimate.plate,
                cancelled=stop.is_set, on_frame=lambda: bar.advance(task),
            )  # fmt: skip
            looked_at = bar.tasks[0].completed
            bar.update(task, total=looked_at)  # enough people may be seen before the last frame
        except CancelledError:
            raise KeyboardInterrupt from None
        ground = use_people(estimate, people, person_m=wanted.person_m)
    return ground if isinstance(ground, str) else ""


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
