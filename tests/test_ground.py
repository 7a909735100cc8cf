"""The ground as people who walk through measure it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edgeds.errors import InputError
from edgeds.estimate.feet_depth import Standing
from edgeds.estimate.plate_depth_on_ground import GroundedDepth, _widely, grounded, on_points
from edgeds.plate.ground.camera_from_people import People
from edgeds.plate.ground.depth_bounds import bounds_of, by_height
from edgeds.plate.ground.depth_wanted import MeasuredPoint
from edgeds.plate.ground.gathering import Gathering
from edgeds.plate.ground.geometry import GroundView
from edgeds.plate.ground.ground_from_people import (
    Ground,
    ground_from_json,
    measured_ground,
    resized_ground,
)
from edgeds.plate.ground.metric_scale import MetricScale, metres_of
from edgeds.plate.ground.person_blobs import blobs_of
from edgeds.types import FloatMap

SIZE = (360, 640)


def _view(pitch_degrees: float = 20.0, height: float = 1.8, focal_px: float = 500) -> GroundView:
    pitch = float(np.radians(pitch_degrees))
    return GroundView(size=SIZE, focal_px=focal_px, pitch=pitch, roll=0.0, camera_height=height)


def _ends(view: GroundView, lowest: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Where the heads are of people with these heights and lowest pixels."""
    return view.pixels(view.feet(lowest) - height.reshape(-1, 1) * view.down)


def _people(view: GroundView, count: int, *, seed: int = 0) -> People:
    """Adults anywhere on the ground, whole in view, each a little taller or smaller."""
    rng = np.random.default_rng(seed)
    lowest = rng.uniform((40, 40), (600, 350), (40 * count, 2))
    lowest = lowest[view.inverse_depth(lowest[:, 0], lowest[:, 1]) > 0.03]
    highest = _ends(view, lowest, rng.normal(1, 0.055, len(lowest)))
    whole = (highest[:, 1] > 5) & (lowest[:, 1] - highest[:, 1] > 20)
    lowest, highest = (
        ends[whole][:count] + rng.normal(0, 0.7, (count, 2)) for ends in (lowest, highest)
    )
    return People(lowest, highest, np.ones(count))


def _ground(view: GroundView) -> Ground:
    return Ground(
        view=view,
        people=20,
        seen=20,
        places=9,
        at_once=2,
        scatter=0.05,
        uncertainty=0.05,
        shape=0.02,
    )


def _drawn(view: GroundView, lowest: tuple[float, float], height: float = 1.0) -> FloatMap:
    """The alpha of somebody: an ellipse between feet and head."""
    feet = np.array([lowest], np.float64)
    head = _ends(view, feet, np.array([height]))[0]
    alpha = np.zeros(SIZE, np.float32)
    tall = float(np.hypot(*(head - feet[0])))
    middle = tuple(round(float(v)) for v in (head + feet[0]) / 2)
    lean = float(np.degrees(np.arctan2(head[0] - feet[0, 0], feet[0, 1] - head[1])))
    cv2.ellipse(alpha, middle, (int(tall / 6), int(tall / 2)), lean, 0, 360, 1.0, -1)
    return alpha


@pytest.mark.parametrize(("pitch", "height"), [(8, 1.7), (20, 1.8), (35, 3.5)])
def test_the_depth_of_the_ground_is_found_from_people(pitch: float, height: float) -> None:
    view = _view(pitch, height)

    ground = measured_ground(_people(view, 40), SIZE, at_once=4)

    assert isinstance(ground, Ground), ground
    y = np.linspace(200, 340, 8)
    found, true = (v.inverse_depth(np.full(8, 300.0), y) for v in (ground.view, view))
    off = np.abs(np.log(found / true))
    assert np.median(off) < 3 * ground.uncertainty
    assert (
        np.std(np.log(found / true)) < 0.08
    )  # one place beside another, whatever the focal length


