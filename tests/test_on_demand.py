"""Frames keep their planes; maps are made where they are asked for, and a part is the whole's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.foreground_boxes import boxes_of
from edgeds.estimate.look_settings import WHOLE
from edgeds.estimate.matte_refinement import refined
from edgeds.estimate.settings import MATTE
from edgeds.plate.plate import Plate
from edgeds.sources import SyntheticSource
from edgeds.sources.scaling import resized
from edgeds.sources.video import VideoSource
from edgeds.sources.yuv_planes import YuvPicture
from edgeds.types import Box, Frame, Maps, Pixels, PlateFeatures, Size

CLIP = Path(__file__).parent / "data" / "moving_person.mp4"


@pytest.fixture(scope="module")
def decoded() -> Frame:
    with VideoSource(CLIP) as source:
        return next(iter(source))


def test_a_decoded_frame_keeps_the_decoders_planes(decoded: Frame) -> None:
    assert isinstance(decoded.picture, YuvPicture)
    assert decoded.picture.layout == "yuv420p"
    assert [plane.shape for plane in decoded.picture.planes] == [(360, 640), (180, 320), (180, 320)]
    assert not decoded.picture.planes[0].flags.writeable


def test_rgb_of_planes_is_what_swscale_makes_accurately(decoded: Frame) -> None:
    video = decoded.picture.video  # type: ignore[attr-defined]
    exact = video.to_ndarray(
        format="rgb24", src_colorspace=5, src_color_range=1, dst_color_range=2,
        interpolation=0x2 | 0x2000 | 0x40000,
    )  # fmt: skip
    difference = decoded.pixels.astype(int) - exact
    assert abs(difference.mean()) < 0.1
    assert np.abs(difference).max() <= 3  # both round, one of them in steps
    assert decoded.pixels is decoded.pixels


@pytest.mark.parametrize(
    "box", [Box(0, 0, 41, 63), Box(101, 77, 240, 301), Box(319, 600, 360, 640)]
)
def test_a_region_is_that_part_of_the_whole(decoded: Frame, box: Box) -> None:
    with VideoSource(CLIP) as source:
        fresh = next(iter(source))
    assert np.array_equal(fresh.region(box), decoded.pixels[box.of])


def test_single_pixels_are_those_of_the_whole(decoded: Frame) -> None:
    rng = np.random.default_rng(1)
    height, width = decoded.size
    rows, columns = (rng.integers(0, side, 500, np.int32) for side in (height, width))
    rows[:2], columns[:2] = (0, height - 1), (0, width - 1)
    fresh = replace(decoded, picture=YuvPicture(decoded.picture.video, decoded.picture.colour))
    assert np.array_equal(fresh.colours(rows, columns), decoded.pixels[rows, columns])


@pytest.mark.parametrize(
    ("box", "size"),
    [
        (Box(16, 8, 304, 488), (96, 160)),
        (Box(0, 0, 96, 160), (96, 160)),
        (Box(2, 3, 301, 480), (96, 160)),
        (Box(0, 0, 360, 640), (80, 128)),
        (Box(40, 60, 104, 160), (160, 96)),
    ],
)
def test_a_part_at_another_size_is_scaled_before_it_is_converted(
    decoded: Frame, box: Box, size: Size
) -> None:
    fresh = replace(decoded, picture=YuvPicture(decoded.picture.video, decoded.picture.colour))
    exact = resized(decoded.pixels[box.of].astype(np.float32), size)
    difference = fresh.picture.region(box, size) - exact
    assert np.abs(difference).mean() < 0.5
    assert np.abs(difference.mean(axis=(0, 1))).max() < 0.1


def test_a_small_picture_is_the_area_mean_of_the_large_one(decoded: Frame) -> None:
    small = decoded.rgb((90, 160)).astype(int)
    exact = cv2.resize(decoded.pixels, (160, 90), interpolation=cv2.INTER_AREA)
    assert abs((small - exact).mean()) < 0.15
    assert np.abs(small - exact).mean() < 1


def test_other_pixels_and_other_times_make_another_frame(decoded: Frame) -> None:
    later = replace(decoded, pts=7)
    assert later.picture is decoded.picture
    assert later.pts == 7
    black = np.zeros_like(decoded.pixels)
    for shown in (decoded.with_pixels(black), replace(decoded, pixels=black)):  # type: ignore[call-arg]
        assert shown.pixels is black
        assert shown.time_base == decoded.time_base
    with pytest.raises(TypeError):
        Frame()


@pytest.mark.parametrize("size", [(180, 320), (90, 160), (135, 202), (61, 97)])
def test_maps_on_demand_are_those_of_the_whole_frame(size: Size) -> None:
    source = SyntheticSource(size=size, frame_count=9, noise_levels=0)
    frame = source.frame(5)
    engine = DifferenceEngine(size=(90, 160))
    small_plate = Plate(source.plate)
    estimate = Estimator(engine, small_plate)
    maps = estimate(frame)
    coarse = engine.infer(frame.rgb(engine.size), _features(engine, source)).alpha
    matte = MATTE.for_sizes(size, engine.size)
    at_once = refined(coarse, frame.pixels, source.plate, settings=matte)
    inside = np.zeros(size, np.bool_)
    for box in maps.boxes:
        inside[box.of] = True
        assert np.array_equal(maps.alpha_in(box), maps.alpha[box.of])
        assert np.array_equal(maps.inverse_depth_in(box), maps.inverse_depth[box.of])
    assert 0.02 < inside.mean() < 0.6
    assert not maps.alpha[~inside].any()
    assert np.abs(maps.alpha - at_once.alpha).max() < 1e-3
    assert np.array_equal(maps.inverse_depth[~inside], estimate.plate_depth[~inside])
    part = Box(3, 5, size[0] - 4, size[1] // 2 + 1)
    assert np.array_equal(estimate(frame).alpha_in(part), maps.alpha[part.of])
    assert np.array_equal(estimate(frame).inverse_depth_in(part), maps.inverse_depth[part.of])


class _Doubting(DifferenceEngine):
    """Calls nothing quite empty, as a network does."""

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        maps = super().infer(frame, plate)
        return Maps(np.maximum(maps.alpha, np.float32(0.015)), maps.inverse_depth)


def test_faint_alpha_counts_beside_foreground_alone() -> None:
    source = SyntheticSource(size=(180, 320), frame_count=9, noise_levels=0)
    estimate = Estimator(_Doubting(size=(90, 160)), Plate(source.plate), looks=WHOLE)
    empty = estimate(Frame(source.plate))
    assert empty.boxes == ()
    assert not empty.alpha.any()
    seen = estimate(source.frame(5)).alpha
    assert seen.max() > 0.99
    assert ((seen > 0) & (seen < 0.02)).mean() < 0.1


def test_maps_at_another_size_show_the_same_scene() -> None:
    source = SyntheticSource(size=(180, 320), frame_count=9)
    maps = Estimator(DifferenceEngine(size=(90, 160)), Plate(source.plate))(source.frame(5))
    small = maps.alpha_at((45, 80)), maps.inverse_depth_at((45, 80))
    for quick, whole in zip(small, (maps.alpha, maps.inverse_depth), strict=True):
        exact = cv2.resize(whole, (80, 45), interpolation=cv2.INTER_AREA)
        assert np.abs(quick - exact).mean() < 0.02
        assert np.corrcoef(quick.ravel(), exact.ravel())[0, 1] > 0.98


def test_maps_that_are_there_have_one_box() -> None:
    alpha = np.zeros((20, 30), np.float32)
    assert Maps(alpha, alpha).boxes == ()
    alpha[3:7, 10:20] = 0.5
    assert Maps(alpha, alpha).boxes == (Box(0, 8, 10, 22),)


def test_boxes_hold_all_of_a_mask_and_do_not_overlap() -> None:
    rng = np.random.default_rng(3)
    for count in (0, 1, 3, 40):
        mask = np.zeros((96, 160), np.bool_)
        for top, left in rng.integers(0, (90, 150), (count, 2)):
            mask[top : top + 6, left : left + 9] = True
        covered = np.zeros(mask.shape, int)
        boxes = boxes_of(mask, 2, apart_px=10)
        for box in boxes:
            covered[box.of] += 1
        assert covered.max(initial=0) <= 1
        assert (covered[mask] == 1).all()
        assert len(boxes) <= max(count, 0)
    far = np.zeros((96, 160), np.bool_)
    far[4:12, 4:12] = far[80:90, 140:150] = True
    assert len(boxes_of(far, 2, apart_px=10)) == 2


def _features(engine: DifferenceEngine, source: SyntheticSource) -> object:
    return engine.encode_plate(Frame(source.plate).rgb(engine.size))


def test_the_plates_offset_in_a_box_is_that_of_the_whole() -> None:
    source = SyntheticSource(size=(180, 320), frame_count=9)
    brighter = np.clip(source.plate * 1.1, 0, 255).astype(np.uint8)
    estimate = Estimator(DifferenceEngine(size=(90, 160)), Plate(source.plate), looks=WHOLE)
    maps = estimate(
        Frame(np.where(source.alpha(5)[..., None] > 0, source.frame(5).pixels, brighter))
    )
    whole_offset = maps.plate_offset
    assert whole_offset is not None
    for box in maps.boxes:
        part = maps.plate_offset_in(box)
        assert part is not None
        large = cv2.resize(whole_offset, (320, 180))[box.of]
        inner = np.s_[6:-6, 6:-6]
        assert np.abs(part[inner] - large[inner]).max() < 1e-3
    assert np.abs(whole_offset).max() > 3
