"""How well people in a real clip are found and kept apart, beside points marked by hand.

The clip is watched as `edgeds video --events` watches it: a plate from the clip, every frame, the
objects of `edgeds.live.signals`. Points are feet of people in some of the frames.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer

from edgeds.live.signals.objects.tracked_object import TrackedObject
from edgeds.types import Engine, Pixels

_REACH = 0.5
"""An object is a person's if their middles are no farther apart than this share of the height."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person in one frame."""

    name: str
    x: float
    y: float
    """Row of the foot, in pixels of the frame."""
    height: float
    is_judged: bool
    """False where hardly anything of the person is seen: neither a miss nor a find."""


@dataclass(slots=True)
class Score:
    """Counts over the frames that were compared."""

    step_secs: float
    """Between two frames that are compared."""
    judged: int = 0
    found: int = 0
    false: int = 0
    switches: int = 0
    """How often a person's object has another id than the last object of that person."""
    swapped: list[str] = field(default_factory=list)
    """Each switch: frame, person, ids."""
    _id_of: dict[str, int] = field(default_factory=dict)

    def compare(
        self, frame: int, people: Sequence[Person], objects: Sequence[TrackedObject]
    ) -> None:
        """Add one frame. Objects out of sight are not counted: their place is a guess."""
        seen = [thing for thing in objects if not thing.is_hidden]
        pairs = matched(people, seen, self._id_of)
        for person, thing in pairs:
            if not person.is_judged:
                continue
            before = self._id_of.get(person.name)
            if before is not None and before != thing.id:
                self.switches += 1
                self.swapped.append(f"frame {frame}: {person.name} {before} -> {thing.id}")
            self._id_of[person.name] = thing.id
        self.judged += sum(person.is_judged for person in people)
        self.found += sum(person.is_judged for person, _ in pairs)
        self.false += len(seen) - len(pairs)

    def as_json(self) -> dict[str, Any]:
        person_secs = self.judged * self.step_secs
        return {
            "people": self.judged,
            "recall": round(self.found / max(1, self.judged), 4),
            "precision": round(self.found / max(1, self.found + self.false), 4),
            "false": self.false,
            "person_secs": round(person_secs, 1),
            "switches": self.switches,
            "switches_per_100_person_secs": round(100 * self.switches / max(1e-9, person_secs), 2),
        }


def matched(
    people: Sequence[Person], objects: Sequence[TrackedObject], ids: dict[str, int]
) -> list[tuple[Person, TrackedObject]]:
    """Pairs of a person and an object, nearest first; each is in one pair at most.

    A person keeps its last object (`ids`) while that is near enough (as in CLEAR MOT, Bernardin
    2008).
    """
    ways = sorted(
        (
            (ids.get(person.name) != thing.id, apart, number, index)
            for number, person in enumerate(people)
            for index, thing in enumerate(objects)
            if (apart := _apart(person, thing)) <= _REACH
        ),
    )
    pairs: list[tuple[Person, TrackedObject]] = []
    taken: set[int] = set()
    given: set[int] = set()
    for _, _, number, index in ways:
        if number not in given and index not in taken:
            given.add(number)
            taken.add(index)
            pairs.append((people[number], objects[index]))
    return pairs


def _apart(person: Person, thing: TrackedObject) -> float:
    """Between the middles, as a share of the person's height."""
    left, top, width, height = thing.box
    across = left + width / 2 - person.x
    along = top + height / 2 - (person.y - person.height / 2)
    distance: float = (across**2 + along**2) ** 0.5
    return distance / person.height


def people_from_file(path: Path) -> tuple[dict[int, list[Person]], float]:
    """({frame: people}, frames a second)."""
    marked = json.loads(path.read_text())
    frames: dict[int, list[Person]] = {}
    for name, rows in marked["people"].items():
        for frame, x, y, height, is_judged in rows:
            frames.setdefault(frame, []).append(Person(name, x, y, height, bool(is_judged)))
    return frames, float(marked["rate"])


def objects_of_clip(clip: str, engine: Engine) -> Iterator[tuple[int, list[TrackedObject]]]:
    """The objects of each frame, by its number."""
    from edgeds.engine.plate_depth_engine import open_plate_depth
    from edgeds.estimate.estimator import Estimator
    from edgeds.estimate.maintained_estimator import MaintainedEstimator
    from edgeds.estimate.plate_depth_by_people import looked_at, people_in, use_people
    from edgeds.live.signals.objects.find_objects import ObjectFinder
    from edgeds.plate.open_plate import open_plate
    from edgeds.sources import open_source
    from edgeds.sources.scaling import resized

    samples: list[Pixels] = []
    with open_source(clip) as frames:
        small = looked_at(frames.info.size)
        plate = open_plate(
            None,
            clip,
            frames.info.size,
            on_samples=lambda found: samples.extend(resized(pixels, small) for pixels in found),
        )
        fixed = Estimator(engine, plate, depth_network=open_plate_depth(None, device="cpu"))
        use_people(fixed, people_in(samples, engine, plate))
        estimate, find = MaintainedEstimator(fixed), ObjectFinder()
        for number, frame in enumerate(frames):
            yield number, find(frame, estimate(frame), frame.pts_secs, estimate.scale)


def score(
    watched: Iterable[tuple[int, list[TrackedObject]]],
    people: dict[int, list[Person]],
    rate: float,
) -> Score:
    """Compare the frames in which people are marked."""
    numbers = sorted(people)
    every = min((b - a for a, b in pairwise(numbers)), default=1)
    result = Score(every / rate)
    for number, objects in watched:
        if number in people or (number % every == 0 and number <= numbers[-1]):
            result.compare(number, people.get(number, []), objects)
    return result


def watch(
    clip: Annotated[str, typer.Argument(help="a clip, such as people_walking.avi")],
    points: Annotated[
        Path, typer.Argument(help="feet of people, such as tests/data/people_walking_points.json")
    ],
    engine: Annotated[str | None, typer.Option(help="default: the shipped one")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Measure how well people in a clip are found and keep their ids, beside marked points."""
    import cv2

    from edgeds.engine import open_engine
    from edgeds.sources import open_source

    cv2.setNumThreads(1)
    open_source(clip).close()  # a wrong name is found before the engine opens
    people, rate = people_from_file(points)
    with open_engine(engine, device="cpu") as network:
        result = score(objects_of_clip(clip, network), people, rate)
    if not as_json:
        for line in result.swapped:
            typer.echo(line, err=True)
    typer.echo(json.dumps(result.as_json(), indent=None if as_json else 1))
