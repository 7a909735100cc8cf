"""How right objects and rules are where the truth is known. Each command prints one JSON object.

    python -m tests.signals.bars lines            200 crossings of a line, four at a time
    python -m tests.signals.bars layers           pairs who overlap at two depths
    python -m tests.signals.bars groups           people in dark clothes who stand together and part
    python -m tests.signals.bars standing ROOMS ...    things left behind or removed, empty rooms

ROOMS are folders with a manifest.jsonl, and scenes of validation whose names end in 7: one folder
after the other until there are 40 cases.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edgeds.live.signals.objects.find_objects import ObjectFinder
from edgeds.live.signals.objects.tracked_object import TrackedObject
from edgeds.live.signals.rules.kinds import LeftBehind, Line, ObjectReports, Removed, Rules
from edgeds.live.signals.rules.zones_lines_distances import LineWatch
from edgeds.live.signals.signals import Signals
from edgeds.types import Engine, Frame, Pixels
from train.measure.watch import Score

from .groups import KINDS, group_of
from .scene import SIZE, Figure, Scene
from .walkers import walkers

CASES = 40
DOOR = Line(name="door", start=(0.5, 0.0), end=(0.5, 1.0), to_left="in", to_right="out")
_RATE = 4
_AFTER_SECS = 1.5
_FRAMES = 12
_NOISE = 1.5
"""Levels of 255: a lit room's sensor."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lines")
    commands.add_parser("layers")
    commands.add_parser("groups")
    standing = commands.add_parser("standing")
    standing.add_argument("rooms", type=Path, nargs="+")
    wanted = parser.parse_args()
    cv2.setNumThreads(1)
    if wanted.command == "standing":
        result = standing_things(wanted.rooms)
    else:
        result = {"lines": crossings, "layers": layers, "groups": groups}[wanted.command]()
    print(json.dumps(result))


def crossings(seeds: int = 50) -> dict[str, Any]:
    total = wrong = 0
    for seed in range(seeds):
        figures, right, left = walkers(seed)
        signals = Signals(Rules(lines=(DOOR,)), SIZE, source="drawn")
        for frame, maps in Scene(figures, secs=7, seed=seed):
            seen = signals(frame, maps)
        counts = seen.watched["lines"]["door"]
        # Who looks down along the line has the picture's right side to the left.
        wrong += abs(counts["in"] - right) + abs(counts["out"] - left)
        total += right + left
    return {"crossings": total, "right": total - wrong, "share": 1 - wrong / total}


def layers(seeds: int = 100) -> dict[str, Any]:
    """Two who walk through each other's place in the picture, 12 % apart in depth or more.

    While they overlap they must be two objects at their two depths, and keep their ids.
    """
    overlapping = two = 0
    kept = pairs = 0
    for seed in range(seeds):
        near, far = _pair(seed)
        find, ids = ObjectFinder(), {}
        scene = Scene([near, far], secs=4.5, seed=seed)
        for frame, maps in scene:
            things = find(frame, maps, frame.pts_secs)
            pair = [_at_depth(things, figure.inverse_depth) for figure in (near, far)]
            apart = abs(near.foot(frame.pts_secs)[0] - far.foot(frame.pts_secs)[0])
            if apart < 0.25 * near.height:
                overlapping += 1
                two += None not in pair and len(things) == 2
            for name, thing in zip("nf", pair, strict=True):
                if thing is not None:
                    ids.setdefault(name, set()).add(thing)
        pairs += 1
        kept += all(len(found) == 1 for found in ids.values()) and len(ids) == 2
    return {
        "pairs": pairs,
        "frames that overlap": overlapping,
        "two objects at their depths": round(two / overlapping, 4),
        "pairs that kept both ids": kept,
    }


def groups(seeds: Iterable[int] = range(80)) -> dict[str, Any]:
    """People found and kept apart while they stand together and part, as `train watch` counts.

    They cross a line in the middle, where most of them meet, too.
    """
    total = Counter[str]()
    for seed in seeds:
        find, score = ObjectFinder(), Score(step_secs=0.5)
        counted, truth = LineWatch(DOOR, SIZE), LineWatch(DOOR, SIZE)
        group = group_of(seed)
        for frame, maps, people in group:
            secs = frame.pts_secs
            things = find(frame, maps, secs)
            if frame.index % 5 == 0:
                score.compare(frame.index, people, things)
            list(counted(things, secs))
            list(truth(_who_is_there(group.walkers, secs), secs))
        for way, count in truth.counts.items():
            total["crossings"] += count
            total["missed"] += max(0, count - counted.counts[way])
            total["added"] += max(0, counted.counts[way] - count)
        total["switches"] += score.switches
        total[KINDS[seed % len(KINDS)]] += score.switches
        for name in ("judged", "found", "false"):
            total[name] += getattr(score, name)
    return {
        "recall": round(total["found"] / total["judged"], 4),
        "precision": round(total["found"] / (total["found"] + total["false"]), 4),
        "switches": {name: total[name] for name in KINDS},
        "switches per 100 person-seconds": round(200 * total["switches"] / total["judged"], 2),
        "crossings of a line": {name: total[name] for name in ("crossings", "missed", "added")},
    }


