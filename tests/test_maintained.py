"""Files: a plate that is off in light or place is brought to the clip."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest

from edgeds.engine import DifferenceEngine
from edgeds.estimate.estimator import Estimator
from edgeds.estimate.look_settings import WHOLE
from edgeds.estimate.maintained_estimator import MaintainedEstimator
from edgeds.estimate.sudden_change import SuddenChange
from edgeds.plate.plate import Plate
from edgeds.sources import SyntheticSource
from edgeds.types import Frame, Maps, Pixels, PlateFeatures
from edgeds.views.backdrop import colour_backdrop
from edgeds.views.compose import composer

SIZE = 180, 320


@pytest.fixture(scope="module")
def source() -> SyntheticSource:
    return SyntheticSource(size=SIZE, frame_count=40)


@pytest.fixture(scope="module")
def frames(source: SyntheticSource) -> list[Frame]:
    return list(source)


def _engine() -> DifferenceEngine:
    return DifferenceEngine(size=(90, 160))


def _lit(pixels: Pixels, gain: float) -> Pixels:
    return np.clip(pixels * gain, 0, 255).round().astype(np.uint8)


def _replaced(plate: Plate, frame: Frame, maps: Maps) -> Pixels:
    compose = composer(
        "replace",
        plate=plate.pixels,
        plate_depth=maps.inverse_depth,
        depth_range=(0.0, 1.0),
        backdrop=colour_backdrop("#00f"),
    )
    return compose(frame, maps).pixels


@pytest.mark.parametrize("gain", [2**-0.3, 2**0.3])
def test_a_plate_three_tenths_of_a_stop_off_is_right_from_the_first_frame_on(
    source: SyntheticSource, frames: list[Frame], gain: float
) -> None:
    plate = Plate(_lit(source.plate, gain))
    fixed, maintained = (
        Estimator(_engine(), plate),
        MaintainedEstimator(Estimator(_engine(), plate)),
    )
    truth = source.alpha(12)
    assert np.abs(fixed(frames[12]).alpha - truth).mean() > 0.05
    maps = maintained(frames[12])
    assert np.abs(maps.alpha - truth).mean() < 0.01
    # The border has the ball's colour and no light of either plate.
    border = (truth > 0.2) & (truth < 0.8)
    ball = frames[12].pixels[truth == 1].mean(axis=0)
    expected = truth[..., None] * ball + (1 - truth[..., None]) * (0, 0, 255)
    exact = Plate(source.plate)
    right = _replaced(exact, frames[12], Estimator(_engine(), exact)(frames[12]))
    error = np.abs(_replaced(plate, frames[12], maps) - expected)[border].mean()
    assert error < np.abs(right - expected)[border].mean() + 2


def test_a_plate_that_was_nudged_is_laid_over_the_clip(
    source: SyntheticSource, frames: list[Frame]
) -> None:
    turn = cv2.getRotationMatrix2D((160, 90), 0.6, 1.0)
    turn[:, 2] += 3, -2
    plate = cv2.warpAffine(source.plate, turn, SIZE[::-1], borderMode=cv2.BORDER_REFLECT)
    maintained = MaintainedEstimator(Estimator(_engine(), Plate(plate)))
    for frame in frames[8:20]:
        maps = maintained(frame)
    inner = np.s_[10:-10, 10:-10]
    assert np.abs(maps.alpha - source.alpha(19))[inner].mean() < 0.02
    assert maintained.followed.shift_px == pytest.approx(np.hypot(3, 2), abs=1)
    assert maintained.followed.turn_degrees == pytest.approx(0.6, abs=0.2)


@pytest.mark.parametrize(("shift_px", "notes"), [(3, 0), (12, 1)])
def test_a_border_that_the_plate_does_not_show_is_noted(
    source: SyntheticSource, frames: list[Frame], shift_px: int, notes: int
) -> None:
    move = np.array([[1.0, 0, shift_px], [0, 1, 0]])
    maintained = MaintainedEstimator(Estimator(_engine(), Plate(source.plate)))
    for frame in frames[8:40]:
        moved = cv2.warpAffine(frame.pixels, move, SIZE[::-1], borderMode=cv2.BORDER_REFLECT)
        maintained(Frame(moved, frame.index, frame.pts, frame.time_base))
    assert maintained.followed.shift_px == pytest.approx(shift_px, abs=1)
    assert len(maintained.notes) == notes
    assert all("12 px beside the plate" in note for note in maintained.notes)


def test_a_clip_that_grows_dark_is_followed(source: SyntheticSource, frames: list[Frame]) -> None:
    maintained = MaintainedEstimator(Estimator(_engine(), Plate(source.plate)))
    wrong = []
    for frame in frames:
        gain = 1 - 0.4 * frame.index / len(frames)
        dark = Frame(_lit(frame.pixels, gain), frame.index, frame.pts * 10, frame.time_base)
        wrong.append(np.abs(maintained(dark).alpha - source.alpha(frame.index)).mean())
    assert max(wrong) < 0.03
    assert maintained.followed.gain[0] == pytest.approx(0.61, abs=0.03)
    assert maintained.notes == []


def test_the_same_clip_gives_the_same_maps(source: SyntheticSource, frames: list[Frame]) -> None:
    plate = Plate(_lit(source.plate, 1.2))
    runs = [
        [run(frame).alpha for frame in frames[:18]]
        for run in (MaintainedEstimator(Estimator(_engine(), plate)) for _ in range(2))
    ]
    assert all((one == other).all() for one, other in zip(*runs, strict=True))


def test_looks_beside_the_frames_show_two_frames_later_and_the_same_each_time(
    source: SyntheticSource, frames: list[Frame]
) -> None:
    """A file's maps do not depend on how long a look takes."""

    def changes(beside: Executor | None) -> tuple[list[int], float]:
        estimate = Estimator(_engine(), Plate(source.plate))
        maintained = MaintainedEstimator(estimate, beside=beside)
        found, plate = [], estimate.plate
        for frame in frames:
            gain = 1 if frame.index < 5 else 0.96  # no sudden change
            maintained(Frame(_lit(frame.pixels, gain), frame.index, frame.index, Fraction(1, 10)))
            if estimate.plate is not plate:
                plate = estimate.plate
                found.append(frame.index)
        return found, maintained.followed.gain[0]

    with ThreadPoolExecutor(1) as beside:
        runs = [changes(beside) for _ in range(2)]
    in_turn, gain = changes(None)
    assert runs[0] == runs[1]
    assert runs[0][0][0] == in_turn[0] + 2
    assert runs[0][1] == pytest.approx(gain, abs=0.02)
    assert gain == pytest.approx(0.96, abs=0.01)


