"""The plate capture: a good plate from a still scene, and every reason to refuse one."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeds.engine import DifferenceEngine
from edgeds.plate.capture import PlateCapture, forgiving
from edgeds.plate.median import median_plate_at_once
from edgeds.plate.plate import Plate
from edgeds.plate.settings import CaptureSettings
from edgeds.sources import SyntheticSource, open_source
from edgeds.types import Frame, Pixels

SIZE = (180, 320)
WALL = SyntheticSource(size=SIZE).plate
NOISE = np.random.default_rng(0).standard_normal(WALL.shape, np.float32)
AT_ONCE = CaptureSettings(countdown_secs=0)
Picture = Callable[[int], "np.ndarray[tuple[int, ...], np.dtype[np.generic]]"]


def _camera(picture: Picture, *, count: int = 70, noise_levels: float = 1.5) -> Iterator[Frame]:
    """A camera with noise at 30 frames a second, that sees `picture(index)`."""
    for index in range(count):
        clean = picture(index).astype(np.float32)
        noisy = clean + noise_levels * np.roll(NOISE, 97 * index)
        pixels = np.clip(noisy + 0.5, 0, 255).astype(np.uint8)
        yield Frame(pixels, index, index, Fraction(1, 30))


def _taken(
    frames: Iterable[Frame], how: CaptureSettings = AT_ONCE, *, former: Plate | None = None
) -> PlateCapture:
    capture = PlateCapture(DifferenceEngine(), how, former=former)
    for frame in frames:
        capture(frame)
    capture.finish()
    return capture


def _with_box(x: int, *, y: int = 60, width: int = 30, height: int = 80) -> Pixels:
    picture = WALL.copy()
    picture[y : y + height, x : x + width] = (200, 60, 40)
    return picture


def test_a_still_scene_gives_its_plate_with_its_noise() -> None:
    capture = _taken(_camera(lambda _: WALL, noise_levels=3.0))
    assert capture.status.phase == "ready", capture.status.verdict
    assert capture.plate is not None
    assert capture.plate.origin == "capture"
    assert capture.plate.samples == 32
    assert np.abs(capture.plate.pixels.astype(float) - WALL).mean() < 0.7
    assert capture.plate.noise_levels == pytest.approx(3.0, rel=0.1)
    assert "noise 3." in capture.status.verdict


def test_it_counts_down_captures_and_is_ready_by_the_frames_own_time() -> None:
    how = CaptureSettings(countdown_secs=1.0, capture_secs=2.0)
    capture = PlateCapture(DifferenceEngine(), how)
    told = [(f.pts_secs, capture(f)) for f in _camera(lambda _: WALL, count=130)]
    phases = [status.phase for _, status in told]
    assert list(dict.fromkeys(phases)) == ["counting", "capturing", "ready"]
    counting = [(secs, s.secs_left) for secs, s in told if s.phase == "counting"]
    assert all(left == pytest.approx(1.0 - secs) for secs, left in counting)
    assert 1.0 <= told[phases.index("capturing")][0] <= 1.05
    assert 2.9 <= told[phases.index("ready")][0] <= 4.0


def test_whoever_leaves_during_the_count_down_is_not_in_the_plate() -> None:
    leaving = _camera(lambda i: _with_box(40 + 9 * i) if i < 28 else WALL, count=130)
    capture = _taken(leaving, CaptureSettings(countdown_secs=1.0))
    assert capture.plate is not None, capture.status.verdict
    assert np.abs(capture.plate.pixels.astype(int) - WALL).max() < 6


def _shifted_px(shift_px: float) -> Pixels:
    there = np.array([[1, 0, shift_px], [0, 1, shift_px / 2]])
    seen = cv2.GaussianBlur(WALL, (0, 0), 0.8)  # no lens resolves single pixels
    return cv2.warpAffine(seen, there, SIZE[::-1], borderMode=cv2.BORDER_REFLECT)


def _ramp(first: float, last: float) -> Callable[[int], float]:
    return lambda index: first + (last - first) * min(1.0, index / 60)


def _defocused(index: int) -> Pixels:
    return cv2.GaussianBlur(WALL, (0, 0), _ramp(2.5, 0.6)(index))


REFUSED: dict[str, tuple[Picture, str, str]] = {
    "somebody walks through": (lambda i: _with_box(4 * i), "something moves", "leave the picture"),
    "somebody sways a little": (
        lambda i: _with_box(240 + round(np.sin(i / 9))),
        "something moves at the right",
        "leave the picture",
    ),
    "somebody comes in at the end": (
        lambda i: _with_box(20) if i > 55 else WALL,
        "something moves at the left",
        "leave the picture",
    ),
    "somebody comes in with the very last frame": (
        lambda i: _with_box(20) if i > 58 else WALL,
        "somebody or something came, went or moved at the left",
        "in a clip, or where something always moves: -b PICTURE, edgeds capture --allow-motion",
    ),
    "exposure settles": (lambda i: WALL * _ramp(0.8, 1.0)(i), "exposure", "wait some seconds"),
    "white balance settles": (
        lambda i: WALL * np.array([_ramp(0.85, 1.0)(i), 1.0, 1.0]),
        "white balance",
        "wait some seconds",
    ),
    "focus settles": (_defocused, "focus still settles", "switch autofocus off"),
    "a covered lens": (lambda _: WALL * 0.04, "black", "uncover the lens"),
    "a hand on the lens": (lambda _: np.full_like(WALL, 90), "flat colour", "uncover the lens"),
    "far too much light": (lambda _: WALL * 4.0, "clipped to white", "lower the camera's exposure"),
    "hardly any light": (
        lambda _: np.where(np.arange(320)[None, :, None] < 250, 0, WALL),
        "too dark",
        "add light",
    ),
    "the camera is carried": (
        lambda i: np.roll(WALL, 3 * i, axis=1),
        "the camera moves",
        "something steady",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_capture_is_refused_with_the_reason_and_the_fix(case: str) -> None:
    picture, why, fix = REFUSED[case]
    capture = _taken(_camera(picture))
    assert capture.status.phase == "refused"
    assert capture.plate is None
    assert capture.refusal is not None
    assert why in capture.refusal.why
    assert fix in capture.refusal.fix
    assert capture.refusal.why in capture.status.verdict


def test_a_person_who_crosses_a_real_picture_is_not_taken_for_a_moving_camera(data: Path) -> None:
    with open_source(data / "moving_person.mp4") as clip:
        capture = _taken(clip)
    assert capture.refusal is not None
    assert "something moves" in capture.refusal.why


def test_a_plate_of_what_passes_without_an_end_is_not_called_good() -> None:
    how = forgiving(AT_ONCE)
    crowd = np.random.default_rng(1).integers(0, 255, (99, 3))

    def crowded(index: int) -> Pixels:
        picture = _with_box(40)
        picture[60:140, 40:70] = crowd[index]
        return picture

    capture = _taken(_camera(crowded), how)
    assert "doubtful: " in capture.status.verdict
    assert "something always moved at the left" in capture.status.verdict
    seldom = _taken(_camera(lambda i: crowded(i) if i % 6 == 0 else WALL), how)
    assert "good: " in seldom.status.verdict
    assert "something moved at the left" in seldom.status.verdict


def test_a_stuck_camera_is_refused() -> None:
    capture = _taken(_camera(lambda _: WALL, noise_levels=0))
    assert capture.refusal is not None
    assert "exactly the same" in capture.refusal.why


@pytest.mark.parametrize(
    ("picture", "noise_levels"),
    [
        (lambda i: WALL * (1 + 0.02 * np.sin(i)), 1.5),  # a lamp that flickers
        (lambda i: WALL + 4 * np.sin(np.arange(180) / 20 + i)[:, None, None], 1.5),  # its bands
        (lambda i: _shifted_px(0.5 * np.sin(2.3 * i)), 1.5),  # a desk that trembles
        (lambda _: WALL, 8.0),  # a dark room
        (lambda i: _with_box(100 + i // 30, y=100, width=2, height=6), 1.5),  # a clock
    ],
    ids=["flicker", "bands of flicker", "trembling desk", "noise", "hand of a clock"],
)
def test_what_real_rooms_do_is_accepted(picture: Picture, noise_levels: float) -> None:
    capture = _taken(_camera(picture, noise_levels=noise_levels))
    assert capture.status.phase == "ready", capture.status.verdict


def test_a_picture_that_is_partly_clipped_is_taken_with_advice() -> None:
    window = WALL.copy()
    window[:80] = 255
    capture = _taken(_camera(lambda _: window))
    assert capture.status.phase == "ready"
    assert "of it is clipped to white: less exposure is better" in capture.status.verdict


def test_something_new_against_the_former_plate_is_told() -> None:
    former = Plate(WALL)
    capture = _taken(_camera(lambda _: _with_box(200)), former=former)
    assert capture.status.phase == "ready"
    assert "at the right that the former plate did not" in capture.status.verdict
    assert "former" not in _taken(_camera(lambda _: WALL), former=former).status.verdict


def test_frames_that_end_too_soon_are_refused_with_their_number() -> None:
    capture = _taken(_camera(lambda _: WALL, count=5))  # every other one is wanted
    assert capture.refusal is not None
    assert "ended after 3 of 8 frames" in capture.refusal.why
    counting = _taken(_camera(lambda _: WALL, count=5), CaptureSettings())
    assert counting.refusal is not None
    assert "during the count-down" in counting.refusal.why


def test_a_picture_that_changes_its_size_is_refused() -> None:
    small = Frame(WALL[:90, :160], 20, 20, Fraction(1, 30))
    frames = [*_camera(lambda _: WALL, count=20), small, small, small]
    capture = _taken(frames)
    assert capture.refusal is not None
    assert "size of the picture changed" in capture.refusal.why


def test_large_frames_are_fewer_so_that_memory_is_bounded() -> None:
    how = CaptureSettings(countdown_secs=0, memory_bytes=12 * WALL.nbytes)
    capture = _taken(_camera(lambda _: WALL), how)
    assert capture.plate is not None
    assert capture.plate.samples == 12


@settings(max_examples=25, deadline=None)
@given(count=st.integers(5, 40), noise_levels=st.floats(1, 20), seed=st.integers(0, 99))
def test_the_median_is_nearer_to_the_truth_than_any_of_its_frames(
    count: int, noise_levels: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    truth = random.uniform(60, 195, (24, 32, 3))
    samples = [
        np.clip(truth + random.normal(0, noise_levels, truth.shape) + 0.5, 0, 255).astype(np.uint8)
        for _ in range(count)
    ]
    plate = median_plate_at_once(samples)
    error = np.abs(plate.pixels - truth).mean()
    assert error < min(np.abs(sample - truth).mean() for sample in samples)


@settings(max_examples=15, deadline=None)
@given(count=st.integers(1, 33), seed=st.integers(0, 99))
def test_the_median_is_numpys(count: int, seed: int) -> None:
    samples = list(np.random.default_rng(seed).integers(0, 256, (count, 7, 9, 3), dtype=np.uint8))
    expected = np.floor(np.median(samples, axis=0) + 0.5)
    assert (median_plate_at_once(samples).pixels == expected).all()


def test_a_passer_by_in_a_few_frames_does_not_raise_the_noise() -> None:
    samples = [f.pixels.copy() for f in _camera(lambda _: WALL, count=32, noise_levels=2.0)]
    for sample in samples[:4]:
        sample[:, :40] = 255
    noise = median_plate_at_once(samples).noise
    assert noise is not None
    assert noise[:, :40].mean() < 2 * noise[:, 40:].mean()


def test_a_refused_capture_lets_its_pictures_go_at_once() -> None:
    # They are 200 MB at most, and the garbage collector may not come for minutes.
    gc.disable()
    try:
        how = CaptureSettings(countdown_secs=0, capture_secs=0.5)
        capture = PlateCapture(DifferenceEngine(), how)
        taken = []
        for frame in SyntheticSource(empty=0, frame_count=60):
            taken.append(weakref.ref(frame.pixels))
            capture(frame)
        del frame
        assert capture.refusal is not None
        assert [picture for picture in taken if picture() is not None] == []
    finally:
        gc.enable()
