"""How far two passes of marking people in the same frames agree.

Each pass was made without a look at the other. A person of whom either pass was unsure counts for
neither side, but is counted where the other pass was sure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from math import dist
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer

from train.measure.watch import Person, people_from_file

_REACH_PX = 25.0
"""Two points farther apart are not of one person."""


def pairs_of(first: Sequence[Person], second: Sequence[Person]) -> list[tuple[int, int]]:
    """Indices of points that belong together: as many as possible, and then as near as possible."""
    near = [
        [(other, apart) for other, b in enumerate(second) if (apart := _apart(a, b)) <= _REACH_PX]
        for a in first
    ]

    @cache
    def best(number: int, taken: frozenset[int]) -> tuple[int, float, tuple[tuple[int, int], ...]]:
        """(points without a partner, sum of distances, pairs) from this point on."""
        if number == len(near):
            return 0, 0.0, ()
        alone, total, pairs = best(number + 1, taken)
        ways = [(alone + 1, total, pairs)]
        for other, apart in near[number]:
            if other not in taken:
                alone, total, pairs = best(number + 1, taken | {other})
                ways.append((alone, total + apart, ((number, other), *pairs)))
        return min(ways)

    return list(best(0, frozenset())[2])


def agreement(
    first: dict[int, list[Person]], second: dict[int, list[Person]]
) -> tuple[dict[str, Any], list[str]]:
    """Counts over the frames of the second pass, and a line for each point of only one pass."""
    apart: list[float] = []
    doubted = 0
    alone: tuple[list[str], list[str]] = ([], [])
    for frame, again in sorted(second.items()):
        before = first.get(frame, [])
        pairs = pairs_of(before, again)
        for a, b in pairs:
            if before[a].is_judged and again[b].is_judged:
                apart.append(_apart(before[a], again[b]))
            doubted += before[a].is_judged != again[b].is_judged
        for side, people in enumerate((before, again)):
            paired = {pair[side] for pair in pairs}
            alone[side].extend(
                f"frame {frame}: only {('first', 'second')[side]} ({person.x:g}, {person.y:g})"
                for number, person in enumerate(people)
                if person.is_judged and number not in paired
            )
    both, only_first, only_second = len(apart), len(alone[0]), len(alone[1])
    return {
        "frames": len(second),
        "both": both,
        "only_first": only_first,
        "only_second": only_second,
        "in_both_but_sure_in_one": doubted,
        "agreement": round(2 * both / max(1, 2 * both + only_first + only_second), 4),
        "median_apart_px": round(median(apart), 1) if apart else None,
    }, alone[0] + alone[1]


def _apart(a: Person, b: Person) -> float:
    return dist((a.x, a.y), (b.x, b.y))


def second_pass_from_file(path: Path) -> dict[int, list[Person]]:
    """{frame: people}; the second pass gave nobody a name or a height."""
    return {
        int(frame): [Person("", x, y, 0, bool(is_sure)) for x, y, is_sure in rows]
        for frame, rows in json.loads(path.read_text())["frames"].items()
    }


def compare_passes(
    first: Annotated[
        Path, typer.Argument(help="feet of people, such as tests/data/people_walking_points.json")
    ],
    second: Annotated[
        Path, typer.Argument(help="such as tests/data/people_walking_second_pass.json")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
) -> None:
    """Compare two passes of marking people in the same frames."""
    figures, alone = agreement(people_from_file(first)[0], second_pass_from_file(second))
    if not as_json:
        for line in alone:
            typer.echo(line, err=True)
    typer.echo(json.dumps(figures, indent=None if as_json else 1))
