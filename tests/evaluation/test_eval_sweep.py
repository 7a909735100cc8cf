"""Plate errors and the sweep over them."""

from __future__ import annotations

import importlib.machinery
import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_set import SIZE, MakeSet

from edgeds.errors import DatasetError, InputError
from edgeds.evaluation.dataset import Item, read_set
from edgeds.evaluation.evaluate import Estimate, evaluate
from edgeds.evaluation.plate_errors import PERTURBATIONS, Perturbation, spoiled_sample
from edgeds.evaluation.sample import Sample
from edgeds.evaluation.sweep import sweep
from edgeds.evaluation.sweep_plot import check_can_plot, plot
from edgeds.types import Frame, Maps, Pixels

BY_NAME = {error.name: error for error in PERTURBATIONS}
OF_THE_FRAME = {"shadow", "noise", "JPEG"}


def a_sample(stem: str = "a", *, empty: bool = False) -> Sample:
    rng = np.random.default_rng(0)
    plate = cv2.resize(rng.integers(60, 180, (12, 16, 3), np.uint8), (160, 120))
    alpha = np.zeros((120, 160), np.float32)
    if not empty:
        alpha[30:100, 60:90] = 1
    frame = np.where(alpha[..., None] > 0, 220, plate).astype(np.uint8)
    path = Path(f"{stem}.png")
    item = Item(frame=path, plate=Path("p.png"), scene="s", empty=empty, where="", more={})
    return Sample(item=item, frame=frame, plate=plate, alpha=alpha, depth_m=None, ignore=None)


def damage(error: Perturbation, strength: float, sample: Sample) -> float:
    spoiled = spoiled_sample(sample, error.name, strength)
    difference = spoiled.frame.astype(float) - sample.frame
    return float(
        np.abs(difference).mean() + np.abs(spoiled.plate - sample.plate.astype(float)).mean()
    )


@pytest.mark.parametrize("error", PERTURBATIONS, ids=lambda error: error.name)
def test_damage_grows_with_strength(error: Perturbation) -> None:
    for sample in (a_sample(), a_sample(empty=True)):
        growing = [damage(error, strength, sample) for strength in error.strengths]
        assert growing[0] > 0
        assert growing == sorted(growing)
        assert len(set(growing)) == 5


@pytest.mark.parametrize("error", PERTURBATIONS, ids=lambda error: error.name)
def test_an_error_spoils_the_frame_or_the_plate_and_nothing_else(error: Perturbation) -> None:
    sample = a_sample()
    before = sample.frame.copy(), sample.plate.copy()
    spoiled = spoiled_sample(sample, error.name, error.middle)
    assert np.array_equal(spoiled.frame, sample.frame) == (error.name not in OF_THE_FRAME)
    assert np.array_equal(spoiled.plate, sample.plate) == (error.name in OF_THE_FRAME)
    assert spoiled.alpha is sample.alpha
    assert spoiled.frame.dtype == spoiled.plate.dtype == np.uint8
    assert np.array_equal(before[0], sample.frame)
    assert np.array_equal(before[1], sample.plate)


@pytest.mark.parametrize("name", [*BY_NAME, "all"])
def test_an_item_is_spoiled_in_the_same_way_every_time(name: str) -> None:
    strength = BY_NAME[name].middle if name in BY_NAME else None
    one, again = (spoiled_sample(a_sample(), name, strength) for _ in range(2))
    assert np.array_equal(one.frame, again.frame)
    assert np.array_equal(one.plate, again.plate)


def test_items_are_not_all_spoiled_in_one_direction() -> None:
    directions = {
        float(spoiled_sample(a_sample(str(i)), "exposure", 0.3).plate.mean()) for i in range(12)
    }
    assert len(directions) == 2  # brighter and darker


