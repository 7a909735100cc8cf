"""Where the network looks: the whole, the part with foreground, or nothing; and what it costs."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.frame_change import ChangeDetector, JudgedColours
from edgeds.estimate.look_settings import LOOKS, WHOLE
from edgeds.estimate.maps_on_demand import PlateView
from edgeds.estimate.part_in_use import PartInUse
from edgeds.estimate.part_maps import onto_whole, out_of_whole, view_of_part
from edgeds.estimate.part_place import Motion, Place, Track, networks_like, place_for
from edgeds.plate.plate import Plate
from edgeds.types import Box, FloatMap, Frame, Maps, Pixels, PlateFeatures, Size, whole

SIZE = 360, 640
NETWORK = 96, 160
Scene = Callable[[int], Pixels]


class CountingEngine(DifferenceEngine):
    """Plain difference; it counts looks at frames and at plates."""

    def __init__(self, size: Size = NETWORK) -> None:
        super().__init__(size=size)
        self.looks = self.plates = 0

    def encode_plate(self, plate: Pixels, noise: FloatMap | None = None) -> PlateFeatures:
        self.plates += 1
        return super().encode_plate(plate, noise)

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        self.looks += 1
        return super().infer(frame, plate)


@pytest.fixture(scope="module")
def room() -> Pixels:
    rng = np.random.default_rng(3)
    coarse = rng.integers(60, 150, (12, 20, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def _frames(scene: Scene, count: int, noise: float = 1.5) -> list[Frame]:
    frames = []
    for index in range(count):
        rng = np.random.default_rng(index)
        noisy = scene(index) + noise * rng.standard_normal((*SIZE, 3), np.float32)
        frames.append(Frame(np.clip(np.round(noisy), 0, 255).astype(np.uint8), index, index))
    return frames


def _with_box(picture: Pixels, top: int, left: int, height: int, width: int) -> Pixels:
    shown = picture.copy()
    shown[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)] = (230, 40, 60)
    return shown


def _played(room: Pixels, frames: list[Frame]) -> tuple[list[Maps], CountingEngine]:
    engine = CountingEngine()
    estimate = Estimator(engine, Plate(room))
    engine.looks = engine.plates = 0
    return [estimate(frame) for frame in frames], engine


def _every_time(room: Pixels, frames: list[Frame]) -> list[Maps]:
    """What an estimator says that sees each frame for the first time."""
    engine = CountingEngine()
    found = []
    estimate = Estimator(engine, Plate(room))
    for frame in frames:
        estimate._looks.forget()
        found.append(estimate(frame))
    return found


def test_an_empty_noisy_scene_costs_next_to_nothing(room: Pixels) -> None:
    maps, engine = _played(room, _frames(lambda _: room, 40))
    assert engine.looks <= 3
    assert not any(m.alpha.any() for m in maps)


def test_a_still_person_is_looked_at_again_when_something_moves(room: Pixels) -> None:
    def scene(index: int) -> Pixels:
        shown = _with_box(room, 100, 200, 80, 50)
        return _with_box(shown, 120, 250, 6, 20) if index >= 12 else shown

    maps, engine = _played(room, _frames(scene, 20))
    assert engine.looks <= 2 + 2 + 1  # the first, and the arm, twice where it leaves the part
    assert maps[11].alpha[123, 260] < 0.1
    assert maps[12].alpha[123, 260] > 0.9


def test_a_small_thing_has_the_edges_that_a_part_shows(room: Pixels) -> None:
    def disc(picture: Pixels) -> Pixels:
        shown = picture.copy()
        cv2.circle(shown, (301, 170), 30, (230, 40, 60), -1, cv2.LINE_AA)
        return shown

    truth = disc(np.zeros_like(room))[..., 0].astype(np.float32) / 230
    seen, coarse = (
        Estimator(CountingEngine(), Plate(room), looks=looks)(Frame(disc(room)))
        for looks in (LOOKS, WHOLE)
    )
    error, coarse_error = (np.abs(m.alpha - truth).mean() for m in (seen, coarse))
    assert error < 0.75 * coarse_error


@pytest.mark.parametrize("walker", [True, False])
def test_a_small_thing_at_walking_pace_is_seen_in_the_frame_it_enters(
    room: Pixels, walker: bool
) -> None:
    def scene(index: int) -> Pixels:  # 6 px of 640 are 12 of 1280, 3 px a frame
        shown = _with_box(room, 60, 40 + index, 70, 40) if walker else room
        return _with_box(shown, 250, 640 - 3 * max(0, index - 8), 6, 6)

    frames = _frames(scene, 28)
    maps, _ = _played(room, frames)
    for index, (played, alone) in enumerate(zip(maps, _every_time(room, frames), strict=True)):
        thing = np.s_[240:266, 560:]
        found, there = (float(m.alpha[thing].sum()) for m in (played, alone))
        assert found > 0.8 * there - 1, index
    assert maps[-1].alpha[240:266].max() > 0.9


def test_a_hand_that_enters_by_one_pixel_a_frame_is_never_behind(room: Pixels) -> None:
    def scene(index: int) -> Pixels:
        shown = _with_box(room, 220, 100, 90, 60)
        return _with_box(shown, 90, -40 + max(0, index - 6), 24, 40)

    frames = _frames(scene, 30)
    maps, _ = _played(room, frames)
    for index, (played, alone) in enumerate(zip(maps, _every_time(room, frames), strict=True)):
        hand = np.s_[80:124, :30]
        found, there = (float(m.alpha[hand].sum()) for m in (played, alone))
        assert abs(found - there) < 3 * 24, index  # of what is one column a frame, three frames'


def test_light_that_changes_slowly_is_followed(room: Pixels) -> None:
    frames = _frames(lambda index: np.clip(room + 0.8 * index, 0, 255).astype(np.uint8), 36)
    maps, engine = _played(room, frames)
    alone = _every_time(room, frames)
    assert alone[-1].alpha.mean() > 0.2  # difference takes it for foreground
    worst = max(np.abs(m.alpha - a.alpha).mean() for m, a in zip(maps, alone, strict=True))
    assert worst < 0.25  # four levels of the 24 between none and all
    assert engine.looks < len(frames)


def test_changes_all_over_cost_no_more_than_a_quarter_of_a_look(room: Pixels) -> None:
    def scene(index: int) -> Pixels:  # leaves: a stripe that no part holds
        shown = _with_box(room, 100, 60 + index % 7, 60, 40)
        shown[300:340, 300:620] += np.uint8(9 * (index % 2))
        return shown

    _, engine = _played(room, _frames(scene, 90))
    assert engine.looks + 0.65 * engine.plates < 1.25 * 90


def test_who_walks_is_seen_in_one_look_a_frame(room: Pixels) -> None:
    frames = _frames(lambda index: _with_box(room, 120, 40 + 3 * index, 90, 40), 60)
    maps, engine = _played(room, frames)
    assert engine.looks + 0.65 * engine.plates < 1.2 * 60
    for index, played in enumerate(maps):
        truth = _with_box(np.zeros_like(room), 120, 40 + 3 * index, 90, 40)[..., 0] > 0
        found = played.alpha > 0.5
        assert (found & truth).sum() / (found | truth).sum() > 0.9, index


def test_maps_of_a_part_are_those_of_the_frame_everywhere(room: Pixels) -> None:
    estimate = Estimator(CountingEngine(), Plate(room))
    maps = estimate(Frame(_with_box(room, 120, 400, 90, 40)))
    assert len(maps.depth_parts_at((90, 160))[1]) == 1
    inside = np.zeros(SIZE, np.bool_)
    for box in maps.boxes:
        inside[box.of] = True
        assert np.array_equal(maps.alpha_in(box), maps.alpha[box.of])
    assert not maps.alpha[~inside].any()
    assert np.array_equal(maps.inverse_depth[~inside], estimate.plate_depth[~inside])
    part = Box(100, 390, 201, 433)
    fresh = Estimator(CountingEngine(), Plate(room))(Frame(_with_box(room, 120, 400, 90, 40)))
    assert np.array_equal(fresh.alpha_in(part), maps.alpha[part.of])
    assert np.array_equal(fresh.inverse_depth_in(part), maps.inverse_depth[part.of])
    for size in ((90, 160), (180, 320)):
        exact = cv2.resize(maps.alpha, size[::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(maps.alpha_at(size) - exact).mean() < 4e-3
        exact = cv2.resize(maps.inverse_depth, size[::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(maps.inverse_depth_at(size) - exact).mean() < 4e-3
    assert maps.plate_offset is not None
    assert maps.plate_offset.shape == (*NETWORK, 3)


def test_a_part_goes_to_its_place_and_back() -> None:
    y, x = np.mgrid[:192, :320].astype(np.float32)
    place = Place(Box(72, 96, 264, 416), (192, 320))
    values: FloatMap = np.asarray(x / 320 + y / 192, np.float32)
    full = onto_whole(values, place.box, SIZE, SIZE)
    assert np.array_equal(full[place.box.of], values)
    half = onto_whole(values, place.box, SIZE, (180, 320))
    assert half[36 + 40, 48 + 60] == pytest.approx(120.5 / 320 + 80.5 / 192, abs=4e-3)
    again = out_of_whole(half, place, SIZE)
    inner = np.s_[8:-8, 8:-8]
    assert np.abs(again[inner] - values[inner]).max() < 4e-3


def test_a_part_of_the_plate_is_no_copy_of_it() -> None:
    """At 4K the parts that are kept would hold 43 MB."""
    pixels = np.zeros((90, 160, 3), np.uint8)
    doubt = np.zeros((48, 80), np.float32)
    doubt[24:, 40:] = 1
    view = PlateView(pixels, pixels[:48, :80], np.zeros((90, 160), np.float32), doubt)
    part = view_of_part(view, Place(Box(45, 80, 90, 160), (32, 64)))
    assert np.shares_memory(part.pixels, pixels)
    assert part.doubt is not None
    assert part.doubt.shape == (32, 64)
    assert part.doubt[2:, 2:].min() > 0.99


@pytest.mark.parametrize(
    ("bounds", "network"),
    [
        (Box(100, 100, 160, 300), (192, 320)),  # lying
        (Box(60, 100, 260, 300), (256, 224)),  # square
        (Box(0, 200, 360, 330), (320, 192)),  # upright, as high as the frame
    ],
)
def test_the_network_has_the_shape_of_what_it_looks_at(bounds: Box, network: Size) -> None:
    place = place_for(bounds, SIZE, networks_like((192, 320)))
    assert place is not None
    assert place.network == network
    assert place.box.top <= bounds.top
    assert place.box.left <= bounds.left
    assert place.box.bottom >= bounds.bottom
    assert place.box.right >= bounds.right
    assert place_for(bounds, SIZE, networks_like((192, 320)), place) is place
    moved = Box(*(side + shift for side, shift in zip(bounds, (0, 200, 0, 200), strict=True)))
    assert place_for(moved, SIZE, networks_like((192, 320)), place) != place


def test_a_part_reaches_to_where_the_foreground_will_be() -> None:
    bounds, networks, large = Box(100, 100, 180, 390), networks_like((192, 320)), (720, 1280)
    still = place_for(bounds, large, networks)
    ahead = place_for(bounds, large, networks, None, LOOKS, Motion(0, 50, 0, 50))
    assert still is not None
    assert ahead is not None
    assert ahead.box.right >= 390 + 50 * LOOKS.ahead_frames > still.box.right
    # where that would be too large a part, it reaches no farther than the foreground
    wide = Box(100, 100, 180, 800)
    assert place_for(wide, large, networks, None, LOOKS, Motion(-400, 0, 400, 0)) == place_for(
        wide, large, networks
    )
    # a part that the foreground leaves with the next frame is placed anew before it does
    near_edge = Box(100, 150, 180, still.box.right - 14)
    assert place_for(near_edge, large, networks, still) is still
    assert place_for(near_edge, large, networks, still, LOOKS, Motion(0, 0, 0, 8)) is not still


def test_motion_is_that_of_the_last_frames() -> None:
    track, box = Track(), Box(10, 20, 50, 60)
    assert not any(track.take(box, 1))
    moved = Box(10, 26, 50, 72)
    assert track.take(moved, 3) == (0, 3, 0, 6)
    assert track.take(moved, 3) == (0, 3, 0, 6), "one frame, seen twice"
    assert not any(track.take(moved, 9)), "too long ago"
    track.forget()
    assert not any(track.take(box, 10))


def test_who_appears_is_seen_in_the_whole_first_and_in_a_part_from_the_next_frame_on() -> None:
    use, bounds = PartInUse(networks_like((192, 320)), LOOKS), Box(100, 100, 180, 140)
    use.begin_frame()
    assert use.after_whole(None, None, SIZE) is None
    use.begin_frame()
    assert use.after_whole(bounds, 2.0, SIZE) is None
    assert use.place is not None
    assert use.after_part(use.place, bounds, 1.6, SIZE) == pytest.approx(2.0 / 1.6)
    # a look at the whole while a part is in use: both, so that the picture stays as sharp
    assert use.after_whole(bounds, 2.0, SIZE) is not None
    # the first frame of all has both
    first = PartInUse(networks_like((192, 320)), LOOKS)
    assert first.after_whole(bounds, 2.0, SIZE) is not None


def test_what_sways_beside_a_person_costs_a_look_when_it_is_new(room: Pixels) -> None:
    def scene(index: int) -> Pixels:  # the person walks within the part, a leaf turns far from it
        shown = _with_box(room, 120, 60 + 2 * (index % 3), 90, 40)
        shown[300:330, 560:600] += np.uint8(12 * (index % 2))
        return shown

    maps, engine = _played(room, _frames(scene, 40))
    assert engine.looks <= 40 + 4
    assert all(m.boxes and m.boxes[0].right < 200 for m in maps)


def test_what_was_judged_is_a_range_that_narrows() -> None:
    judged = JudgedColours()
    box, bare = whole((96, 160)), np.zeros((96, 160), np.float32)
    dark, bright, between = (np.full((96, 160, 3), level, np.uint8) for level in (80, 110, 90))
    away = Box(0, 0, 0, 0)
    judged.take(dark, bare, box)
    assert judged.left(bright, 4, outside=away)
    judged.take(bright, bare, box)
    assert not judged.left(between, 4, outside=away)
    for _ in range(60):
        judged.take(bright, bare, box)
    assert judged.left(between, 4, outside=away)
    judged.take(dark, np.ones_like(bare), box)  # foreground: no background had these colours
    assert judged.left(between, 4, outside=away)
    assert not judged.left(between, 4, outside=box)


def test_what_fills_the_frame_has_no_part() -> None:
    assert place_for(whole(SIZE), SIZE, networks_like((192, 320))) is None
    assert place_for(Box(100, 40, 300, 600), SIZE, networks_like((192, 320))) is None


def test_noise_is_learned_and_slow_change_is_none() -> None:
    change = ChangeDetector()
    still = np.full((96, 160, 3), 90, np.uint8)
    for index in range(20):
        change.smooth(np.clip(still + index // 4, 0, 255).astype(np.uint8))
    assert change.limit == pytest.approx(4)  # a level every four frames is no noise
    assert change.between(still, still + np.uint8(5))
    assert not change.between(still, still + np.uint8(4))
    rng = np.random.default_rng(0)
    noisy = [
        change.smooth(
            np.clip(still + 12 * rng.standard_normal(still.shape), 0, 255).astype(np.uint8)
        )
        for _ in range(9)
    ]
    assert not change.between(noisy[-2], noisy[-1])
    other = noisy[-1].copy()
    other[40:46, 60:66] = 200
    assert change.between(noisy[-1], other)
    assert not change.between(noisy[-1], other, outside=Box(40, 60, 46, 66))


def test_a_still_after_start_over_is_seen_as_the_first_one_is(room: Pixels) -> None:
    stills = _frames(lambda i: _with_box(room, (150, 40)[i], (100, 420)[i], 60, 40), 2)
    engine = CountingEngine()
    estimate = Estimator(engine, Plate(room))
    estimate(stills[0])
    estimate.start_over()
    engine.looks = 0
    again = estimate(stills[1])
    (alone,), seen = _played(room, stills[1:])
    assert engine.looks == seen.looks > 1  # the whole, and the part that is new
    np.testing.assert_array_equal(again.alpha, alone.alpha)
