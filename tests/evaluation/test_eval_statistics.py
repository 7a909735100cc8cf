"""Means and bootstrap intervals."""

from __future__ import annotations

import pytest

from edgeds.evaluation.statistics import Tally, bootstrap_interval


def test_a_mean_is_over_the_items_that_can_tell() -> None:
    tally = Tally()
    tally.add("a", mad=0.1, iou=None)
    tally.add("b", mad=0.3, iou=0.5)
    mad, iou = tally.mean("mad"), tally.mean("iou")
    assert mad is not None
    assert iou is not None
    assert (mad.value, mad.count) == (pytest.approx(0.2), 2)
    assert (iou.value, iou.count) == (0.5, 1)
    assert tally.mean("rmse") is None


def test_an_interval_draws_whole_scenes() -> None:
    # Two scenes, all 0 and all 1: half of the draws take one of them twice. Drawing the 200
    # items one by one would give .43 to .57.
    values = [("a", 0.0)] * 100 + [("b", 1.0)] * 100
    assert bootstrap_interval(values) == (0.0, 1.0)


def test_an_interval_narrows_as_scenes_are_added() -> None:
    few = bootstrap_interval([(str(i), float(i % 2)) for i in range(10)])
    many = bootstrap_interval([(str(i), float(i % 2)) for i in range(1000)])
    assert few is not None
    assert many is not None
    # The normal approximation for 1000: .5 plus or minus 1.96 * .5 / sqrt(1000) = .031.
    assert many == (pytest.approx(0.469, abs=0.004), pytest.approx(0.531, abs=0.004))
    assert few[1] - few[0] > 5 * (many[1] - many[0])


def test_the_same_values_give_the_same_interval() -> None:
    values = [(str(i), i / 7) for i in range(20)]
    assert bootstrap_interval(values) == bootstrap_interval(values)


def test_one_scene_has_no_interval() -> None:
    assert bootstrap_interval([("a", 0.0), ("a", 1.0)]) is None