def test_a_plate_of_another_view_is_noted(frames: list[Frame]) -> None:
    rng = np.random.default_rng(0)
    other = cv2.resize(rng.integers(0, 256, (18, 32, 3), np.uint8), SIZE[::-1])
    maintained = MaintainedEstimator(Estimator(_engine(), Plate(other)))
    for frame in frames[:20]:
        maintained(Frame(frame.pixels, frame.index, frame.pts * 30, frame.time_base))
    assert maintained.notes
    assert "press" not in maintained.notes[0]


def _of_two_scenes() -> tuple[Pixels, Pixels]:
    """(red, blue): the one is no plate of the other."""
    rng = np.random.default_rng(0)
    red, blue = (
        cv2.resize(rng.integers(low, np.add(low, 60), (18, 32, 3)).astype(np.uint8), SIZE[::-1])
        for low in ([180, 80, 0], [0, 80, 180])
    )
    return red, blue


@pytest.mark.parametrize("last", [0, 3, 14, 15, 16])
def test_a_foreign_plate_is_noted_in_clips_of_any_length(last: int) -> None:
    """The look at frame 15, after 1.5 s, finds the plate foreign, beside the frames or not; in a
    shorter clip all looks say so at its end.
    """
    red, blue = _of_two_scenes()

    def notes(beside: Executor | None) -> list[str]:
        maintained = MaintainedEstimator(Estimator(_engine(), Plate(red)), beside=beside)
        for index in range(last + 1):
            maintained(Frame(blue, index, index, Fraction(1, 10)))
        maintained.finish()
        return maintained.notes

    with ThreadPoolExecutor(1) as beside:
        assert notes(beside) == notes(None)
    (note,) = notes(None)
    assert note.startswith("the plate shows another scene")


def test_a_short_clip_in_other_light_has_no_note() -> None:
    red, _ = _of_two_scenes()
    maintained = MaintainedEstimator(Estimator(_engine(), Plate(red)))
    for index in range(3):
        maintained(Frame(_lit(red, 0.6), index, index, Fraction(1, 10)))
    maintained.finish()
    assert maintained.notes == []


