"""What a plate file keeps of depth, and a depth network that comes to measured ground."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeds.cli.live_plate import plate_choice
from edgeds.engine import DifferenceEngine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.kept_depth import depth_by
from edgeds.live.estimating import LiveEstimate
from edgeds.live.live_plate import LivePlate, PlateChoice
from edgeds.plate.file import plate_from_file, plate_to_file
from edgeds.plate.ground.depth_wanted import DepthWanted
from edgeds.plate.ground.geometry import GroundView
from edgeds.plate.ground.ground_from_people import Ground
from edgeds.plate.ground.metric_scale import MetricScale, metres_of
from edgeds.plate.plate import Plate
from edgeds.sources import RealTimeSource, SyntheticSource
from edgeds.types import FloatMap, Frame, Pixels, Size

SIZE = (180, 320)
PERSON_M = 1.7
VIEW = GroundView(size=SIZE, focal_px=250, pitch=0.35, roll=0.0, camera_height=1.5)
WALL = 80
"""A wall stands on the ground at this row."""
TRUE: FloatMap = np.maximum(VIEW.inverse_depth_map(), VIEW.inverse_depth(0, WALL)).astype(
    np.float32
)
ON_GROUND = np.zeros(SIZE, bool)
ON_GROUND[WALL + 4 :] = True
PIXELS: Pixels = np.where(ON_GROUND[..., None], (90, 120, 70), (180, 170, 160)).astype(np.uint8)
DIFFERENCE = DifferenceEngine(size=(90, 160))
Edgeds = Callable[..., "subprocess.CompletedProcess[str]"]


class Knows:
    """A depth network that knows the scene up to a power: the order is right, distances are not."""

    def __init__(self, power: float, size: Size = (64, 128)) -> None:
        self.size, self.identity, self._power = size, f"power {power}", power
        self.calls = 0

    def __call__(self, pixels: Pixels) -> FloatMap:
        self.calls += 1
        small: FloatMap = cv2.resize(TRUE, self.size[::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(0.3 * small**self._power, np.float32)


def measured_plate() -> Plate:
    """As an earlier run kept it: the ground is right, the wall much too near."""
    ground = Ground(
        view=VIEW, people=20, seen=20, places=9, at_once=2, scatter=0.05, uncertainty=0.05,
        shape=0.02,
    )  # fmt: skip
    scale = MetricScale(
        per_unit=1 / (0.4 * PERSON_M), uncertainty=0.05, origin="people", focal_px=250
    )
    depth = 0.4 * TRUE
    depth[:WALL] *= 2.5
    return Plate(PIXELS, depth=depth, scale=scale, ground=ground)


def off(estimate: Estimator) -> FloatMap:
    """By how much metres differ from the truth, in logarithms."""
    assert estimate.scale is not None
    metres = metres_of(estimate.plate_depth, estimate.scale)
    return np.asarray(np.abs(np.log(metres * TRUE / PERSON_M)), np.float32)


def check_measured(estimate: Estimator) -> None:
    assert estimate.grounded is not None
    assert estimate.grounded.ground is not None
    assert np.median(off(estimate)[ON_GROUND]) < 0.02
    assert np.median(off(estimate)[10 : WALL - 10]) < 0.3, "the wall is where the network sees it"


def test_a_depth_that_comes_later_lies_on_the_ground_that_people_measured() -> None:
    estimate = Estimator(DIFFERENCE, measured_plate())
    assert np.median(off(estimate)[10 : WALL - 10]) > 0.8
    known = depth_by(Knows(0.7), measured_plate())

    estimate.take_known(known)

    check_measured(estimate)
    np.testing.assert_array_equal(estimate.network_depth, known.raw)


def test_a_plate_with_measured_ground_and_a_depth_network_have_both() -> None:
    check_measured(Estimator(DIFFERENCE, measured_plate(), depth_network=Knows(0.7)))


def test_live_the_ground_of_the_plate_file_outlives_the_networks_arrival() -> None:
    kept: list[Plate] = []
    network = Knows(0.7)
    with ThreadPoolExecutor(2) as pool:
        choice = PlateChoice(kept=measured_plate(), on_taken=kept.append)
        plate = LivePlate(DIFFERENCE, SyntheticSource(size=SIZE), choice, pool, print)
        estimate = LiveEstimate(DIFFERENCE, plate, ThreadPoolExecutor(2), network)
        first = None
        for item in estimate.each(Frame(PIXELS, index) for index in range(2000)):
            assert item.in_view is not None
            first = first or item.in_view
            if item.in_view.plate_depth is not first.plate_depth:
                break
        assert estimate._estimator is not None
        check_measured(estimate._estimator)
    assert kept[-1].ground is not None, "and it is kept for the next run"
    assert kept[-1].depth_network == network.identity


def test_a_plate_file_spares_the_same_network_its_work(tmp_path: Path) -> None:
    first = Estimator(DIFFERENCE, measured_plate(), depth_network=Knows(0.7))
    plate_to_file(first.plate_to_keep, tmp_path / "plate.npz")
    plate, same, other = plate_from_file(tmp_path / "plate.npz"), Knows(0.7), Knows(0.6)

    again = Estimator(DIFFERENCE, plate, depth_network=same)
    np.testing.assert_allclose(again.plate_depth, first.plate_depth, rtol=1e-3)
    np.testing.assert_allclose(again.network_depth, first.network_depth, rtol=1e-3)
    assert same.calls == 0

    newer = Estimator(DIFFERENCE, plate, depth_network=other)
    assert other.calls > 0
    check_measured(newer)
    assert np.abs(np.log(newer.network_depth / first.network_depth)).max() > 0.02


def test_a_scale_from_a_tape_goes_over_to_another_networks_depth() -> None:
    scale = MetricScale(per_unit=2.0, uncertainty=0.3, origin="point", focal_px=None)
    plate = Plate(PIXELS, depth=(0.5 / PERSON_M * TRUE).astype(np.float32), scale=scale)
    estimate = Estimator(DIFFERENCE, plate, depth_network=Knows(1.0))
    assert np.median(off(estimate)) < 0.02
    np.testing.assert_array_equal(estimate.plate_depth, estimate.network_depth)


def test_frames_are_fitted_to_the_depth_that_a_tape_gave_a_scale() -> None:
    scale = MetricScale(per_unit=2.0, uncertainty=0.3, origin="point", focal_px=None)
    plate = Plate(PIXELS, depth=0.5 * TRUE, scale=scale)
    estimate = Estimator(DIFFERENCE, plate)
    np.testing.assert_array_equal(estimate.network_depth, estimate.plate_depth)


def test_depth_from_network_leaves_out_what_the_plate_file_measured(
    edgeds: Edgeds, make_clip: Callable[..., Path], tmp_path: Path
) -> None:
    plate_to_file(measured_plate(), tmp_path / "plate.npz")
    clip = make_clip(frame_count=2, size=SIZE)
    command = ("video", clip, "-b", tmp_path / "plate.npz", "--engine", "difference", "-o", "o.mp4")
    done = edgeds(*command, "--view", "depth", "--json", "--depth-from", "network")
    depth = json.loads(done.stdout)["depth"]
    assert (depth["from"], depth["ground"], depth["scale"]) == ("network", None, None)


@pytest.mark.parametrize(("source", "is_used"), [("network", False), ("auto", True)])
def test_live_too(source: str, is_used: bool) -> None:
    frames = RealTimeSource(lambda: SyntheticSource(size=SIZE))
    wanted = replace(DepthWanted(), source=source)
    choice = plate_choice(frames, "camera", measured_plate(), None, None, wanted)
    assert choice.given is not None
    assert (choice.given.ground is not None) == is_used