def test_an_exposure_error_is_a_gain_of_that_many_stops() -> None:
    sample = a_sample()
    spoiled = spoiled_sample(sample, "exposure", 0.3)
    gain = np.median(spoiled.plate / sample.plate.astype(float))
    # .3 EV is 2^.3 in linear light, 2^(.3 / 2.2) = 1.099 in the picture's numbers.
    assert max(gain, 1 / gain) == pytest.approx(1.099, abs=0.004)


def test_a_shift_is_in_pixels_of_a_640_px_wide_picture() -> None:
    sample = a_sample()
    spoiled = spoiled_sample(sample, "shift", 4)
    one, other = (
        cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
        for pixels in (sample.plate, spoiled.plate)
    )
    (x, y), _ = cv2.phaseCorrelate(one, other, cv2.createHanningWindow((160, 120), cv2.CV_32F))
    assert np.hypot(x, y) == pytest.approx(1, abs=0.15)  # 4 of 640 is 1 of 160


def test_noise_has_the_sigma_it_says() -> None:
    sample = a_sample()
    spoiled = spoiled_sample(sample, "noise", 6)
    # Rounding adds 1/12: sqrt(36 + 1/12) = 6.007; 57,600 values give it to 1 %.
    assert np.std(spoiled.frame - sample.frame.astype(float)) == pytest.approx(6.007, rel=0.01)


def test_a_shadow_falls_on_the_background_only() -> None:
    sample = a_sample()
    spoiled = spoiled_sample(sample, "shadow", 0.5)
    assert sample.alpha is not None
    inside = sample.alpha == 1
    assert np.array_equal(spoiled.frame[inside], sample.frame[inside])
    share = spoiled.frame[~inside] / sample.frame[~inside].astype(float)
    assert share.max() <= 1.01
    assert share.min() == pytest.approx(0.5, abs=0.06)


def difference_estimator(plate: Pixels) -> Estimate:
    def estimate(frame: Frame) -> Maps:
        distance = np.abs(frame.pixels.astype(np.float32) - plate).max(axis=-1)
        return Maps(
            np.clip((distance - 30) / 30, 0, 1).astype(np.float32), np.zeros(SIZE, np.float32)
        )

    return estimate


def test_a_sweep_scores_every_setting_and_agrees_with_the_plain_report(make_set: MakeSet) -> None:
    dataset = read_set(make_set({}, {"empty": True}, {}, {"alpha": None}))
    done = []
    points = sweep(dataset, difference_estimator, on_item=done.append)
    assert [(p.error, p.strength) for p in points] == [
        ("none", None),
        *((error.name, strength) for error in PERTURBATIONS for strength in error.strengths),
        ("all", None),
    ]
    assert len(done) == 3
    plain = evaluate(dataset, difference_estimator)
    for name, mean in points[0].means.items():
        assert mean is not None
        assert mean == plain.means[name]
    noisy = {p.strength: p.means["mad"] for p in points if p.error == "exposure"}
    mildest, worst = noisy[0.075], noisy[1.2]
    assert mildest is not None
    assert worst is not None
    assert worst.value > 5 * mildest.value
    assert set(points[-1].to_json()) == {
        "error", "strength", "mad", "iou", "boundary_f", "empty_false_alarm",
    }  # fmt: skip


def test_a_set_without_alpha_cannot_be_swept(make_set: MakeSet) -> None:
    folder = make_set({"alpha": None}, {"empty": True, "plate": "frame/0001.png"})
    with pytest.raises(DatasetError, match="cannot sweep 'tiny'"):
        sweep(read_set(folder), difference_estimator)


def test_curves_are_drawn_into_a_png(make_set: MakeSet, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    points = sweep(read_set(make_set({}, {})), difference_estimator)
    plot(points, "tiny", tmp_path / "curves.png")
    assert min(cv2.imread(str(tmp_path / "curves.png")).shape[:2]) > 300


def test_without_matplotlib_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    find = importlib.util.find_spec

    def without(name: str) -> importlib.machinery.ModuleSpec | None:
        return None if name == "matplotlib" else find(name)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    with pytest.raises(InputError, match=r"edgeds\[plot\]"):
        check_can_plot(Path("curves.png"))