_NOISE = np.random.default_rng(1).integers(0, 6, (*SIZE, 3), np.uint8)


@pytest.mark.parametrize(("lit", "lost"), [(20, 6), (18, 1), (17, 20), (0, 20), (0, 1)])
@pytest.mark.parametrize(
    ("picture", "note"),
    [
        (_NOISE, "the picture is black"),
        (255 - _NOISE, "much of the picture is clipped to white"),
        (np.full_like(_NOISE, 128), "the picture is one flat colour"),
    ],
    ids=["black", "white", "flat"],
)
def test_frames_that_show_nothing_are_noted_from_where_they_begin(
    lit: int, lost: int, picture: Pixels, note: str
) -> None:
    """Also at the end of a clip, and with the noise of a covered camera."""
    red, _ = _of_two_scenes()
    maintained = MaintainedEstimator(Estimator(_engine(), Plate(red)))
    for index in range(lit + lost):
        maintained(Frame(red if index < lit else picture, index, index, Fraction(1, 10)))
    maintained.finish()
    assert maintained.notes == [f"from {lit / 10:.1f} s on: {note}: the mask may be wrong there"]


@pytest.mark.parametrize(("first", "last"), [(10, 11), (10, 28), (10, 18), (3, 4)])
@pytest.mark.parametrize("back", [0, 20])
def test_a_cut_to_another_scene_is_noted_from_where_it_begins(
    first: int, last: int, back: int
) -> None:
    """However short it is, and until where it lasts."""
    red, blue = _of_two_scenes()
    shown = [red] * first + [blue] * (last - first) + [red] * back
    (note,) = _notes(red, shown)
    times = (
        f"from {first / 10:.1f} s to {last / 10:.1f} s" if back else f"from {first / 10:.1f} s on"
    )
    assert note.startswith(f"{times}: the view changed, or is covered: ")
    assert note.endswith("cut the clip there")


def _notes(plate: Pixels, shown: Sequence[Pixels]) -> list[str]:
    """Of frames a tenth of a second apart; the same whether looks wait or not."""

    def notes(beside: Executor | None) -> list[str]:
        maintained = MaintainedEstimator(Estimator(_engine(), Plate(plate)), beside=beside)
        for index, pixels in enumerate(shown):
            maintained(Frame(pixels, index, index, Fraction(1, 10)))
        maintained.finish()
        return maintained.notes

    with ThreadPoolExecutor(1) as beside:
        assert notes(beside) == notes(None)
    return notes(None)


@pytest.mark.parametrize("after", [1, 2, 3, 20])
def test_a_flash_is_noted_where_it_is(after: int) -> None:
    red, _ = _of_two_scenes()
    (note,) = _notes(red, [red] * 8 + [255 - _NOISE] + [red] * after)
    assert note.startswith("from 0.8 s to 0.9 s: much of the picture is clipped to white")


def test_many_cuts_are_one_note() -> None:
    red, blue = _of_two_scenes()
    (note,) = _notes(red, ([red] * 7 + [blue] * 3) * 5 + [red] * 7)
    assert note.startswith(
        "from 0.7 s to 1.0 s, from 1.7 s to 2.0 s, from 2.7 s to 3.0 s and 2 times more: "
    )


@pytest.mark.parametrize(("zoom", "found"), [(1.07, "7% tighter"), (0.95, "5% wider")])
def test_a_cut_to_another_framing_of_the_same_view_is_noted(zoom: float, found: str) -> None:
    size = (180, 320)
    rng = np.random.default_rng(0)
    wide = cv2.resize(rng.integers(0, 256, (36, 64, 3), np.uint8), (480, 270))
    to_middle = np.array([[zoom, 0, (320 - 480 * zoom) / 2], [0, zoom, (180 - 270 * zoom) / 2]])
    plate = np.ascontiguousarray(wide[45:225, 80:400])
    other = cv2.warpAffine(wide, to_middle, (320, 180), flags=cv2.INTER_AREA)
    maintained = MaintainedEstimator(Estimator(DifferenceEngine(size=size), Plate(plate)))
    for index in range(8):
        shown = plate if index < 2 else other
        maintained(Frame(shown, index, index, Fraction(1, 25)))
    maintained.finish()
    (note,) = maintained.notes
    assert note.startswith(f"from 0.1 s on: the view is {found} than the plate's")


