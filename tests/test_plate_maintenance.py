"""A plate that stays valid: light and small moves are followed, foreground never is."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeds.engine import DifferenceEngine
from edgeds.errors import ShapeError
from edgeds.estimate.estimator import Estimator
from edgeds.plate.maintenance import Maintenance, PlateUpdate
from edgeds.plate.plate import Plate
from edgeds.types import FloatMap, Frame, Maps, Pixels

SIZE = 180, 320


def a_room(seed: int = 0) -> Pixels:
    """Texture at two scales, mid-grey enough to bear a change of light."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.integers(60, 160, (6, 10, 3), np.uint8), SIZE[::-1])
    fine = cv2.resize(rng.integers(0, 60, (45, 80, 3), np.uint8), SIZE[::-1])
    room: Pixels = cv2.GaussianBlur(coarse + fine, (3, 3), 0)
    return room


def a_person(share: float) -> FloatMap:
    """Alpha of a block from the lower border up that fills that share of the picture."""
    alpha = np.zeros(SIZE, np.float32)
    if share == 0:
        return alpha
    height, width = SIZE
    rows = round(height * min(0.9, share * 2))
    columns = round(share * height * width / rows)
    left = (width - columns) // 2
    alpha[height - rows :, left : left + columns] = 1
    return alpha


def with_person(room: Pixels, alpha: FloatMap) -> Pixels:
    return np.where(alpha[..., None] > 0.5, a_room(99)[::-1], room).astype(np.uint8)


def noisy(values: npt.NDArray[np.float32] | Pixels, seed: int, sigma: float = 2.0) -> Pixels:
    noise = np.random.default_rng(seed).standard_normal(values.shape, np.float32)
    return np.clip(np.round(values + sigma * noise), 0, 255).astype(np.uint8)


def lit(pixels: Pixels, gain: float | npt.NDArray[np.float32]) -> Pixels:
    return np.clip(np.round(pixels * np.float32(gain)), 0, 255).astype(np.uint8)


def watch(
    maintenance: Maintenance,
    pixels: Pixels,
    alpha: FloatMap,
    *,
    secs: float,
    looks: int = 1,
    step_secs: float = 0.2,
) -> list[PlateUpdate]:
    updates = []
    for look in range(looks):
        pts = round(1000 * (secs + look * step_secs))
        frame = Frame(noisy(pixels, seed=pts), look, pts, Fraction(1, 1000))
        updates.append(maintenance(frame, Maps(alpha, np.zeros(SIZE, np.float32))))
    return updates


EMPTY = np.zeros(SIZE, np.float32)


@given(seed=st.integers(0, 1000), share=st.sampled_from([0.0, 0.2, 0.5]))
@settings(max_examples=8, deadline=None)
def test_while_nothing_changes_the_plate_is_not_replaced(seed: int, share: float) -> None:
    room, alpha = a_room(seed), a_person(share) if share else EMPTY
    updates = watch(Maintenance(Plate(room)), with_person(room, alpha), alpha, secs=0, looks=10)
    assert all(update.plate is None for update in updates)
    assert all(update.prompt == "" for update in updates)
    assert min(update.health for update in updates) > 0.8


@given(gain=st.floats(0.7, 1.35), red=st.floats(0.92, 1.08), share=st.sampled_from([0.0, 0.2, 0.4]))
@settings(max_examples=8, deadline=None)
def test_a_jump_of_the_light_is_followed_at_once(gain: float, red: float, share: float) -> None:
    room, alpha = a_room(), a_person(share) if share else EMPTY
    maintenance = Maintenance(Plate(room))
    watch(maintenance, room, EMPTY, secs=0, looks=2)
    gains = np.array([gain * red, gain, gain / red], np.float32)
    now = lit(with_person(room, alpha), gains)
    plates = [update.plate for update in watch(maintenance, now, alpha, secs=1, looks=2)]
    plate = next((plate for plate in reversed(plates) if plate is not None), Plate(room))
    wanted = lit(room, gains).astype(float)
    usable = wanted.max(axis=-1) < 250
    assert np.abs(plate.pixels - wanted)[usable].mean() < 2


