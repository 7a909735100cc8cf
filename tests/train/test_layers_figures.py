"""`python -m train layers`: its figures on pictures whose answer is known."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from edgeds.engine import DifferenceEngine
from edgeds.errors import InputError
from edgeds.estimate.border_regression import FINER_WEIGHTS, WEIGHTS, Weights, evaluated
from edgeds.types import Frame, Maps
from train.__main__ import app
from train.layers import border_fit
from train.layers.border_figures import border_figures, trimap_of
from train.layers.border_fit import fitted
from train.layers.border_material import Picture, Sample, of_sets, samples
from train.layers.composites import Composite, as_video, composites


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(border_fit, "_BATCH", 256)


@pytest.fixture
def material(tmp_path: Path) -> Path:
    for name in ("foregrounds", "backgrounds"):
        (tmp_path / name).mkdir()
    names = {"foregrounds": {"val": ["valid_a.png", "b.png"]}, "backgrounds": {"val": ["c.png"]}}
    (tmp_path / "splits.json").write_text(json.dumps(names))
    cutout = np.zeros((60, 40, 4), np.uint8)
    cv2.circle(cutout, (20, 30), 18, (40, 40, 220, 255), -1, cv2.LINE_AA)
    for name in names["foregrounds"]["val"]:
        cv2.imwrite(str(tmp_path / "foregrounds" / name), cutout)
    wall = np.tile(np.linspace(120, 200, 90, dtype=np.uint8)[:, None, None], (1, 160, 3))
    cv2.imwrite(str(tmp_path / "backgrounds" / "c.png"), wall)
    return tmp_path


def test_composites_obey_the_mixing_equation_and_come_again(material: Path) -> None:
    first, again = (list(composites(material, (90, 160), 9)) for _ in range(2))
    assert [one.name for one in first] == ["valid_a.png", "b.png"]
    assert len(list(composites(material, (90, 160), 9, people=True))) == 1
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.frame, other.frame)
        a = one.alpha[..., None]
        mixed = a * one.colours + (1 - a) * one.plate
        assert np.abs(mixed - one.frame).mean() < 2


def test_figures_of_a_clear_disc(material: Path) -> None:
    engine = DifferenceEngine(size=(32, 64))
    figures = border_figures(engine, composites(material, (90, 160), 2))
    assert figures["of the room under alpha 0"] == 0
    assert figures["MAD over enlarged"] < 0.8
    assert figures["colour over frame, true alpha"] < 0.35
    one = border_figures(engine, composites(material, (90, 160), 1))
    assert one["colour over frame"] == pytest.approx(one["colour over frame, mean of pictures"])
    assert one["recomposite, levels"] == pytest.approx(one["recomposite, levels, mean of pictures"])
    dark = border_figures(
        engine, (one.with_light(0.3) for one in composites(material, (90, 160), 1))
    )
    assert dark["mad"] > figures["mad"]


def test_a_brighter_plate_is_brighter() -> None:
    grey = np.full((4, 4, 3), 100, np.uint8)
    zero = np.zeros((4, 4), np.float32)
    one = Composite(name="x", frame=grey, plate=grey, alpha=zero, colours=np.zeros((4, 4, 3)))
    assert one.with_light(1.0).plate[0, 0, 0] == round(100 * 2 ** (1 / 2.2))


def test_the_trimap_is_open_around_the_border() -> None:
    coarse = np.zeros((20, 20), np.float32)
    coarse[:, 10:] = 1
    trimap = trimap_of(coarse, (40, 40))
    assert set(np.unique(trimap)) == {0, 0.5, 1}
    assert (trimap[:, 18:22] == 0.5).all()
    assert (trimap[:, :16] == 0).all()


def test_a_compressed_video_keeps_alpha_and_loses_detail(material: Path) -> None:
    one = next(iter(composites(material, (90, 160), 1)))
    coded = as_video(one, np.random.default_rng(1))
    gain = coded.colours.max() / one.colours.max()
    assert 0.25 <= gain <= 1
    assert coded.coded
    assert coded.alpha is one.alpha
    noise, left = (np.abs(np.diff(p.astype(float), axis=1)) for p in (one.frame, coded.frame))
    assert np.median(left) < 0.8 * gain * np.median(noise)
    assert np.abs(coded.frame / gain - one.frame).mean() < 5


def _two_steps() -> tuple[np.ndarray, np.ndarray]:
    """Features, and two outputs that are steps of them."""
    values = np.random.default_rng(0).normal(3, 2, (4000, 6)).astype(np.float32)
    truth = np.stack([values[:, 0] > values[:, 1], values[:, 2] > 3], axis=1)
    return values, truth.astype(np.float32)


def _sample(values: np.ndarray, truth: np.ndarray) -> Sample:
    return Sample(*(one.astype(np.float16) for one in (values, truth, np.ones_like(truth))))


def _evaluated(values: np.ndarray, weights: Weights) -> np.ndarray:
    """Of features that are in one piece."""
    return evaluated(np.ascontiguousarray(values[:, :2]), values[:, 2:].T, weights)


def test_what_is_fitted_is_what_numpy_evaluates() -> None:
    values, truth = _two_steps()
    weights, error = fitted({"clean": _sample(values, truth)}, 1500)
    found = _evaluated(values, weights)
    assert np.abs(found - truth).mean() < min(2 * error, 0.05)  # error is a mean of the last steps
    assert not np.allclose(_evaluated(values[:, ::-1], weights), found, atol=0.1)


def test_a_fit_begins_where_narrower_weights_end() -> None:
    values, truth = _two_steps()
    rng = np.random.default_rng(1)
    shapes = (5, 8), (8,), (8, 3), (3,), (3, 2), (2,)  # of five of the six features
    start = Weights(*(rng.normal(0, 0.5, shape).astype(np.float32) for shape in shapes))
    weights, _ = fitted({"coded": _sample(values, truth)}, 1, start=start)
    assert weights.first.shape[0] == 6
    before, after = _evaluated(values[:, :5], start), _evaluated(values, weights)
    assert np.abs(after - before).max() < 0.02  # one small step


def test_a_fit_of_sixteen_pixels_begins_with_four_that_are_enlarged() -> None:
    values, _ = _two_steps()
    rng = np.random.default_rng(1)
    shapes = (5, 8), (8,), (8, 3), (3,), (3, 4), (4,)
    start = Weights(*(rng.normal(0, 0.5, shape).astype(np.float32) for shape in shapes))
    before = _evaluated(values[:, :5], start).reshape(-1, 2, 2)
    enlarged = before.repeat(2, axis=1).repeat(2, axis=2).reshape(-1, 16)
    weights, _ = fitted({"coded": _sample(values, enlarged)}, 1, start=start)
    assert np.abs(_evaluated(values, weights) - enlarged).max() < 0.02  # one small step


def test_a_fit_can_imitate_other_weights() -> None:
    values, truth = _two_steps()
    known, _ = fitted({"clean": _sample(values, truth)}, 1000)
    wrong = {"clean": _sample(values, 1 - truth)}
    imitated, _ = fitted(wrong, 600, start=known, like=[known, known])
    found, wanted = _evaluated(values, imitated), _evaluated(values, known)
    assert np.abs(found - wanted).mean() < 0.1
    assert np.abs(_evaluated(values, fitted(wrong, 600, start=known)[0]) - wanted).mean() > 0.5


def test_kinds_count_by_their_shares_and_not_by_their_squares() -> None:
    values, _ = _two_steps()
    some = values[:400]
    zeros, ones = np.zeros((4000, 1), np.float32), np.ones((40, 1), np.float32)
    kinds = {"clean": _sample(some[:40], ones), "coded": _sample(values, zeros)}
    kinds["coded"].values[:400] = kinds["clean"].values[:40].repeat(10, axis=0)
    weights, _ = fitted(kinds, 600)
    assert np.median(_evaluated(some[:40], weights)) > 0.5


def test_a_picture_without_a_border_gives_no_samples() -> None:
    grey, zero = np.full((16, 16, 3), 100, np.uint8), np.zeros((16, 16), np.float32)
    picture = Picture("clean", Frame(grey), Maps(zero, zero), grey, zero)
    assert not list(samples(picture, np.random.default_rng(0)))


def test_scenes_of_the_validation_split_are_left_out_of_sets(tmp_path: Path) -> None:
    disc = np.zeros((96, 160), np.uint8)
    cv2.circle(disc, (80, 50), 30, 255, -1, cv2.LINE_AA)
    wall = np.full((96, 160, 3), 180, np.uint8)
    for name, picture in (("a", disc), ("p", wall), ("f", np.where(disc[..., None], 60, wall))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), picture)
    item = {"frame": "f.png", "plate": "p.png", "alpha": "a.png"}
    lines = [json.dumps({**item, "scene": scene}) for scene in ("room_6", "room_7", "room_17")]
    (tmp_path / "manifest.jsonl").write_text("\n".join(lines))
    found = list(of_sets(DifferenceEngine(size=(48, 80)), [tmp_path], 9))
    assert [one.kind for one in found] == ["set"]
    squares = list(samples(found[0], np.random.default_rng(0)))
    assert squares
    assert np.isfinite(squares[0].values).all()
    finer = next(samples(found[0], np.random.default_rng(0), finer=True))
    assert (finer.values.shape[1], finer.truth.shape[1]) == (153 + 16, 16)
    # What is known finer is alpha, which is not far from the truth.
    assert np.abs(finer.values[:, 153:].astype(np.float32) - finer.truth).mean() < 0.2


@pytest.mark.parametrize("finer", [False, True])
def test_the_border_is_fitted_to_composites_walks_and_sets(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finer: bool
) -> None:
    shipped_weights = FINER_WEIGHTS if finer else WEIGHTS
    monkeypatch.setattr(border_fit, "open_engine", lambda: DifferenceEngine(size=(96, 160)))
    seen: list[str] = []
    error = border_fit.fit(
        data, tmp_path / "w.npz", count=1, clips=1, drawn=2, sets=[], of_set=1, steps=40,
        start=WEIGHTS, like=[shipped_weights], say=seen.append, finer=finer,
    )  # fmt: skip
    assert len(seen) == 1 + 4 + 2  # four frames of a walk
    assert error < 0.5
    with np.load(tmp_path / "w.npz") as made, np.load(shipped_weights) as shipped:
        assert {name: made[name].shape for name in made} == {
            name: shipped[name].shape for name in shipped
        }
        assert json.loads(str(made["made"]))["walks"] == 1
        assert sum(json.loads(str(shipped["made"]))["squares"].values()) > 400_000


@pytest.mark.parametrize("option", ["--start", "--like", "--sets"])
@pytest.mark.parametrize("name", ["gone", "backgrounds/c.png"])
def test_the_border_is_refused_before_its_pictures(material: Path, option: str, name: str) -> None:
    given = [str(material), "-o", str(material / "w.npz"), option, str(material / name)]
    result = CliRunner().invoke(app, ["border", *given])
    assert isinstance(result.exception, InputError)
    assert name in str(result.exception)


@pytest.mark.parametrize("words", [("border", "gone"), ("worlds", "halls", "gone", "--count=0")])
def test_nothing_to_work_on_is_told(words: tuple[str, ...], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*words, "-o", str(tmp_path / "w")])
    assert result.exit_code == 2
    assert "does not exist" in result.output or "'--count'" in result.output
