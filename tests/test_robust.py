"""The robust fit that light, depth and stillness share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeds.plate.robust_fit import biweight_fit, median, percentiles


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), share=st.sampled_from([0.0, 0.2, 0.4]))
def test_outliers_do_not_pull_a_line_away(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 10, 800)
    y = 1.7 * x + 3 + rng.normal(0, 0.1, 800)
    y[: int(share * 800)] += rng.uniform(20, 40)
    slope, level = biweight_fit(np.stack([x, np.ones_like(x)]), y, (1.5, 3.0), rounds=8)
    assert slope == pytest.approx(1.7, abs=0.05)
    assert level == pytest.approx(3, abs=0.25)


def test_terms_that_say_nothing_leave_the_start() -> None:
    flat = np.ones((2, 100))
    assert biweight_fit(flat, np.full(100, 5.0), (1.0, 2.0), rounds=4).tolist() == [1, 2]
    nothing = np.zeros((1, 100))
    assert biweight_fit(nothing, np.full(100, 5.0), (1.0,), rounds=4).tolist() == [1]


def test_a_ridge_pulls_a_weight_towards_nothing() -> None:
    x, y = np.linspace(1, 2, 100), np.linspace(1, 2, 100) + 4
    terms = np.stack([x, np.ones_like(x)])
    free = biweight_fit(terms, y, (1.0, 4.0), rounds=4, least=40)
    held = biweight_fit(terms, y, (1.0, 4.0), rounds=4, least=40, ridge=(0.0, 1.0))
    assert free == pytest.approx([1, 4], abs=1e-6)
    assert abs(held[1]) < 1


@pytest.mark.parametrize("count", [1, 2, 7, 100, 57_600])
def test_medians_and_percentiles_are_numpys(count: int) -> None:
    values = np.random.default_rng(count).normal(0, 9, count).astype(np.float32)
    assert median(values) == pytest.approx(np.median(values), rel=1e-6)
    found = percentiles(values.reshape(1, -1), 1, 50, 99, 100)
    np.testing.assert_allclose(found, np.percentile(values, (1, 50, 99, 100)), rtol=1e-5)