@given(x=st.floats(-5, 5), y=st.floats(-5, 5), degrees=st.sampled_from([-0.5, 0.0, 0.5]))
@settings(max_examples=8, deadline=None)
def test_a_nudge_is_found_to_a_third_of_a_pixel(x: float, y: float, degrees: float) -> None:
    height, width = SIZE
    larger = cv2.resize(a_room(3), (width + 40, height + 40))
    alpha = a_person(0.3)
    turn = cv2.getRotationMatrix2D(((width - 1) / 2 + 20, (height - 1) / 2 + 20), degrees, 1.0)
    turn[:, 2] += x, y
    moved = cv2.warpAffine(larger, turn, (width + 40, height + 40), flags=cv2.INTER_CUBIC)
    inner = slice(20, -20), slice(20, -20)
    maintenance = Maintenance(Plate(larger[inner]))
    now = with_person(moved[inner], alpha)
    update = watch(maintenance, now, alpha, secs=0, looks=6)[-1]
    there = update.move @ (width / 2, height / 2, 1)
    wanted = turn @ (width / 2 + 20, height / 2 + 20, 1) - 20
    assert np.hypot(*(there[:2] / there[2] - wanted)) < 0.3


@pytest.mark.parametrize("share", [0.0, 0.65])
@pytest.mark.parametrize("degrees", [0.0, -4.0])
def test_a_bumped_camera_is_told_within_a_second(degrees: float, share: float) -> None:
    """Somebody who hides most of the plate moves in the picture as all of it does."""
    room = a_room(5)
    maintenance = Maintenance(Plate(room))
    watch(maintenance, room, EMPTY, secs=0, looks=5)
    alpha = a_person(share)
    view = with_person(room, alpha)
    watch(maintenance, view, alpha, secs=0.5, looks=1)
    turn = cv2.getRotationMatrix2D((160, 90), degrees, 1.0)
    turn[:, 2] += 40, 15
    bumped = cv2.warpAffine(view, turn, SIZE[::-1], borderMode=cv2.BORDER_REFLECT)
    # An alpha that has lost its way, as it would with such a plate.
    lost = np.ones(SIZE, np.float32)
    updates = watch(maintenance, bumped, lost, secs=1, looks=5)
    assert updates[-1].prompt.startswith("the camera was moved: retake the plate")
    assert updates[-1].health == 0


def test_a_picture_that_turns_white_is_told_with_its_remedy() -> None:
    """Following the light is no help there: what stands before a white wall is white too."""
    room = a_room()
    maintenance = Maintenance(Plate(room))
    watch(maintenance, room, EMPTY, secs=0, looks=5)
    some = watch(maintenance, lit(room, 1.5), EMPTY, secs=1, looks=6)
    assert some[-1].prompt == ""
    assert some[-1].health < 1
    updates = watch(maintenance, lit(room, 2.2), EMPTY, secs=3, looks=6)
    assert "clipped to white: lower the exposure" in updates[-1].prompt


def test_a_prompt_goes_when_its_reason_goes() -> None:
    room = a_room(5)
    maintenance = Maintenance(Plate(room))
    watch(maintenance, np.roll(room, (20, 60), axis=(0, 1)), EMPTY, secs=0, looks=6)
    updates = watch(maintenance, room, EMPTY, secs=2, looks=6)
    assert updates[-1].prompt == ""
    assert updates[-1].health > 0.8


def test_somebody_who_fills_half_the_picture_at_once_changes_nothing() -> None:
    room, alpha = a_room(), a_person(0.55)
    maintenance = Maintenance(Plate(room))
    watch(maintenance, room, EMPTY, secs=0, looks=5)
    updates = watch(maintenance, with_person(room, alpha), alpha, secs=1, looks=20)
    assert all(update.plate is None and update.prompt == "" for update in updates)


def test_one_who_stands_before_the_camera_raises_no_prompt_until_he_stays() -> None:
    room = a_room()
    maintenance = Maintenance(Plate(room))
    watch(maintenance, room, EMPTY, secs=0, looks=5)
    covered, everywhere = a_room(98)[::-1], np.ones(SIZE, np.float32)
    updates = watch(maintenance, covered, everywhere, secs=1, looks=9, step_secs=1)
    assert all(update.plate is None and update.prompt == "" for update in updates)
    (later,) = watch(maintenance, covered, everywhere, secs=12)
    assert "covered" in later.prompt
    assert later.health == 0


def test_a_plate_of_another_scene_is_prompted_in_a_clip_of_two_seconds() -> None:
    """The plate never fitted; somebody close to the camera leaves some of the border free."""
    everywhere = np.ones(SIZE, np.float32)
    updates = watch(Maintenance(Plate(a_room())), a_room(98)[::-1], everywhere, secs=0, looks=9)
    assert [update.prompt for update in updates[:7]] == [""] * 7
    assert updates[-1].prompt.startswith("the plate shows another scene")


