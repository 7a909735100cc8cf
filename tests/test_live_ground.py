"""People who pass while a live run goes on measure its ground."""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import cv2
import numpy as np
import pytest

from edgeds.engine.background_subtraction import DifferenceEngine
from edgeds.estimate.estimator import Estimator
from edgeds.live.ground_watch import GroundWatch
from edgeds.plate.ground.depth_wanted import DepthWanted, MeasuredPoint
from edgeds.plate.ground.geometry import GroundView
from edgeds.plate.plate import Plate
from edgeds.types import Frame

SIZE = (288, 512)
VIEW = GroundView(size=SIZE, focal_px=390, pitch=0.35, roll=0.0, camera_height=2.5)
PLATE = Plate(np.full((*SIZE, 3), 160, np.uint8))


def _frame(number: int, rng: np.random.Generator) -> Frame:
    lowest = np.array([(60 + 390 * rng.random(), 130 + 150 * rng.random())])
    head = VIEW.pixels(VIEW.feet(lowest) - rng.normal(1, 0.05) * VIEW.down)[0]
    pixels, tall = PLATE.pixels.copy(), float(np.hypot(*(head - lowest[0])))
    middle = tuple(round(float(v)) for v in (head + lowest[0]) / 2)
    lean = float(np.degrees(np.arctan2(head[0] - lowest[0, 0], lowest[0, 1] - head[1])))
    cv2.ellipse(pixels, middle, (int(tall / 6), int(tall / 2)), lean, 0, 360, (30, 20, 40), -1)
    return Frame(pixels, index=number, pts=number, time_base=Fraction(1))


def _watched(wanted: DepthWanted, frames: int) -> tuple[list[float], list[str], Estimator]:
    """(uncertainty of each depth that was taken over, events, the estimator)."""
    rng, events, taken = np.random.default_rng(0), list[str](), list[float]()
    estimate = Estimator(DifferenceEngine(), PLATE)
    with ThreadPoolExecutor(1) as pool:
        watch = GroundWatch(PLATE, wanted, pool, events.append)
        for number in range(frames):
            frame = _frame(number, rng)
            better = watch(frame, estimate(frame), estimate)
            if better is not None:
                estimate.take_ground(better)
                taken.append(better.scale.uncertainty)
            pool.submit(time.sleep, 0).result()  # the pool has caught up
    return taken, events, estimate


def test_a_better_ground_is_taken_over_in_one_step_and_announced() -> None:
    taken, events, estimate = _watched(DepthWanted(), 40)

    assert taken
    assert all(later < 0.9 * before for before, later in itertools.pairwise(taken))
    assert len(events) == len(taken)
    assert "ground measured by people" in events[0]
    assert estimate.grounded is not None
    assert estimate.grounded.ground is not None
    assert estimate.grounded.ground.view.camera_height == pytest.approx(2.5, rel=0.25)


def test_a_measured_distance_counts_at_once_and_people_are_left_alone_if_so_wanted() -> None:
    wanted = DepthWanted("network", points=(MeasuredPoint(256, 200, 4.0),))

    taken, events, estimate = _watched(wanted, 20)

    assert len(taken) == len(events) == 1
    assert estimate.scale is not None
    assert estimate.scale.origin == "point"
    assert estimate.grounded is not None
    assert estimate.grounded.ground is None
