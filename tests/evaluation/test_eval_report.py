"""Evaluating whole sets with estimators whose answers are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_set import SIZE, MakeSet, write

from edgeds.errors import DatasetError, RunError, ShapeError, SinkError
from edgeds.evaluation.dataset import in_clip_order, read_set
from edgeds.evaluation.evaluate import Estimate, EstimateForPlate, evaluate
from edgeds.evaluation.sample import load
from edgeds.types import Frame, Maps, Pixels

RAMP = np.linspace(0.2, 0.4, SIZE[1], dtype=np.float32)[None].repeat(SIZE[0], axis=0)


def constant(alpha: float) -> EstimateForPlate:
    def estimate_for_plate(plate: Pixels) -> Estimate:
        return lambda frame: Maps(np.full(frame.size, alpha, np.float32), RAMP)

    return estimate_for_plate


def oracle(folder: Path) -> EstimateForPlate:
    """Knows the truth of the items in the order in which they are run."""
    items = iter(in_clip_order(read_set(folder).items))

    def estimate(frame: Frame) -> Maps:
        sample = load(next(items))
        assert sample.depth_m is not None
        alpha = np.zeros(SIZE, np.float32) if sample.alpha is None else sample.alpha
        return Maps(alpha, (5 / sample.depth_m + 1).astype(np.float32))

    return lambda _plate: estimate


def test_the_truth_scores_perfectly_in_every_metric(make_set: MakeSet) -> None:
    clip = [{"clip": "c", "index": i, "plate": "plate/0002.png"} for i in range(3)]
    folder = make_set({"empty": True}, {}, *clip)
    report = evaluate(read_set(folder), oracle(folder)).to_json()
    assert report["alpha"] == {
        "mad": 0,
        "mse": 0,
        "grad": 0,
        "conn": 0,
        "iou": 1,
        "boundary_f": 1,
        "empty_false_alarm": 0,
    }
    zero = pytest.approx(0, abs=1e-6)
    assert report["depth"] == {"abs_rel": zero, "rmse": zero, "delta1": 1, "si_log": zero}
    # The ramp of depth never changes behind the square.
    assert report["video"] == {"dtssd": 0, "background_depth_std": zero}


def test_the_json_has_exactly_the_agreed_keys_and_these_extras(make_set: MakeSet) -> None:
    report = evaluate(read_set(make_set({"depth_mm": None})), constant(0)).to_json()
    assert list(report) == [
        "set", "items", "alpha", "depth", "video", "more", "interval95", "scored", "plates",
    ]  # fmt: skip
    assert report["plates"] is None
    alpha, depth, video = report["alpha"], report["depth"], report["video"]
    assert isinstance(alpha, dict)
    assert list(alpha) == ["mad", "mse", "grad", "conn", "iou", "boundary_f", "empty_false_alarm"]
    assert depth == dict.fromkeys(("abs_rel", "rmse", "delta1", "si_log"))
    assert video == dict.fromkeys(("dtssd", "background_depth_std"))
    assert (report["set"], report["items"], alpha["empty_false_alarm"]) == ("tiny", 1, None)


def test_alpha_of_one_everywhere_is_wrong_by_the_background(make_set: MakeSet) -> None:
    folder = make_set({}, {"empty": True})
    report = evaluate(read_set(folder), constant(1))
    # A square of 10 x 12 in 24 x 32: 648 of 768 pixels wrong, and all of the empty frame.
    means = {name: mean.value for name, mean in report.means.items() if mean}
    assert means["mad"] == pytest.approx((648 / 768 + 1) / 2)
    assert means["iou"] == pytest.approx(120 / 768)
    assert means["empty_false_alarm"] == 1


def test_ignored_pixels_do_not_count(make_set: MakeSet) -> None:
    folder = make_set({"ignore": "alpha/0000.png"})
    # The square is ignored: what is left is background, which a constant 0 gets right.
    report = evaluate(read_set(folder), constant(0))
    mad, iou = report.means["mad"], report.means["iou"]
    assert mad is not None
    assert mad.value == 0
    assert iou is None
    write(folder / "alpha/0000.png", np.full(SIZE, 255, np.uint8))
    assert evaluate(read_set(folder), constant(0)).means["mad"] is None


def test_a_plate_against_itself_counts_as_depth_and_false_alarm_only(make_set: MakeSet) -> None:
    folder = make_set({"empty": True, "plate": "frame/0000.png", "alpha": None}, {})
    report = evaluate(read_set(folder), constant(1))
    counts = {name: mean.count for name, mean in report.means.items() if mean}
    assert (counts["mad"], counts["empty_false_alarm"], counts["abs_rel"]) == (1, 1, 2)


def test_a_clip_runs_in_order_through_one_estimator(make_set: MakeSet) -> None:
    clip = [{"clip": "c", "index": index, "plate": "plate/0000.png"} for index in (2, 0, 1)]
    folder = make_set(*clip)
    items = {load(item).frame.tobytes(): item.index for item in read_set(folder).items}
    made: list[list[int | None]] = []

    def estimate_for_plate(plate: Pixels) -> Estimate:
        seen: list[int | None] = []
        made.append(seen)

        def estimate(frame: Frame) -> Maps:
            seen.append(items[frame.pixels.tobytes()])
            return Maps(np.zeros(frame.size, np.float32), RAMP)

        return estimate

    evaluate(read_set(folder), estimate_for_plate)
    assert made == [[0, 1, 2]]


def test_consecutive_items_share_an_estimator_and_clips_do_not(make_set: MakeSet) -> None:
    plate = {"plate": "plate/0000.png"}
    clips = [{**plate, "clip": "a", "index": 0}, {**plate, "clip": "b", "index": 0}]
    folder = make_set({}, plate, {}, *clips)
    made = []

    def estimate_for_plate(plate: Pixels) -> Estimate:
        made.append(plate)
        return constant(0)(plate)

    evaluate(read_set(folder), estimate_for_plate)
    assert len(made) == 4  # items 1 and 2; item 3; clip a; clip b


def test_dtssd_of_a_clip_is_the_mean_over_its_pairs(make_set: MakeSet) -> None:
    clip = [{"clip": "c", "index": i, "empty": True, "plate": "plate/0000.png"} for i in range(3)]
    folder = make_set(*clip, {"clip": "d", "index": 0, "empty": True})
    levels = iter([0.0, 0.5, 0.75, 0.0])
    buffer = np.zeros(SIZE, np.float32)

    def estimate(frame: Frame) -> Maps:
        buffer[:] = next(levels)  # the same buffer again: valid until the next call
        return Maps(buffer, RAMP)

    report = evaluate(read_set(folder), lambda _plate: estimate)
    dtssd = report.means["dtssd"]
    assert dtssd is not None
    # Steps of .5 and .25 where the truth stays 0; clip d has no pair.
    assert (dtssd.value, dtssd.count) == (0.375, 1)


def test_a_clip_with_an_unknown_alpha_says_nothing_of_its_background(make_set: MakeSet) -> None:
    clip = [{"clip": "c", "index": i, "plate": "plate/0000.png"} for i in range(3)]
    folder = make_set(clip[0], clip[1], {**clip[2], "alpha": None})
    report = evaluate(read_set(folder), constant(0))
    assert report.means["background_depth_std"] is None
    assert report.means["dtssd"] is not None


def test_saved_predictions_are_those_of_the_frame(make_set: MakeSet, tmp_path: Path) -> None:
    folder = make_set({}, {})
    out = tmp_path / "out"
    evaluate(read_set(folder), constant(0.25), save_to=out)
    saved = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*"))
    assert saved == [
        "alpha/0000.png", "alpha/0001.png", "inverse_depth/0000.npy", "inverse_depth/0001.npy",
    ]  # fmt: skip
    alpha = cv2.imread(str(out / "alpha/0001.png"), cv2.IMREAD_UNCHANGED)
    assert (alpha.dtype, alpha.shape) == (np.uint16, SIZE)
    assert np.unique(alpha).tolist() == [16384]  # .25 * 65535 = 16383.75
    depth = np.load(out / "inverse_depth/0001.npy")
    assert depth.dtype == np.float32
    assert np.array_equal(depth, RAMP)


def test_saving_is_refused_before_anything_runs(make_set: MakeSet, tmp_path: Path) -> None:
    folder = make_set({}, {"frame": "plate/0000.png"})

    def never(plate: Pixels) -> Estimate:
        raise AssertionError("ran")

    with pytest.raises(DatasetError, match="two frames are called '0000'"):
        evaluate(read_set(folder), never, save_to=tmp_path / "out")
    with pytest.raises(SinkError, match="cannot save to") as caught:
        evaluate(read_set(folder).first(1), never, save_to=folder / "alpha" / "..")
    assert "the set itself" in caught.value.why
    (tmp_path / "file").touch()
    with pytest.raises(SinkError):
        evaluate(read_set(folder).first(1), never, save_to=tmp_path / "file")


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda maps: Maps(maps.alpha * np.nan, maps.inverse_depth), RunError),
        (lambda maps: Maps(maps.alpha, maps.inverse_depth + np.inf), RunError),
        (lambda maps: Maps(maps.alpha[:-1], maps.inverse_depth), ShapeError),
        (lambda maps: Maps(maps.alpha, maps.inverse_depth[:, 1:]), ShapeError),
    ],
)
def test_maps_that_cannot_be_scored_are_an_error_that_names_the_line(
    make_set: MakeSet, spoil: Callable[[Maps], Maps], error: type[Exception]
) -> None:
    def estimate_for_plate(plate: Pixels) -> Estimate:
        return lambda frame: spoil(constant(0)(plate)(frame))

    with pytest.raises(error, match=r"manifest\.jsonl line 1"):
        evaluate(read_set(make_set({})), estimate_for_plate)
