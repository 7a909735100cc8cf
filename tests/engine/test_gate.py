"""The gate: what a lower precision may cost, judged on maps made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.engine.build.accuracy_gate import (
    Comparison,
    Figures,
    Latency,
    comparison,
    measured_latency,
    verdict,
)
from edgeds.evaluation.dataset import Item
from edgeds.evaluation.sample import Sample
from edgeds.types import FloatMap, Maps

SIZE = 40, 60
GOOD = Figures(alpha_mad=1e-3, iou_loss=0.005, boundary_loss=0.0, depth_abs_rel=0.01)
FAST = Latency(float_ms=10, candidate_ms=6, ratio=0.6)


def judged(rise: Figures) -> Comparison:
    return Comparison(
        frames=9, difference=GOOD, rise=rise, frames_with_alpha=9, frames_with_depth=9
    )


def square(left: int, height: int = 20) -> FloatMap:
    alpha = np.zeros(SIZE, np.float32)
    alpha[10 : 10 + height, left : left + 20] = 1
    return alpha


def depth_m(near: float) -> FloatMap:
    ramp = np.linspace(2, 6, SIZE[1], dtype=np.float32)[None].repeat(SIZE[0], 0)
    return np.where(square(20) > 0, np.float32(near), ramp)


def sample(alpha: FloatMap | None = None, depth: FloatMap | None = None) -> Sample:
    path = Path("frame.png")
    item = Item(frame=path, plate=path, alpha=path, scene="a", where="line 1", more={})
    if alpha is None:
        item = replace(item, alpha=None)
    pixels = np.zeros((*SIZE, 3), np.uint8)
    return Sample(item=item, frame=pixels, plate=pixels, alpha=alpha, depth_m=depth, ignore=None)


def maps(alpha: FloatMap, near: float = 1.5) -> Maps:
    return Maps(alpha, 1 / depth_m(near))


def test_what_stays_within_the_limits_and_is_faster_passes() -> None:
    found = verdict(judged(GOOD), FAST)
    assert found.passed
    assert found.reasons == ()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"alpha_mad": 2.1e-3}, "alpha MAD"),
        ({"iou_loss": 0.011}, "IoU"),
        ({"depth_abs_rel": 0.031}, "depth"),
    ],
)
def test_past_any_limit_it_is_refused_with_that_reason(change: dict[str, float], word: str) -> None:
    found = verdict(judged(replace(GOOD, **change)), FAST)
    assert not found.passed
    assert len(found.reasons) == 1
    assert word in found.reasons[0]


def test_slower_than_float_is_refused_but_one_noisy_figure_is_not() -> None:
    slow = Latency(float_ms=10, candidate_ms=12, ratio=1.2)
    assert "slower" in verdict(judged(GOOD), slow).reasons[0]
    assert verdict(judged(GOOD), replace(slow, ratio=0.7)).passed
    assert verdict(judged(GOOD), replace(slow, candidate_ms=7)).passed


def test_slower_than_what_would_be_built_instead_is_refused_though_faster_than_float() -> None:
    against = Latency(float_ms=4, candidate_ms=6, ratio=1.5)
    found = verdict(judged(GOOD), FAST, instead=("fp16", against))
    assert found.reasons == ("it is slower than fp16: 6.00 ms a frame against 4.00",)
    assert verdict(judged(GOOD), FAST, instead=("fp16", replace(against, ratio=0.9))).passed


@pytest.mark.parametrize("figure", ["alpha_mad", "iou_loss", "depth_abs_rel"])
def test_what_is_not_a_number_is_refused(figure: str) -> None:
    found = verdict(judged(replace(GOOD, **{figure: float("nan")})), FAST)
    assert len(found.reasons) == 1


def test_what_cannot_run_here_is_judged_without_latency() -> None:
    assert verdict(judged(GOOD), None).passed


def test_with_truth_the_change_of_the_error_counts_not_the_difference() -> None:
    # the candidate is nearer to the truth than float: different, and better
    truth, by_float, candidate = square(20), square(24), square(21)
    found = comparison([maps(by_float)], [maps(candidate)], [sample(truth)])
    assert found.difference.alpha_mad > 0.02
    assert found.rise.alpha_mad < -0.02
    assert found.rise.iou_loss is not None
    assert found.rise.iou_loss < -0.1
    assert found.frames_with_alpha == 1


def test_without_truth_the_difference_counts() -> None:
    found = comparison([maps(square(20))], [maps(square(21))], [sample()])
    assert found.rise == found.difference
    assert found.rise.alpha_mad == pytest.approx(2 * 20 / (40 * 60))
    assert found.rise.iou_loss == pytest.approx(1 - 19 / 21)
    assert found.frames_with_alpha == 0


def test_depth_with_truth_is_the_relative_rise_of_abs_rel() -> None:
    truth = depth_m(1.5)
    worse = sample(depth=truth)
    found = comparison([maps(square(20), 1.7)], [maps(square(20), 2.4)], [worse])
    assert found.frames_with_depth == 1
    assert found.rise.depth_abs_rel is not None
    assert found.rise.depth_abs_rel > 0.5
    same = comparison([maps(square(20), 1.7)], [maps(square(20), 1.7)], [worse])
    assert same.rise.depth_abs_rel == pytest.approx(0)


def close_up(relief: float) -> tuple[Maps, FloatMap]:
    """(maps, depth in metres): a head at 13 to 20 cm before a wall at 6.5 m, of which an engine
    finds the wall right and the head with so much of its relief.
    """
    head = np.linspace(5, 7.5, SIZE[1])[None].repeat(SIZE[0], 0)
    wall = np.zeros(SIZE, bool)
    wall[0] = True
    found = np.where(wall, 1 / 6.5, 6.25 + relief * (head - 6.25)).astype(np.float32)
    return Maps(np.zeros(SIZE, np.float32), found), np.where(wall, 6.5, 1 / head).astype(np.float32)


def test_a_close_up_whose_wall_is_behind_the_far_end_does_not_outweigh_all_other_frames() -> None:
    (by_float, truth), (flatter, _) = close_up(1), close_up(0.8)
    usual, near = maps(square(20), 2.2), sample(depth=truth)
    samples = [near, *[sample(depth=depth_m(1.5))] * 37]
    found = comparison([by_float, *[usual] * 37], [flatter, *[usual] * 37], samples)
    assert found.rise.depth_abs_rel is not None
    assert 0 < found.rise.depth_abs_rel < 0.03
    everywhere = comparison([by_float] * 5, [flatter] * 5, [near] * 5)
    assert "depth" in verdict(everywhere, None).reasons[0]


@pytest.mark.parametrize("harm", ["coarse", "saturated", "noisy", "flat"])
def test_depth_that_is_bad_in_every_frame_is_refused(harm: str) -> None:
    good = maps(square(20), 1.7).inverse_depth
    noise = np.random.default_rng(0).normal(0, 0.1, SIZE).astype(np.float32)
    bad = {
        "coarse": np.round(good * 5) / 5,
        "saturated": np.minimum(good, good.max() / 2),
        "noisy": good + noise,
        "flat": np.full(SIZE, 0.3, np.float32),
    }[harm].astype(np.float32)
    alpha = square(20)
    for truth in (depth_m(1.5), None):  # with and without: the rise, or the difference
        found = comparison(
            [Maps(alpha, good)] * 3, [Maps(alpha, bad)] * 3, [sample(alpha, truth)] * 3
        )
        assert len(verdict(found, None).reasons) == 1
        assert "depth" in verdict(found, None).reasons[0]


def test_one_engines_own_maps_are_no_difference_where_it_sees_far() -> None:
    near_and_sky = np.where(square(20) > 0, 0.5, 0.002).astype(np.float32)
    same = Maps(square(20), near_and_sky)
    found = comparison([same], [same], [sample()])
    assert found.difference.depth_abs_rel == pytest.approx(0, abs=1e-4)


def test_a_pixel_that_only_float_finds_in_an_empty_scene_is_no_lost_mask() -> None:
    nothing = np.zeros((192, 320), np.float32)
    crumb, thing = nothing.copy(), nothing.copy()
    crumb[5, 5:7] = 1
    thing[40:80, 40:70] = 1
    depth = np.linspace(0.2, 0.8, nothing.size, dtype=np.float32).reshape(nothing.shape)

    def judged(by_float: FloatMap, candidate: FloatMap) -> float:
        loss = comparison(
            [Maps(by_float, depth)], [Maps(candidate, depth)], [sample()]
        ).rise.iou_loss
        assert loss is not None
        return loss

    assert judged(crumb, nothing) == pytest.approx(2 / 61.44)
    assert judged(thing, nothing) == 1


def test_inverse_depth_in_other_units_is_no_difference() -> None:
    a = maps(square(20))
    b = Maps(a.alpha, 3 * a.inverse_depth + np.float32(0.2))
    found = comparison([a], [b], [sample()])
    assert found.difference.depth_abs_rel == pytest.approx(0, abs=1e-4)


def test_frames_without_foreground_say_nothing_of_iou() -> None:
    nothing = np.zeros(SIZE, np.float32)
    found = comparison([maps(nothing)], [maps(nothing)], [sample()])
    assert found.rise.iou_loss is None
    assert verdict(found, None).passed


def test_latency_of_one_engine_against_itself_is_about_equal() -> None:
    engine = DifferenceEngine()
    found = measured_latency(engine, engine)
    assert 0.2 < found.ratio < 5
    assert found.float_ms > 0


def test_an_engine_on_a_gpu_is_timed_by_the_gpus_clock() -> None:
    # the host's time of a frame is mostly waiting: float16 would be refused by its noise
    class OnGpu(DifferenceEngine):
        def __init__(self, secs: float) -> None:
            super().__init__(size=(32, 64))
            self._secs = secs

        def infer(self, frame: Any, plate: Any) -> Any:
            raise AssertionError("timed by the host")

        def device_secs(self, frame: Any, plate: Any) -> float:
            return self._secs

    took = measured_latency(OnGpu(0.004), OnGpu(0.001))
    assert (took.float_ms, took.candidate_ms, took.ratio) == pytest.approx((4, 1, 0.25))
