"""Every metric against numbers worked out by hand or a slow, obvious implementation."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edgeds.evaluation import metrics

Map = npt.NDArray[np.float32]
alphas = arrays(np.float32, (7, 9), elements=st.floats(0, 1, width=32))


def maps(*rows: list[float]) -> Map:
    return np.array(rows, np.float32)


def everywhere(like: Map) -> npt.NDArray[np.bool_]:
    return np.ones(like.shape, bool)


def test_mad_and_mse_are_means_over_the_scored_pixels() -> None:
    alpha, truth = maps([0, 0.5, 1, 1]), maps([0, 0, 1, 0])
    # Differences 0, .5, 0, 1: MAD 1.5 / 4, MSE (.25 + 1) / 4; without the last .5 / 3, .25 / 3.
    assert metrics.mad(alpha, truth, everywhere(alpha)) == pytest.approx(0.375)
    assert metrics.mse(alpha, truth, everywhere(alpha)) == pytest.approx(0.3125)
    scored = np.array([[True, True, True, False]])
    assert metrics.mad(alpha, truth, scored) == pytest.approx(0.5 / 3)
    assert metrics.mse(alpha, truth, scored) == pytest.approx(0.25 / 3)


def slow_gradient(alpha: Map) -> npt.NDArray[np.float64]:
    """|G a| by loops over pixels and kernel."""
    sigma = 1.4
    # g falls below 1e-2 at sigma sqrt(-2 ln(sqrt(2 pi) sigma .01)) = 1.4 * 2.588 = 3.6, so 4 px.
    half = 4
    offsets = range(-half, half + 1)

    def g(x: int) -> float:
        return math.exp(-(x**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))

    kernel = {(y, x): g(y) * -x * g(x) / sigma**2 for y in offsets for x in offsets}
    norm = math.sqrt(sum(value**2 for value in kernel.values()))
    height, width = alpha.shape
    result = np.zeros(alpha.shape)
    for row in range(height):
        for column in range(width):
            gx = gy = 0.0
            for (y, x), weight in kernel.items():
                r1, c1 = np.clip(row + y, 0, height - 1), np.clip(column + x, 0, width - 1)
                r2, c2 = np.clip(row + x, 0, height - 1), np.clip(column + y, 0, width - 1)
                gx += weight / norm * float(alpha[r1, c1])
                gy += weight / norm * float(alpha[r2, c2])
            result[row, column] = math.hypot(gx, gy)
    return result


def test_gradient_error_agrees_with_the_definition_written_as_loops() -> None:
    rng = np.random.default_rng(0)
    alpha, truth = rng.random((2, 12, 14), np.float32)
    expected = np.square(slow_gradient(alpha) - slow_gradient(truth)).sum() / 1000
    assert metrics.grad(alpha, truth, everywhere(alpha)) == pytest.approx(expected, rel=1e-9)
    scored = rng.random(alpha.shape) < 0.5
    expected = np.square(slow_gradient(alpha) - slow_gradient(truth))[scored].sum() / 1000
    assert metrics.grad(alpha, truth, scored) == pytest.approx(expected, rel=1e-9)


def test_gradient_error_does_not_see_a_constant_offset() -> None:
    truth = np.linspace(0, 0.5, 100, dtype=np.float32).reshape(10, 10)
    assert metrics.grad(truth + np.float32(0.25), truth, everywhere(truth)) < 1e-12


def test_connectivity_error_punishes_a_piece_that_is_cut_off() -> None:
    truth, alpha = maps([1, 1, 0, 1]), maps([1, 1, 0, 0.5])
    # The largest common region is the first two pixels at every level, so the last one was in it
    # at level 0 only: its distance is 1 in the truth (phi 0) and .5 here (phi .5).
    assert metrics.conn(alpha, truth, everywhere(alpha)) == pytest.approx(0.5 / 1000)
    scored = np.array([[True, True, True, False]])
    assert metrics.conn(alpha, truth, scored) == 0


def test_connectivity_error_forgives_distances_under_015() -> None:
    truth = maps([1, 1, 0, 0])
    assert metrics.conn(maps([1, 1, 0, 0.14]), truth, everywhere(truth)) == 0
    wrong = metrics.conn(maps([1, 1, 0, 0.16]), truth, everywhere(truth))
    assert wrong == pytest.approx(0.16 / 1000)


def slow_connectivity(alpha: Map, truth: Map) -> float:
    kept = np.full(alpha.shape, -1.0)
    for step in range(1, 11):
        level = np.float32(step / 10)
        omega = largest_region((alpha >= level) & (truth >= level))
        for place in np.ndindex(alpha.shape):
            if kept[place] < 0 and place not in omega:
                kept[place] = (step - 1) / 10
    total = 0.0
    for place in np.ndindex(alpha.shape):
        last = 1.0 if kept[place] < 0 else kept[place]
        phis = []
        for values in (alpha, truth):
            distance = float(values[place]) - last
            phis.append(1 - distance if distance >= 0.15 else 1.0)
        total += abs(phis[0] - phis[1])
    return total / 1000


def largest_region(mask: npt.NDArray[np.bool_]) -> set[tuple[int, ...]]:
    """The first largest 4-connected region, by flooding."""
    left = {(int(y), int(x)) for y, x in np.argwhere(mask)}
    best: set[tuple[int, ...]] = set()
    for start in sorted(left):
        if start not in left:
            continue
        region, queue = {start}, deque([start])
        left.discard(start)
        while queue:
            y, x = queue.popleft()
            for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if near in left:
                    left.discard(near)
                    region.add(near)
                    queue.append(near)
        if len(region) > len(best):
            best = region
    return best


@pytest.mark.parametrize("seed", range(5))
def test_connectivity_error_agrees_with_a_slow_flood_fill(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.zeros((12, 16), np.float32)
    truth[2:10, 3:12] = 1
    truth[0, 15] = 0.7
    noise = rng.normal(0, 0.3, truth.shape)
    alpha = np.clip(truth + noise, 0, 1).astype(np.float32)
    expected = slow_connectivity(alpha, truth)
    assert expected > 1e-3
    assert metrics.conn(alpha, truth, everywhere(alpha)) == pytest.approx(expected, rel=1e-6)


def test_iou_counts_pixels_over_a_half() -> None:
    # Masks 0110 and 0011: one in common, three together. .5 itself is not over .5.
    alpha, truth = maps([0.5, 0.6, 1, 0]), maps([0, 0, 1, 0.9])
    assert metrics.iou(alpha, truth, everywhere(alpha)) == pytest.approx(1 / 3)
    scored = np.array([[True, False, True, False]])
    assert metrics.iou(alpha, truth, scored) == 1


def test_shape_metrics_say_nothing_of_a_truth_without_foreground() -> None:
    alpha, truth = maps([0, 1], [0, 0]), maps([0, 0], [0, 0])
    assert metrics.iou(alpha, truth, everywhere(alpha)) is None
    assert metrics.boundary_f(alpha, truth, everywhere(alpha)) is None
    assert metrics.empty_false_alarm(alpha, everywhere(alpha)) == 0.25


def square(top: int, left: int, side: int = 10, size: int = 40) -> Map:
    alpha = np.zeros((size, size), np.float32)
    alpha[top : top + side, left : left + side] = 1
    return alpha


@pytest.mark.parametrize(("shift", "expected"), [(0, 1.0), (2, 1.0), (20, 0.0)])
def test_a_boundary_counts_as_right_within_two_pixels(shift: int, expected: float) -> None:
    truth, alpha = square(10, 10), square(10, 10 + shift)
    assert metrics.boundary_f(alpha, truth, everywhere(truth)) == expected


@pytest.mark.parametrize("seed", range(4))
def test_boundary_f_agrees_with_distances_between_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    coarse = rng.random((2, 8, 8)) < 0.4
    alpha, truth = np.pad(coarse.repeat(4, axis=1).repeat(4, axis=2), ((0, 0), (4, 4), (4, 4)))
    alpha = np.roll(alpha, seed, axis=1).astype(np.float32)
    found, wanted = slow_boundary(alpha), slow_boundary(truth.astype(np.float32))
    precision = sum(min(math.dist(a, b) for b in wanted) <= 2 for a in found) / len(found)
    recall = sum(min(math.dist(a, b) for b in found) <= 2 for a in wanted) / len(wanted)
    assert 0 < precision < 1
    assert 0 < recall < 1
    value = metrics.boundary_f(alpha, truth.astype(np.float32), everywhere(alpha))
    assert value == pytest.approx(2 * precision * recall / (precision + recall))


def slow_boundary(alpha: Map) -> list[tuple[int, int]]:
    mask = alpha > 0.5
    return [
        (int(y), int(x))
        for y, x in np.argwhere(mask)
        if not (mask[y - 1, x] and mask[y + 1, x] and mask[y, x - 1] and mask[y, x + 1])
    ]


def test_the_border_of_the_picture_is_no_boundary() -> None:
    whole = np.ones((20, 20), np.float32)
    # Neither has a boundary at all; a hole in one gives it a boundary that is all wrong.
    assert metrics.boundary_f(whole, whole, everywhere(whole)) == 1
    holed = whole.copy()
    holed[8:12, 8:12] = 0
    assert metrics.boundary_f(holed, whole, everywhere(whole)) == 0


def test_nothing_found_where_something_is_scores_zero() -> None:
    truth = square(10, 10)
    nothing = np.zeros_like(truth)
    assert metrics.iou(nothing, truth, everywhere(truth)) == 0
    assert metrics.boundary_f(nothing, truth, everywhere(truth)) == 0


@given(alphas)
def test_a_perfect_alpha_is_perfect_by_every_metric(truth: Map) -> None:
    scored = everywhere(truth)
    for metric in (metrics.mad, metrics.mse, metrics.grad, metrics.conn):
        assert metric(truth, truth, scored) == 0
    for shape_metric in (metrics.iou, metrics.boundary_f):
        assert shape_metric(truth, truth, scored) in (None, 1.0)
    assert metrics.dtssd(truth, truth, truth, truth, scored) == 0


@given(alphas, alphas)
def test_alpha_metrics_keep_their_ranges_and_their_symmetry(one: Map, other: Map) -> None:
    scored = everywhere(one)
    assert 0 <= metrics.mse(one, other, scored) <= metrics.mad(one, other, scored) + 1e-7 <= 1.1
    if (one > 0.5).any() and (other > 0.5).any():
        for metric in (metrics.iou, metrics.boundary_f):
            value = metric(one, other, scored)
            assert value is not None
            assert 0 <= value <= 1
            assert value == pytest.approx(metric(other, one, scored))


@given(
    st.floats(0.01, 100),
    st.floats(-50, 50),
    arrays(np.float32, (5, 6), elements=st.floats(0.5, 50, width=32)),
)
def test_depth_metrics_do_not_see_scale_and_shift_of_inverse_depth(
    scale: float, shift: float, truth: Map
) -> None:
    scored = everywhere(truth)
    depth = metrics.depth_from_fit(scale / truth.astype(float) + shift, truth, scored)
    if truth.max() - truth.min() < 1e-3 * truth.max():
        return  # as good as flat: what is left of it is rounding
    # float64 leaves 1e-16 of shift / scale, at most 5e3, over an inverse depth of at least .02.
    assert np.abs(depth / truth - 1).max() < 1e-6
    assert metrics.abs_rel(depth, truth, scored) < 1e-6
    assert metrics.rmse(depth, truth, scored) < 1e-4
    assert metrics.delta1(depth, truth, scored) == 1
    assert metrics.si_log(depth, truth, scored) < 1e-6
    assert metrics.depth_boundary_recall(depth, truth, scored) in (None, 1.0)


@pytest.mark.parametrize("inverse_depth", [maps([7, 7]), maps([1, 2])])
def test_a_flat_or_inverted_map_is_scored_as_the_best_flat_one(inverse_depth: Map) -> None:
    truth = maps([1, 2])
    depth = metrics.depth_from_fit(inverse_depth, truth, everywhere(truth))
    # Inverse depths 1 and .5 have the mean .75: both pixels are at 4/3 m.
    assert depth == pytest.approx(np.array([[4 / 3, 4 / 3]]))
    scored = everywhere(truth)
    # |4/3 - 1| / 1 and |4/3 - 2| / 2 are both 1/3; squares 1/9 and 4/9 have the mean 5/18;
    # ratios 4/3 and 3/2 are both over 1.25; ln(4/3) and ln(2/3) are ln 2 apart.
    assert metrics.abs_rel(depth, truth, scored) == pytest.approx(1 / 3)
    assert metrics.rmse(depth, truth, scored) == pytest.approx(math.sqrt(5 / 18))
    assert metrics.delta1(depth, truth, scored) == 0
    assert metrics.si_log(depth, truth, scored) == pytest.approx(math.log(2) / 2)


def test_the_fit_is_the_least_squares_one() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(1, 10, (8, 9)).astype(np.float32)
    inverse_depth = (3 / truth + rng.normal(0, 0.02, truth.shape)).astype(np.float32)
    scored = rng.random(truth.shape) < 0.7
    scale, shift = np.polyfit(inverse_depth[scored].astype(float), 1 / truth[scored], 1)
    expected = 1 / np.maximum(scale * inverse_depth + shift, 1 / 60)
    assert metrics.depth_from_fit(inverse_depth, truth, scored) == pytest.approx(expected, rel=1e-5)


def test_what_the_fit_puts_behind_the_horizon_is_at_sixty_metres() -> None:
    truth = maps([1, 2, 3])
    scored = np.array([[True, True, False]])
    # x = 2, 1 for 1/z = 1, .5: s = .5, t = 0, and the third pixel comes to -2.5.
    depth = metrics.depth_from_fit(maps([2, 1, -5]), truth, scored)
    assert depth == pytest.approx(np.array([[1, 2, 60]]))


def test_delta1_counts_ratios_under_125_either_way() -> None:
    truth = maps([1, 1, 1, 1])
    depth = np.array([[1.2, 1.3, 0.81, 0.79]])  # 1/.81 = 1.235, 1/.79 = 1.266
    assert metrics.delta1(depth, truth, everywhere(truth)) == 0.5


def step(at: int, width: int = 20) -> npt.NDArray[np.float64]:
    return np.where(np.arange(width)[None].repeat(6, axis=0) < at, 2.0, 4.0)


@pytest.mark.parametrize(("at", "expected"), [(10, 1.0), (11, 1.0), (9, 1.0), (15, 0.0), (5, 0.0)])
def test_a_depth_edge_is_found_within_two_pixels(at: int, expected: float) -> None:
    truth = step(10).astype(np.float32)
    recall = metrics.depth_boundary_recall(step(at), truth, everywhere(truth))
    assert recall == expected


def test_depth_edges_need_both_sides_known_and_a_factor_over_125() -> None:
    truth = step(10).astype(np.float32)
    scored = everywhere(truth)
    scored[:, 10] = False
    assert metrics.depth_boundary_recall(step(10), truth, scored) is None
    gentle = np.where(truth > 3, 2.4, 2.0).astype(np.float32)  # a factor of 1.2
    assert metrics.depth_boundary_recall(step(10), gentle, everywhere(truth)) is None
    assert metrics.depth_boundary_recall(gentle.astype(float), truth, everywhere(truth)) == 0


def test_dtssd_is_the_root_mean_square_of_the_change_nobody_made() -> None:
    truth = maps([0, 0, 1, 1])
    after = maps([0.5, 0, 1, 1])
    # One of four pixels changes by .5 where the truth does not: sqrt(.25 / 4).
    assert metrics.dtssd(after, truth, truth, truth, everywhere(truth)) == 0.25
    scored = np.array([[True, False, False, False]])
    assert metrics.dtssd(after, truth, truth, truth, scored) == 0.5


@given(alphas, alphas, st.floats(-0.5, 0.5, width=16))
def test_dtssd_forgives_an_error_that_stays(before: Map, after: Map, error: float) -> None:
    scored = everywhere(before)
    shifted = metrics.dtssd(after + error, before + error, after, before, scored)
    assert shifted < 1e-6


def flicker(*frames: tuple[Map, npt.NDArray[np.bool_]]) -> float | None:
    judge = metrics.BackgroundDepthStd()
    for inverse_depth, background in frames:
        judge.add(inverse_depth, background)
    return judge.value()


def test_depth_flicker_is_the_deviation_over_the_spread_of_the_map() -> None:
    ramp = np.arange(101, dtype=np.float32)[None]
    everything = everywhere(ramp)
    # 0..100 spreads by 95 - 5 = 90; each pixel is x, then x + 2: a deviation of 1.
    assert flicker((ramp, everything), (ramp + 2, everything)) == pytest.approx(1 / 90)
    assert flicker((ramp, everything), (ramp, everything)) == 0


def test_depth_flicker_looks_where_all_frames_are_background() -> None:
    ramp = np.arange(101, dtype=np.float32)[None]
    jumping = ramp.copy()
    jumping[0, 50] = 70  # within the spread, so that it stays 90
    background = everywhere(ramp)
    masked = background.copy()
    masked[0, 50] = False
    assert flicker((ramp, background), (jumping, masked)) == 0
    assert flicker((ramp, background), (jumping, background)) == pytest.approx(10 / 101 / 90)
    assert flicker((ramp, background), (ramp, ~background)) is None


def test_depth_flicker_needs_two_frames() -> None:
    ramp = np.arange(101, dtype=np.float32)[None]
    assert flicker((ramp, everywhere(ramp))) is None


@given(st.floats(0.1, 100), st.floats(-100, 100), st.integers(2, 6))
def test_depth_flicker_does_not_depend_on_units(scale: float, shift: float, count: int) -> None:
    rng = np.random.default_rng(count)
    frames = rng.random((count, 6, 7), np.float32).astype(np.float64)
    background = np.ones((6, 7), bool)
    plain = flicker(*((frame, background) for frame in frames))
    other = flicker(*((scale * frame + shift, background) for frame in frames))
    spread = np.mean([np.subtract(*np.percentile(frame, [95, 5])) for frame in frames])
    assert plain == pytest.approx(float(frames.std(axis=0).mean() / spread))
    assert other == pytest.approx(plain)