def test_people_and_as_many_things_of_any_height_still_show_the_ground() -> None:
    view = _view()
    adults, other = _people(view, 45), _people(view, 30, seed=5)
    rng = np.random.default_rng(1)
    wrong = other.lowest + (other.highest - other.lowest) * rng.uniform(0.2, 0.6, (30, 1))
    mixed = People(
        np.concatenate([adults.lowest, other.lowest]),
        np.concatenate([adults.highest, wrong]),
        np.ones(75),
    )

    ground = measured_ground(mixed, SIZE)

    assert isinstance(ground, Ground), ground
    assert ground.people == pytest.approx(45, abs=4)


def test_things_of_any_height_are_no_people() -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        lowest = rng.uniform((40, 150), (600, 350), (24, 2))
        height = np.exp(rng.uniform(np.log(30), np.log(140), 24))
        highest = lowest - np.stack([rng.normal(0, 5, 24), height], 1)
        assert isinstance(measured_ground(People(lowest, highest, np.ones(24)), SIZE), str), seed


def test_people_in_one_place_do_not_tell_the_ground() -> None:
    view = _view()
    lowest = np.random.default_rng(0).normal((300, 250), 6, (20, 2))
    people = People(lowest, _ends(view, lowest, np.ones(20)), np.ones(20))

    why = measured_ground(people, SIZE)

    assert isinstance(why, str)
    assert "place" in why


def _walkers(view: GroundView, seed: int, *, frames: int) -> tuple[People, int]:
    """Some adults who walk a few steps: (sightings in all frames, most in one frame)."""
    rng = np.random.default_rng(seed)
    starts = rng.uniform((40, 40), (600, 350), (400, 2))
    feet = view.feet(starts[view.inverse_depth(*starts.T) > 0.05][:6])
    down = view.down
    way = rng.normal(size=feet.shape)
    way -= (way @ down)[:, None] * down
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    tall = rng.normal(1, 0.055, len(feet))
    lean = rng.normal(0, 0.03, len(feet))
    lowest, highest = [], []
    for secs in np.linspace(0, 3, frames):
        low = view.pixels(feet + way * 0.6 * secs)  # a metre a second
        low += rng.normal(0, 0.7, low.shape)
        head = _ends(view, low, tall + 0.02 * rng.normal(size=len(tall)))
        head[:, 0] += (low[:, 1] - head[:, 1]) * lean
        inside = (head.min(1) > 5) & (low[:, 0] < SIZE[1] - 5) & (low[:, 1] < SIZE[0] - 5)
        lowest.append(low[inside])
        highest.append(head[inside])
    found = np.concatenate(lowest)
    return People(found, np.concatenate(highest), np.ones(len(found))), len(feet)


def test_more_frames_of_the_same_steps_make_no_ground_more_certain() -> None:
    """Their heights and what the mask does to their feet are the same in all of them."""
    few, many = (_walkers(_view(), 3, frames=frames) for frames in (12, 60))
    grounds = [measured_ground(people, SIZE, at_once=at_once) for people, at_once in (few, many)]
    said = [ground.uncertainty for ground in grounds if isinstance(ground, Ground)]
    assert said[1] == pytest.approx(said[0], rel=0.25)


def test_the_uncertainty_of_short_clips_holds_as_often_as_it_says() -> None:
    """A standard deviation: 68 % within it, 95 % within twice. The focal length is unknown, too."""
    off = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        view = _view(rng.uniform(8, 35), rng.uniform(1.2, 4), 500 * np.exp(rng.normal(0, 0.3)))
        people, at_once = _walkers(view, seed, frames=10)
        ground = measured_ground(people, SIZE, at_once=at_once) if len(people) else ""
        if isinstance(ground, Ground):
            nearness = [v.inverse_depth(*people.lowest.T) for v in (ground.view, view)]
            error = np.median(np.log(nearness[0] / nearness[1]))
            off.append(abs(float(error)) / ground.uncertainty)
    assert len(off) >= 20
    assert np.mean(np.array(off) < 1) >= 0.6
    assert np.mean(np.array(off) < 2) >= 0.9


def test_few_people_are_too_few() -> None:
    assert "3 sightings" in str(measured_ground(_people(_view(), 3), SIZE))