@pytest.mark.parametrize("is_other", [True, False])
def test_a_plate_of_another_scene_is_prompted_where_foreground_is_in_shreds(is_other: bool) -> None:
    """What alpha makes of a foreign plate; the same alpha before the right one raises none."""
    shreds = EMPTY.copy()
    shreds[:, np.arange(SIZE[1]) % 24 < 14] = 1
    shown = a_room(98)[::-1] if is_other else a_room()
    updates = watch(Maintenance(Plate(a_room())), shown, shreds, secs=0, looks=9)
    assert updates[-1].prompt.startswith("the plate shows another scene") == is_other


@pytest.mark.parametrize("first", ["not found", "covered"])
def test_looks_that_see_nothing_of_the_plate_do_not_hold_back_the_prompt(first: str) -> None:
    """A busy machine looks every few seconds: now the view is another one, now it is covered."""
    room, other = a_room(), a_room(98)[::-1]
    covered = np.ones(SIZE, np.float32)
    covered[:60, :60] = 0  # 6 % of the picture
    maintenance = Maintenance(Plate(np.where(covered[..., None] == 0, 120, room).astype(np.uint8)))
    prompts = []
    for look in range(6):
        alpha = covered if (look % 2 == 1) == (first == "not found") else EMPTY
        (update,) = watch(maintenance, other, alpha, secs=2.0 * look)
        prompts.append(update.prompt)
    assert prompts[:2] == ["", ""]
    assert "retake the plate" in prompts[3]
    assert prompts[4] == prompts[5] == prompts[3]


@pytest.mark.parametrize("free", ["a corner", "the first frame"])
def test_one_who_fills_nearly_all_of_the_picture_is_not_another_scene(free: str) -> None:
    room, alpha = a_room(), np.ones(SIZE, np.float32)
    maintenance = Maintenance(Plate(room))
    if free == "a corner":
        alpha[:50, :50] = 0  # 4 % of the picture, 10 % of its border
    else:
        watch(maintenance, room, EMPTY, secs=0)
    updates = watch(maintenance, with_person(room, alpha), alpha, secs=0.2, looks=20)
    assert all(update.prompt == "" for update in updates)


@pytest.mark.parametrize("is_torn", [False, True])
def test_a_view_that_is_no_longer_there_is_prompted(is_torn: bool) -> None:
    """Whatever alpha makes of it: before a foreign plate it is in shreds."""
    alpha = EMPTY.copy()
    if is_torn:
        alpha[:, np.arange(SIZE[1]) % 24 < 12] = 1
    room = a_room()
    maintenance = Maintenance(Plate(room))
    watch(maintenance, room, EMPTY, secs=0, looks=5)
    updates = watch(maintenance, a_room(97)[::-1], alpha, secs=1, looks=5, step_secs=1)
    assert updates[0].health == 0
    assert updates[-1].prompt.startswith("the view changed: retake the plate")


def test_one_who_sits_still_for_ten_minutes_is_not_absorbed() -> None:
    room, alpha = a_room(), a_person(0.3)
    maintenance = Maintenance(Plate(room))
    watch(maintenance, room, EMPTY, secs=0, looks=5)
    # Alpha has a hole now and then, and another one all the time.
    flickering = alpha.copy()
    flickering[120:140, 150:165] = 0
    scene = with_person(room, alpha)
    for look in range(75):
        now = flickering if look % 3 else np.where(alpha > 0, 0.6, 0).astype(np.float32)
        update = watch(maintenance, scene, now, secs=1 + 8 * look)[0]
        assert update.plate is None
    assert update.prompt == ""


def test_what_the_network_loses_for_a_while_is_not_learned() -> None:
    """A thing whose alpha vanishes for twenty seconds: foreground was there, so nothing there is
    learned pixel by pixel for a minute.
    """
    room, alpha = a_room(), EMPTY.copy()
    alpha[80:110, 150:180] = 1
    scene = with_person(room, alpha)
    maintenance, plate = Maintenance(Plate(room)), Plate(room)
    watch(maintenance, scene, alpha, secs=0, looks=5)
    for look in range(20):
        plate = watch(maintenance, scene, EMPTY, secs=1 + look)[0].plate or plate
    inside = np.s_[85:105, 155:175]
    is_other = np.abs(scene.astype(int) - room)[inside].max(axis=-1) > 30
    learned = np.abs(plate.pixels.astype(float) - room)[inside][is_other].mean()
    assert is_other.mean() > 0.3
    assert learned < 0.2 * np.abs(scene.astype(float) - room)[inside][is_other].mean()