@pytest.mark.parametrize("picture", [_NOISE, 255 - _NOISE], ids=["black", "white"])
def test_the_plate_learns_nothing_from_frames_that_show_nothing(
    source: SyntheticSource, picture: Pixels
) -> None:
    estimate = Estimator(_engine(), Plate(source.plate))
    maintained = MaintainedEstimator(estimate)
    for index in range(150):
        shown = source.plate if index < 10 else picture
        maintained(Frame(shown, index, index, Fraction(1, 10)))
    assert np.abs(estimate.plate.pixels.astype(int) - source.plate).mean() < 1


def test_light_that_jumps_is_followed_before_the_next_look_is_due() -> None:
    red, _ = _of_two_scenes()
    maintained = MaintainedEstimator(Estimator(_engine(), Plate(red)))
    for index in range(9):
        dimmed = _lit(red, 1 if index < 8 else 0.5)
        maps = maintained(Frame(dimmed, index, index, Fraction(1, 10)))
    assert maintained.followed.gain[0] == pytest.approx(0.5, abs=0.03)
    assert maps.alpha.mean() < 0.02


def _alphas_beside(plate: Pixels, shown: Sequence[Pixels]) -> tuple[list[float], list[str]]:
    """(means of alpha, notes) of frames a tenth of a second apart, with looks beside them."""
    with ThreadPoolExecutor(1) as beside:
        maintained = MaintainedEstimator(Estimator(_engine(), Plate(plate)), beside=beside)
        alphas = []
        for index, pixels in enumerate(shown):
            maps = maintained(Frame(pixels, index, index, Fraction(1, 10)))
            alphas.append(float(maps.alpha[20:-20, 20:-20].mean()))
        maintained.finish()
    return alphas, maintained.notes


def test_a_lamp_that_goes_off_and_comes_back_leaves_no_wrong_frame() -> None:
    red, _ = _of_two_scenes()
    alphas, notes = _alphas_beside(red, [red] * 7 + [_lit(red, 0.5)] * 6 + [red] * 5)
    assert max(alphas) < 0.02
    assert notes == []


def test_a_bump_of_the_camera_leaves_no_wrong_frame_and_is_noted_from_there_on() -> None:
    red, _ = _of_two_scenes()
    alphas, (note,) = _alphas_beside(red, [red] * 7 + [_moved(red, 12)] * 6)
    assert max(alphas) < 0.02
    assert note.startswith("from 0.7 s on: the camera points 12 px beside the plate")


def test_a_blow_is_seen_where_its_crumbs_lie_all_over_the_picture() -> None:
    red, _ = _of_two_scenes()
    nothing, crumbs = (np.zeros(SIZE, np.float32) for _ in range(2))
    crumbs[::40, ::40] = crumbs[-1, -1] = 1
    changed = SuddenChange()
    seen = [
        changed(pixels, Maps(alpha, alpha))
        for pixels, alpha in ((red, nothing), (_moved(red, 12), crumbs), (_moved(red, 12), crumbs))
    ]
    assert seen == [False, True, False]


def test_somebody_large_who_walks_close_past_the_camera_changes_no_plate() -> None:
    red, blue = _of_two_scenes()
    engine, shown, truth = DifferenceEngine(size=(90, 160)), [], []
    for left in range(-280, 330, 30):  # 40 columns of background are left in the middle of it
        alpha = np.zeros(SIZE, np.float32)
        alpha[:, max(0, left) : max(0, left + 280)] = 1
        truth.append(alpha)
        shown.append(np.where(alpha[..., None] > 0, blue, red))
    with ThreadPoolExecutor(1) as beside:
        maintained = MaintainedEstimator(Estimator(engine, Plate(red)), beside=beside)
        for index, (pixels, alpha) in enumerate(zip(shown, truth, strict=True)):
            maps = maintained(Frame(pixels, index, index, Fraction(1, 10)))
            assert np.abs(maps.alpha - alpha).mean() < 0.05
        maintained.finish()
    assert maintained.followed.shift_px < 0.5
    assert maintained.followed.gain == pytest.approx((1, 1), abs=0.02)
    assert maintained.notes == []