def test_a_person_is_told_from_a_vehicle_and_from_somebody_who_is_cut() -> None:
    alpha = np.maximum(_drawn(_view(), (150, 300)), _drawn(_view(), (320, 358)))
    alpha[200:250, 420:560] = 1  # a car from the side
    alpha[100:180, 580:612] = 1  # a van from above: slender, with a flat top

    found = {blob.box[0] // 100: blob.is_person for blob, _ in blobs_of(alpha, SIZE)}

    assert found == {1: True, 2: False, 4: False, 5: False}


def test_blobs_are_measured_in_pixels_of_the_plate_whatever_the_shape_of_the_alpha() -> None:
    alpha = _drawn(_view(), (200, 300))
    squeezed = cv2.resize(alpha, (320, 120), interpolation=cv2.INTER_AREA)

    ((blob, _),), ((small, _),) = blobs_of(alpha, SIZE), blobs_of(squeezed, SIZE)

    assert small.lowest == pytest.approx(blob.lowest, abs=3)
    assert small.highest == pytest.approx(blob.highest, abs=3)


def test_the_plate_is_behind_who_walked_before_it_and_before_who_vanished() -> None:
    view = _view(20, 2.5)
    people = Gathering(SIZE)
    for x in (200, 203, 206):
        people.add(_drawn(view, (x, 300)))
    for x in (450, 452, 454):  # their legs are behind something
        alpha = _drawn(view, (x, 280))
        alpha[215:] = 0
        people.add(alpha)

    bounds = bounds_of(people.sightings, view, (180, 320))

    def near(x: float, y: float) -> float:
        return float(1 / view.feet(np.array([[x, y]]))[0, 2])

    assert bounds.most[125, 101] == pytest.approx(1.05 * near(203, 300), rel=0.05)
    assert bounds.least[125, 226] == pytest.approx(near(452, 280), rel=0.1)
    assert np.isinf(bounds.most[20, 20])
    assert bounds.walked[150, 101]


def test_a_head_tells_where_its_feet_must_be() -> None:
    view = _view(20, 2.5)
    lowest = np.array([[300.0, 320.0]])

    feet = by_height(view, _ends(view, lowest, np.ones(1)))

    assert feet[0] == pytest.approx(view.feet(lowest)[0], rel=1e-3)
    assert np.isnan(by_height(_view(5, 1.05), lowest)).all()  # as high as the camera: anywhere


def _wall_and_ground(view: GroundView) -> tuple[FloatMap, np.ndarray, np.ndarray]:
    """(true depth, picture, where the ground is): a wall that stands at row 160."""
    true = np.maximum(view.inverse_depth_map(), view.inverse_depth(0, 160)).astype(np.float32)
    is_ground = np.zeros(SIZE, bool)
    is_ground[160:] = True
    picture = np.where(is_ground[..., None], (90, 120, 70), (180, 170, 160)).astype(np.uint8)
    return true, picture, is_ground


def test_a_networks_ramp_becomes_the_ground_and_the_wall_comes_along() -> None:
    view = _view(20, 2.5)
    true, picture, is_ground = _wall_and_ground(view)
    network = 0.3 * np.sqrt(true)  # the order is right, the distances are not
    people = Gathering(SIZE)
    for x, y in (
        (100, 345),
        (220, 300),
        (330, 260),
        (430, 225),
        (540, 200),
        (300, 330),
        (480, 280),
    ):
        people.add(_drawn(view, (x, y)))

    found = grounded(network, picture, _ground(view), people.sightings)

    metres, expected = metres_of(found.depth, found.scale), 1.7 / true
    off = np.abs(np.log(metres / expected))
    assert np.median(off[is_ground]) < 0.02
    assert np.percentile(off[is_ground], 90) < 0.06
    assert np.median(off[60:150]) < 0.1
    before = np.abs(np.log(network / true) - np.median(np.log(network / true)))
    assert np.median(before[is_ground]) > 0.1


def test_who_stands_has_the_depth_of_the_feet_and_who_is_hidden_of_the_height() -> None:
    view = _view(20, 2.5)
    true, _, _ = _wall_and_ground(view)
    hidden_by = true.copy()
    hidden_by[236:, 400:500] = 2.0  # a box close to the camera
    standing = Standing(view, 1.0, hidden_by, hidden_by)
    alpha = np.maximum(_drawn(view, (150, 300)), _drawn(view, (450, 280)))
    alpha[234:, 400:500] = 0
    near = np.full(SIZE, 0.05, np.float32)

    depth = standing(near, alpha)

    seen, half = (
        float(1 / view.feet(np.array([at]))[0, 2]) for at in ((150.0, 300.0), (450.0, 280.0))
    )
    assert depth[260, 150] == pytest.approx(seen, rel=0.05)
    assert depth[215, 450] == pytest.approx(half, rel=0.1)
    assert depth[20, 20] == pytest.approx(0.05)


def test_a_measured_distance_says_how_tall_people_are() -> None:
    view = _view(20, 2.5)
    depth = np.maximum(view.inverse_depth_map(), 0.01)
    scale = MetricScale(per_unit=1 / 1.7, uncertainty=0.1, origin="people", focal_px=view.focal_px)
    by_people = GroundedDepth(depth, scale, _ground(view))
    x, y = 320.0, 300.0
    along = float(1.9 / view.inverse_depth(x, y))  # as if people were 1.90 m on average
    away = along * float(np.linalg.norm(view.rays(np.array([[x, y]]))))

    found = on_points(depth, by_people, [MeasuredPoint(x, y, away)])

    assert found.ground is not None
    assert found.ground.person_m == pytest.approx(1.9, rel=0.01)
    assert float(metres_of(found.depth[300, 320], found.scale)) == pytest.approx(along, rel=0.01)
    assert found.scale.uncertainty < scale.uncertainty


def test_a_networks_depth_gets_scale_and_shift_from_two_distances() -> None:
    rows = np.linspace(0.1, 1, SIZE[0], dtype=np.float32)
    depth = np.repeat(rows[:, None], SIZE[1], 1)
    points = [MeasuredPoint(320, 60, 6.0), MeasuredPoint(320, 340, 1.5)]

    found = on_points(depth, None, points)

    for point in points:
        metres = float(metres_of(depth[int(point.y), int(point.x)], found.scale))
        assert metres == pytest.approx(point.metres, rel=0.1)  # measured along the line of sight
    with pytest.raises(InputError, match="contradict"):
        on_points(depth, None, [replace(points[0], metres=1.0), replace(points[1], metres=6.0)])


def test_a_ground_survives_json_and_another_size() -> None:
    ground = _ground(_view())

    again = ground_from_json(ground.as_json())
    half = resized_ground(ground, (180, 320))

    assert again.view.focal_px == pytest.approx(ground.view.focal_px)
    assert again.as_json() == ground.as_json()
    at, there = ground.view.inverse_depth(321, 301), half.view.inverse_depth(160.25, 150.25)
    assert there == pytest.approx(at, rel=1e-6)
    with pytest.raises(ValueError, match="ground"):
        ground_from_json({**ground.as_json(), "focal_px": -1})


def test_whose_head_is_over_the_picture_still_stands_on_the_ground() -> None:
    view = _view(20, 0.9)
    flat = np.full(SIZE, 0.01, np.float32)
    alpha = _drawn(view, (300, 340))
    assert alpha[0].any()  # it is cut
    near = np.full(SIZE, 0.1, np.float32)

    depth = Standing(view, 1.0, flat, flat)(near, alpha)

    true = float(1 / view.feet(np.array([[300.0, 340.0]]))[0, 2])
    assert depth[150, 300] == pytest.approx(true, rel=0.05)


@pytest.mark.parametrize("sigma", [3.0, 20.0, 70.0])
def test_a_wide_blur_on_a_small_map_is_that_of_the_large_one(sigma: float) -> None:
    values = np.random.default_rng(3).normal(0, 1, (192, 320)).astype(np.float32)
    values[60:130, 100:250] += 3
    wide = cv2.GaussianBlur(values, (0, 0), sigma)
    assert np.abs(_widely(values, sigma) - wide).max() < 0.1