def _who_is_there(walkers: Iterable[Figure], secs: float) -> list[TrackedObject]:
    """The true ones, as a line gets them."""
    things = []
    for number, walker in enumerate(walkers):
        if not walker.is_there(secs):
            continue
        (x, y), tall = walker.foot(secs), walker.height
        things.append(
            TrackedObject(
                id=number, body=number, box=(x - 0.2 * tall, y - tall, 0.4 * tall, tall),
                outline=(), area_px=0.2 * tall**2, foot=(x, y), born_foot=walker.foot(0.0),
                inverse_depth=walker.inverse_depth,
            )
        )  # fmt: skip
    return things


def _pair(seed: int) -> tuple[Figure, Figure]:
    """A near and a far one, on crossing ways."""
    random = np.random.default_rng(10_000 + seed)
    near = float(random.uniform(0.4, 0.75))
    far = near * float(random.uniform(0.4, 0.85))
    way = 1 if random.random() < 0.5 else -1
    figures = []
    for depth, sign in ((near, way), (far, -way)):
        speed = float(random.uniform(35, 55))
        figures.append(
            Figure(
                (SIZE[1] / 2 - sign * speed * 2.25, 30 + 76 * depth),
                (sign * speed, 0),
                20 + 50 * depth,
                depth,
                tuple(int(value) for value in random.integers(0, 255, 3)),
            )
        )
    return figures[0], figures[1]


def _at_depth(things: list[Any], depth: float) -> int | None:
    fitting = [thing for thing in things if abs(thing.inverse_depth / depth - 1) < 0.08]
    return fitting[0].id if len(fitting) == 1 else None


def standing_things(folders: list[Path]) -> dict[str, Any]:
    from edgeds.engine import open_engine

    counts: Counter[str] = Counter()
    odd: list[str] = []
    with open_engine(None, device="cpu") as engine:
        for number, (name, plate, frame, alpha) in enumerate(_cases(folders)):
            for kind, shown, empty in (
                ("left_behind", frame, plate),
                ("removed", plate, frame),
                ("empty", plate, plate),
            ):
                found = _reports(engine, empty, shown, seed=number)
                right = [one for one in found if one[0] == kind and _is_at(one[1], alpha)]
                wrong = [one for one in found if one not in right]
                counts[kind] += 1
                counts[f"{kind} found"] += bool(right)
                counts[f"{kind} false"] += bool(wrong)
                if wrong or (kind != "empty" and not right):
                    odd.append(f"{name} {kind}: {[one[0] for one in found]}")
    return {
        "left behind": [counts["left_behind found"], counts["left_behind"]],
        "removed": [counts["removed found"], counts["removed"]],
        "with a wrong report beside": counts["left_behind false"] + counts["removed false"],
        "empty with a report": [counts["empty false"], counts["empty"]],
        "odd": odd,
    }


def _cases(folders: list[Path]) -> Iterator[tuple[str, Pixels, Pixels, Pixels]]:
    """(name, plate, frame with something new, its alpha) of rooms that were not in training."""
    order = [(folder, item) for folder in folders for item in _of_folder(folder)]
    for folder, item in order[:CASES]:
        plate, frame = (
            cv2.cvtColor(cv2.imread(str(folder / item[key])), cv2.COLOR_BGR2RGB)
            for key in ("plate", "frame")
        )
        yield item["frame"], plate, frame, cv2.imread(str(folder / item["alpha"]), 0)


def _of_folder(folder: Path) -> list[dict[str, Any]]:
    """First one of each room, then a second of each, and so on."""
    items = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    wanted = [one for one in items if one["scene"].endswith("7") and one["alpha"] is not None]
    by_scene: dict[str, list[dict[str, Any]]] = {}
    for item in wanted:
        by_scene.setdefault(item["scene"], []).append(item)
    rounds = max((len(of) for of in by_scene.values()), default=0)
    return [of[n] for n in range(rounds) for of in by_scene.values() if n < len(of)]


def _reports(
    engine: Engine, plate: Pixels, shown: Pixels, *, seed: int
) -> list[tuple[str, tuple[float, float, float, float]]]:
    """(kind, box) of all that is found while the camera shows one picture, with noise."""
    from edgeds.estimate.estimator import Estimator
    from edgeds.estimate.maintained_estimator import MaintainedEstimator
    from edgeds.plate.plate import Plate

    estimate = MaintainedEstimator(Estimator(engine, Plate(plate)))
    rules = Rules(
        left_behind=(LeftBehind(name="new", after_secs=_AFTER_SECS),),
        removed=(Removed(name="gone", after_secs=_AFTER_SECS),),
        objects=ObjectReports(events=False),
    )
    signals = Signals(rules, plate.shape[:2], source="room")
    random = np.random.default_rng(seed)
    found = []
    for index in range(_FRAMES):
        noise = random.normal(0, _NOISE, shown.shape)
        pixels = np.clip(shown + noise, 0, 255).astype(np.uint8)
        frame = Frame(pixels, index, index, Fraction(1, _RATE))
        for event in signals(frame, estimate(frame)).events:
            kind, _, end = event.kind.partition(".")
            if end == "found" and event.object is not None:
                found.append((kind, event.object.box))
    return found


def _is_at(box: tuple[float, float, float, float], alpha: Pixels) -> bool:
    """Whether the middle of a box is inside the box of one of the things."""
    x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
    count, _, stats, _ = cv2.connectedComponentsWithStats((alpha > 127).astype(np.uint8))
    return any(
        left <= x <= left + width and top <= y <= top + height
        for left, top, width, height, _ in stats[1:count]
    )


if __name__ == "__main__":
    main()