def test_a_look_that_failed_at_the_last_frames_is_told(frames: list[Frame]) -> None:
    class Failing(Executor):
        def submit(self, *_: object, **__: object) -> Future[Any]:  # type: ignore[override]
            look: Future[Any] = Future()
            look.set_exception(MemoryError("no room for the look"))
            return look

    red, _ = _of_two_scenes()
    maintained = MaintainedEstimator(Estimator(_engine(), Plate(red)), beside=Failing())
    for frame in frames[:16]:
        maintained(Frame(frame.pixels, frame.index, frame.index, Fraction(1, 30)))
    with pytest.raises(MemoryError, match="no room"):
        maintained.finish()


def test_each_frame_has_its_own_health_of_the_plate() -> None:
    """Events are made some frames after the estimate, how many depends on the machine."""
    red, _ = _of_two_scenes()
    maintained = MaintainedEstimator(Estimator(_engine(), Plate(red)))
    then = []
    for index in range(40):
        lit = _lit(red, 1 if index < 20 else 0.6)
        maintained(Frame(lit, index, index, Fraction(1, 10)))
        then.append(maintained.health_at(index))
    assert then[19] > 0.9 > 0.6 > then[39]
    assert [maintained.health_at(index) for index in range(40)] == then


def test_a_plate_of_another_scene_is_noted_once_without_a_time(frames: list[Frame]) -> None:
    red, blue = _of_two_scenes()
    maintained = MaintainedEstimator(Estimator(_engine(), Plate(red)))
    for index in range(25):
        maintained(Frame(blue, index, index * 3, frames[0].time_base))
    assert len(maintained.notes) == 1
    assert maintained.notes[0].startswith("the plate shows another scene")
    assert "give a plate of this view" in maintained.notes[0]
    assert "press" not in maintained.notes[0]


def test_a_still_scene_is_looked_at_less_often(source: SyntheticSource) -> None:
    maintained = MaintainedEstimator(Estimator(_engine(), Plate(source.plate)))
    looks = set()
    for index in range(41):  # four seconds
        maintained(Frame(source.plate, index, index, Fraction(1, 10)))
        looks.add(maintained._maintenance._before)
    assert looks == {0, 2, 4}


def _moved(pixels: Pixels, right_px: float) -> Pixels:
    move = np.array([[1, 0, right_px], [0, 1, 0]], np.float32)
    return cv2.warpAffine(pixels, move, SIZE[::-1], borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize(
    ("change", "times"),
    [
        (lambda pixels: pixels, {0, 2, 4}),
        (lambda pixels: _lit(pixels, 1.01), {0, 2, 2.5}),
        (lambda pixels: _moved(pixels, 0.4), {0, 2, 2.5}),
    ],
)
def test_people_before_a_still_background_cost_few_looks_at_the_plate(
    source: SyntheticSource,
    frames: list[Frame],
    change: Callable[[Pixels], Pixels],
    times: set[float],
) -> None:
    maintained = MaintainedEstimator(Estimator(_engine(), Plate(source.plate)))
    looks, maps = set(), []
    for index in range(41):  # four seconds
        pixels = frames[20 + index % 4].pixels
        pixels = change(pixels) if index > 22 else pixels
        maps.append(maintained(Frame(pixels, index, index, Fraction(1, 10))))
        looks.add(maintained._maintenance._before)
    assert len({id(one) for one in maps}) > 20
    assert times <= looks
    assert 1.5 not in looks


class _Counting(DifferenceEngine):
    """Counts its looks."""

    looks = 0

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        self.looks += 1
        return super().infer(frame, plate)


@pytest.mark.parametrize(("gain", "more"), [(0.985, 0), (0.8, 1)])
def test_only_a_jump_of_the_light_costs_another_look(
    source: SyntheticSource, frames: list[Frame], gain: float, more: int
) -> None:
    engine = _Counting(size=(90, 160))
    estimate = Estimator(engine, Plate(source.plate), looks=WHOLE)
    maintained = MaintainedEstimator(estimate)
    maintained(frames[0])
    before, plate = engine.looks, estimate.plate
    for index, frame in enumerate(frames[1:6], start=1):  # 2 fps: each is a look at the plate
        lit = _lit(frame.pixels, gain)
        maintained(Frame(lit, index, index, Fraction(1, 2)))
        if estimate.plate is not plate:
            break
    assert estimate.plate is not plate
    assert engine.looks - before == index + more
