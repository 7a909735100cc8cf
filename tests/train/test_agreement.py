"""Two passes of marking the same frames: who is in both, who is in one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from typer.testing import CliRunner

from train.__main__ import app
from train.measure.agreement import agreement, pairs_of
from train.measure.watch import Person

DATA = Path(__file__).parents[1] / "data"
POINTS, SECOND = DATA / "people_walking_points.json", DATA / "people_walking_second_pass.json"


def _at(x: float, y: float = 200) -> Person:
    return Person("", x, y, 80, is_judged=True)


def test_two_points_of_one_person_are_one_pair_and_far_ones_are_not() -> None:
    figures, alone = agreement({0: [_at(100), _at(300)]}, {0: [_at(103, 204), _at(340)]})
    assert (figures["both"], figures["only_first"], figures["only_second"]) == (1, 1, 1)
    assert figures["agreement"] == 0.5
    assert figures["median_apart_px"] == 5
    assert alone == ["frame 0: only first (300, 200)", "frame 0: only second (340, 200)"]


def test_as_many_points_as_possible_have_a_partner() -> None:
    assert pairs_of([_at(100), _at(120)], [_at(118), _at(140)]) == [(0, 0), (1, 1)]
    assert pairs_of([_at(100), _at(110)], [_at(111), _at(101)]) == [(0, 1), (1, 0)], "the nearest"


def test_whoever_one_pass_was_unsure_of_counts_for_neither() -> None:
    unsure = replace(_at(100), is_judged=False)
    figures, alone = agreement({0: [unsure, _at(300)]}, {0: [_at(100), _at(300)]})
    assert (figures["both"], figures["agreement"]) == (1, 1)
    assert figures["in_both_but_sure_in_one"] == 1
    assert not alone
    assert agreement({0: [unsure]}, {0: []})[0]["only_first"] == 0


def test_only_frames_of_the_second_pass_are_compared() -> None:
    figures, _ = agreement({0: [_at(100)], 5: [_at(100)]}, {5: [_at(100)], 10: [_at(100)]})
    assert (figures["frames"], figures["both"], figures["only_second"]) == (2, 1, 1)
    assert figures["only_first"] == 0


def test_the_two_passes_over_the_clip_agree() -> None:
    done = CliRunner().invoke(app, ["compare-passes", str(POINTS), str(SECOND), "--json"])
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert figures["frames"] == 24
    assert figures["both"] >= 137
    assert figures["agreement"] >= 0.98
    assert figures["median_apart_px"] < 4
