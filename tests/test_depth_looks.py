"""The plate's depth from several looks: sizes, mirrors, parts, edges; and who uses it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.errors import ShapeError
from edgeds.estimate import plate_depth
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.kept_depth import KnownDepth
from edgeds.estimate.plate_depth import edges_of_plate, plate_depth_of
from edgeds.estimate.settings import PLATE_DEPTH
from edgeds.plate.plate import Plate
from edgeds.types import FloatMap, Frame, Pixels, Size


class Brightness:
    """A depth network for pictures in which what is near is bright. Each answer has another scale
    and shift, as a relative network's do.
    """

    def __init__(self, size: Size, *, scale: float = 1.0, lean: float = 0.0) -> None:
        self.size, self.scale, self.lean = size, scale, lean
        self.identity = f"brightness {size} {scale} {lean}"
        self.seen: list[Pixels] = []

    def __call__(self, pixels: Pixels) -> FloatMap:
        assert pixels.shape == (*self.size, 3)
        self.seen.append(pixels.copy())
        grown = self.scale ** (len(self.seen) - 1)
        lean = np.linspace(0, self.lean, self.size[1], dtype=np.float32)
        depth: FloatMap = (pixels.mean(2, dtype=np.float32) / 255 * grown + lean).astype(np.float32)
        return depth


def ramp(size: Size) -> Pixels:
    grey = np.linspace(40, 220, size[0]).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(np.repeat(grey[:, None], size[1], 1)[..., None], 3, 2))


def test_depth_has_the_size_of_the_plate_and_what_the_network_said() -> None:
    plate = ramp((90, 160))
    depth = plate_depth_of(Brightness((64, 128)), plate)
    assert depth.shape == (90, 160)
    np.testing.assert_allclose(depth, plate[..., 0] / np.float32(255), atol=0.02)


def test_what_a_network_says_of_one_side_is_evened_out_by_the_mirror() -> None:
    depth = plate_depth_of(Brightness((64, 128), lean=0.4), ramp((64, 128)))
    left, right = depth[:, :20].mean(), depth[:, -20:].mean()
    assert left == pytest.approx(right, abs=0.01)


def test_parts_of_a_large_plate_are_brought_to_the_scale_of_the_whole() -> None:
    plate = ramp((256, 512))
    network = Brightness((64, 128), scale=0.93)
    depth = plate_depth_of(network, plate)
    assert len(network.seen) == 2 + 2 * 5, "the whole and five parts, mirrored too"
    expected = plate[..., 0] / np.float32(255) * (1 + 0.93) / 2
    np.testing.assert_allclose(depth, expected, rtol=0.1)
    assert np.corrcoef(depth.ravel(), expected.ravel())[0, 1] > 0.999


class PostBelow(Brightness):
    """Sees a post in the middle of the parts below, and hardly any depth in the other parts."""

    def __call__(self, pixels: Pixels) -> FloatMap:
        depth = super().__call__(pixels)
        if len(self.seen) in (3, 4, 5, 6, 11, 12):
            return np.asarray(0.5 + 0.05 * depth, np.float32)
        if len(self.seen) > 2:
            depth[:, 62:66] += 0.5
        return depth


def test_a_part_that_is_not_believed_leaves_no_seam() -> None:
    depth = plate_depth_of(PostBelow((64, 128)), ramp((256, 512)))
    post = np.log(depth[:, 154] / depth[:, 256])
    assert post[-60] - post[60] > 0.2
    assert np.abs(np.diff(post)).max() < 0.03, "it rises slowly where the part below begins"


def test_parts_show_what_is_too_small_in_the_whole() -> None:
    plate = np.full((256, 512, 3), 100, np.uint8)
    plate[100:104, 100:400] = 200  # a rail: one line of the whole, at half its contrast
    depth = plate_depth_of(Brightness((64, 128)), plate)
    assert depth[102, 250] / depth[60, 250] > 1.7


def test_a_soft_depth_edge_becomes_sharper_where_the_plate_has_one() -> None:
    plate = np.full((240, 400, 3), 80, np.uint8)
    plate[:, 200:] = 160
    noise = np.random.default_rng(0).normal(0, 2, plate.shape)
    plate = np.clip(plate + noise, 0, 255).astype(np.uint8)
    sharp = np.where(np.arange(400) < 200, 0.2, 1.0)[None].repeat(240, 0).astype(np.float32)
    soft = cv2.GaussianBlur(sharp, (0, 0), 5)

    def width(depth: FloatMap) -> int:
        row = np.median(depth, 0)
        return int(((row > 0.3) & (row < 0.85)).sum())

    assert width(edges_of_plate(soft, plate)) <= 0.6 * width(soft)


def _ramp(width: int) -> tuple[Pixels, FloatMap]:
    """A grey plate, no colour of which says where an edge is, and a ramp between two levels."""
    plate = np.full((256, 448, 3), 120, np.uint8)
    ramp = np.clip((np.arange(448) - 215) / width, 0, 1)
    return plate, (0.2 * 2.5**ramp)[None].repeat(256, 0).astype(np.float32)


def _steepest(depth: FloatMap) -> float:
    return float(np.diff(np.log(depth[128])).max())


def test_a_ramp_between_two_levels_becomes_short_and_a_floor_stays_a_slope(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plate, levels = _ramp(12)
    found = edges_of_plate(levels, plate)
    assert found.min() == pytest.approx(0.2, rel=0.02), "the levels stay"
    assert found.max() == pytest.approx(0.5, rel=0.02)
    floor = np.geomspace(0.2, 0.8, 256)[:, None].repeat(448, 1).astype(np.float32)
    np.testing.assert_allclose(edges_of_plate(floor, plate)[16:-16], floor[16:-16], rtol=0.02)
    monkeypatch.setattr(plate_depth, "PLATE_DEPTH", replace(PLATE_DEPTH, steep_rounds=0))
    assert _steepest(found) > 1.08 * _steepest(edges_of_plate(levels, plate))


def test_a_floor_that_turns_up_slowly_does_not_become_a_step() -> None:
    """A wide ramp is no edge, and where it lies the network knows by all of it."""
    plate, _ = _ramp(12)
    up = np.clip((np.arange(448) - 200) / 40, 0, 1) ** 3
    values = (0.2 + 0.4 * up)[None].repeat(256, 0).astype(np.float32)
    found, wanted = (
        cv2.blur(one, (61, 1))[128, 100:-100] for one in (edges_of_plate(values, plate), values)
    )
    np.testing.assert_allclose(found, wanted, rtol=0.06)


def test_an_arrow_painted_on_a_road_stays_flat() -> None:
    """A network sees it a little nearer than the road; nothing may make a step of that."""
    rows = np.linspace(0.3, 1, 256, dtype=np.float32)[:, None]
    road = np.repeat(rows, 448, 1)
    plate = np.full((256, 448, 3), 90, np.uint8)
    plate[120:140, 100:350] = plate[105:155, 300:320] = 220
    seen = road * (1 + 0.01 * cv2.GaussianBlur((plate[..., 0] > 150).astype(np.float32), (0, 0), 3))
    found = edges_of_plate(seen, plate)
    assert np.abs(found / road - 1)[40:-40, 20:-20].max() < 0.015


def test_texture_without_depth_stays_flat() -> None:
    plate = np.random.default_rng(0).integers(0, 256, (120, 200, 3), np.uint8)
    depth = edges_of_plate(np.full((120, 200), 0.4, np.float32), plate)
    np.testing.assert_allclose(depth, 0.4, rtol=1e-3)


def test_an_estimator_answers_at_once_and_takes_a_better_depth_later() -> None:
    plate = ramp((90, 160))
    estimate = Estimator(DifferenceEngine(size=(45, 80)), Plate(plate))
    frame = Frame(plate)
    before = estimate(frame).inverse_depth
    better = plate_depth_of(Brightness((64, 128)), plate)
    estimate.take_known(KnownDepth(better, "", None))
    np.testing.assert_array_equal(estimate.plate_depth, better)
    np.testing.assert_allclose(estimate(frame).inverse_depth, better, atol=1e-6)
    assert np.abs(before - better).max() > 0.05
    assert estimate.depth_range[1] == pytest.approx(np.percentile(better, 99), rel=0.1)


def test_an_estimator_made_with_a_depth_network_uses_it_from_the_first_frame() -> None:
    plate = ramp((90, 160))
    network = Brightness((64, 128))
    estimate = Estimator(DifferenceEngine(size=(45, 80)), Plate(plate), depth_network=network)
    np.testing.assert_array_equal(
        estimate.plate_depth, plate_depth_of(Brightness((64, 128)), plate)
    )


def test_a_depth_that_comes_after_the_camera_moved_is_moved_along() -> None:
    plate = ramp((90, 160))
    estimate = Estimator(DifferenceEngine(size=(45, 80)), Plate(plate))
    down = np.array([[1, 0, 0], [0, 1, 10], [0, 0, 1]], np.float64)
    estimate.replace_plate(Plate(np.roll(plate, 10, 0)), move=down)
    better = plate_depth_of(Brightness((64, 128)), plate)
    estimate.take_known(KnownDepth(better, "", None))
    np.testing.assert_allclose(estimate.plate_depth[20:], better[10:-10], atol=1e-5)


def test_the_depth_of_another_picture_is_refused() -> None:
    estimate = Estimator(DifferenceEngine(size=(45, 80)), Plate(ramp((90, 160))))
    with pytest.raises(ShapeError, match="depth"):
        estimate.take_known(KnownDepth(np.ones((10, 10), np.float32), "", None))
