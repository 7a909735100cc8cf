"""Metres from inverse depth."""

from __future__ import annotations

import numpy as np

from edgeds.plate.ground.metric_scale import MetricScale, metres_of


def test_metres_are_one_over_scaled_inverse_depth_and_endless_past_the_horizon() -> None:
    scale = MetricScale(per_unit=0.5, offset=-0.05, uncertainty=0.1, origin="point")

    metres = metres_of(np.array([[1.0, 0.3, 0.1, 0.0]], np.float32), scale)

    assert metres.dtype == np.float32
    np.testing.assert_allclose(metres[0, :2], [1 / 0.45, 1 / 0.1], rtol=1e-5)
    assert np.isinf(metres[0, 2:]).all()