def test_what_stays_after_foreground_left_is_learned_in_the_end() -> None:
    room, alpha = a_room(), EMPTY.copy()
    alpha[80:110, 150:180] = 1
    scene = with_person(room, alpha)
    maintenance, plate = Maintenance(Plate(room)), Plate(room)
    watch(maintenance, scene, alpha, secs=0, looks=5)
    for look in range(60):
        plate = watch(maintenance, scene, EMPTY, secs=1 + 4 * look)[0].plate or plate
    inside = np.s_[85:105, 155:175]
    assert np.abs(plate.pixels.astype(float) - scene)[inside].mean() < 8


@pytest.mark.parametrize("sigma", [1.0, 9.0])
def test_a_noisy_camera_is_no_reason_to_lose_what_alpha_has_wrong(sigma: float) -> None:
    """The room in another light, all of it taken for foreground: only likeness to the captured
    plate can tell, and it must allow for the camera's noise.
    """
    flat = cv2.GaussianBlur(a_room(), (0, 0), 12)  # no structure to go by
    noise = np.full(SIZE, sigma, np.float32)
    maintenance = Maintenance(Plate(flat, noise=noise))
    everywhere = np.ones(SIZE, np.float32)
    for look in range(6):
        seen = Frame(
            noisy(lit(flat, 1.04), seed=look, sigma=sigma), look, 200 * look, Fraction(1, 1000)
        )
        update = maintenance(seen, Maps(everywhere, np.zeros(SIZE, np.float32)))
    assert update.gain == pytest.approx(1.04, abs=0.012)


def test_dusk_is_followed_behind_one_who_sits_still() -> None:
    room, alpha = a_room(), a_person(0.3)
    maintenance, plate = Maintenance(Plate(room)), Plate(room)
    for look in range(40):
        dim = 1 - 0.4 * look / 39
        update = watch(maintenance, lit(with_person(room, alpha), dim), alpha, secs=8 * look)[0]
        plate = update.plate or plate
    hidden = alpha > 0
    assert np.abs(plate.pixels - lit(room, 0.6).astype(float))[hidden].mean() < 3


def test_the_corrected_plate_is_made_from_the_captured_one_and_leaves_it_alone() -> None:
    room = a_room()
    captured = Plate(room.copy())
    maintenance = Maintenance(captured)
    watch(maintenance, lit(room, 1.3), EMPTY, secs=0)
    update = watch(maintenance, room, EMPTY, secs=1, looks=3)
    assert (captured.pixels == room).all()
    back = next((u.plate for u in reversed(update) if u.plate is not None), None)
    assert back is not None
    assert np.abs(back.pixels.astype(float) - room).mean() < 1


def test_it_looks_a_few_times_a_second_however_often_it_is_called() -> None:
    room = a_room()
    maintenance = Maintenance(Plate(room))
    watch(maintenance, room, EMPTY, secs=0)
    jumped = lit(room, 1.3)
    between = watch(maintenance, jumped, EMPTY, secs=0.01, looks=5, step_secs=0.03)
    assert all(update.plate is None for update in between)
    assert watch(maintenance, jumped, EMPTY, secs=0.21)[0].plate is not None


def test_a_replaced_plate_serves_the_frames_and_keeps_the_depth() -> None:
    room, alpha = a_room(), a_person(0.3)
    estimate = Estimator(DifferenceEngine(size=(90, 160)), Plate(room))
    depth = estimate.plate_depth
    brighter = Plate(lit(room, 1.4))
    frame = Frame(lit(with_person(room, alpha), 1.4))
    assert np.abs(estimate(frame).alpha - alpha).mean() > 0.1
    estimate.replace_plate(brighter)
    assert estimate.plate is brighter
    assert np.abs(estimate(frame).alpha - alpha).mean() < 0.06
    assert estimate.plate_depth is depth


def test_depth_moves_along_with_a_moved_plate() -> None:
    room = a_room()
    estimate = Estimator(DifferenceEngine(size=(90, 160)), Plate(room))
    before = estimate.plate_depth
    estimate.replace_plate(
        Plate(np.roll(room, 4, axis=0)), move=np.array([[1.0, 0, 0], [0, 1, 4], [0, 0, 1]])
    )
    assert np.allclose(estimate.plate_depth[4:], before[:-4])


def test_a_plate_of_another_size_is_refused() -> None:
    estimate = Estimator(DifferenceEngine(), Plate(a_room()))
    with pytest.raises(ShapeError, match="new plate"):
        estimate.replace_plate(Plate(np.zeros((90, 160, 3), np.uint8)))
