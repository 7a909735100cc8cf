"""Inverse depth anchored to the plate's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeds.estimate.depth_fit import (
    Fit,
    anchored,
    depth_range,
    fit_to_plate,
    spread_foreground,
)
from edgeds.types import FloatMap


def _plate_depth() -> FloatMap:
    y, x = np.mgrid[:48, :80].astype(np.float32)
    return (0.2 + 0.01 * y + 0.001 * x).astype(np.float32)


def _person() -> FloatMap:
    alpha = np.zeros((48, 80), np.float32)
    alpha[10:48, 30:50] = 1
    return alpha


@settings(max_examples=50, deadline=None)
@given(scale=st.floats(0.3, 4), shift=st.floats(-2, 2))
def test_scale_and_shift_of_a_frame_are_found(scale: float, shift: float) -> None:
    plate, alpha = _plate_depth(), _person()
    frame = ((plate - shift) / scale).astype(np.float32)
    frame[alpha > 0] = 9.0  # the person must not count
    fit = fit_to_plate(frame, plate, alpha)
    assert fit.scale == pytest.approx(scale, rel=1e-2)
    assert fit.shift == pytest.approx(shift, abs=1e-2)


def test_a_moved_chair_in_the_background_does_not_bend_the_fit() -> None:
    plate = _plate_depth()
    frame = 0.5 * plate - 0.1
    frame[20:40, 5:20] += 3.0
    fit = fit_to_plate(frame.astype(np.float32), plate, np.zeros_like(plate))
    assert fit.scale == pytest.approx(2.0, rel=0.02)


def test_a_frame_full_of_foreground_keeps_the_fit_of_the_frame_before() -> None:
    plate = _plate_depth()
    before = Fit(2.0, -0.3)
    assert fit_to_plate(plate, plate, np.ones_like(plate), before=before) == Fit(2.0, -0.3, 0)


@pytest.mark.parametrize(("before", "trust"), [(0.4, 1), (0.9, 1), (1.4, 0.43), (2.5, 0)])
def test_a_fit_that_squeezes_depth_is_not_trusted(before: float, trust: float) -> None:
    plate = _plate_depth()
    fit = fit_to_plate(2 * plate, plate, np.zeros_like(plate), before=Fit(before))
    assert fit.scale == pytest.approx(0.5)
    assert fit.trust == pytest.approx(trust, abs=0.01)


def test_a_background_turned_inside_out_is_not_believed() -> None:
    plate = _plate_depth()
    assert fit_to_plate(-plate, plate, np.zeros_like(plate)) == Fit(trust=0)


def test_the_background_has_the_plates_depth_to_the_last_bit() -> None:
    plate, alpha = _plate_depth(), _person()
    near = np.random.default_rng(0).random(plate.shape, np.float32)
    mixed = anchored(alpha, plate, near)
    assert (mixed[alpha == 0] == plate[alpha == 0]).all()
    assert mixed[alpha == 1] == pytest.approx(near[alpha == 1], abs=1e-6)


def test_the_soft_border_of_a_person_takes_the_persons_depth() -> None:
    alpha = _person()
    depth = np.where(alpha > 0, 2.0, 0.5).astype(np.float32)
    depth[:, 30:33] = [0.9, 1.2, 1.6]  # the network's ramp at the border
    alpha[10:, 30:33] = [0.2, 0.5, 0.75]
    assert spread_foreground(depth, alpha)[20:40, 30:33].min() > 1.8


def test_the_range_is_the_plates_without_its_outliers() -> None:
    plate = _plate_depth()
    plate[0, 0], plate[0, 1] = -50, 50
    far, near = depth_range(plate)
    assert far == pytest.approx(0.2, abs=0.03)
    assert near == pytest.approx(0.75, abs=0.03)


def test_a_flat_plate_still_has_a_range() -> None:
    far, near = depth_range(np.full((4, 4), 0.3, np.float32))
    assert near > far
