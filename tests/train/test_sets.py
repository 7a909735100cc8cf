"""Sets that are drawn to score on, and scores that a mean hides."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from edgeds.engine import DifferenceEngine
from edgeds.evaluation.dataset import read_set
from edgeds.evaluation.sample import load
from edgeds.plate.plate import Plate
from edgeds.types import Frame, Pixels
from tests.train.typed_commands import typed
from train.__main__ import app
from train.measure.items import ItemScore, item_scores, summary
from train.measure.looks_cost import look_settings, looks_of_clip
from train.measure.looks_quality import looks_of_set
from train.sets.eval_sets import NAMES

ENGINE_SIZE = (96, 160)


@pytest.fixture(scope="module")
def sets(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets")
    for kind, count in (("moving", 3), ("holes", 1)):
        typed("draw", kind, data, "-o", folder / kind, f"--count={count}")
    return folder


def test_a_drawn_set_is_a_set_of_validation_material(sets: Path) -> None:
    moving, holes = read_set(sets / "moving"), read_set(sets / "holes")
    assert [item.empty for item in moving.items] == [True, True, False]
    assert all(item.scene.endswith("7") for item in moving.items)
    sample = load(moving.items[0])
    assert (np.abs(sample.frame.astype(int) - sample.plate) > 8).mean() > 0.001, "something moves"
    assert not holes.items[0].empty


def test_equal_seeds_draw_equal_pictures(data: Path, sets: Path, tmp_path: Path) -> None:
    typed("draw", "holes", data, "-o", tmp_path / "again", "--count=1")
    typed("draw", "holes", data, "-o", tmp_path / "other", "--count=1", "--seed=2")
    first, again, other = (
        (folder / "frame" / "0000.jpg").read_bytes()
        for folder in (sets / "holes", tmp_path / "again", tmp_path / "other")
    )
    assert first == again != other


def test_walks_are_clips_of_which_looks_and_alpha_are_scored(data: Path, tmp_path: Path) -> None:
    seeds = range(1, 9)  # somebody may enter later
    for seed in seeds:
        typed("draw", "walks", data, "-o", tmp_path, "--count=5", "--train", f"--seed={seed}")
        if not read_set(tmp_path).items[0].empty:
            break
    clip = read_set(tmp_path)
    assert [(item.clip, item.index) for item in clip.items] == [("0000", n) for n in range(5)]
    first, last = (load(item) for item in (clip.items[0], clip.items[-1]))
    assert np.array_equal(first.plate, last.plate)
    assert first.alpha is not None
    assert last.alpha is not None
    assert np.abs(first.alpha - last.alpha).max() > 0.5, "somebody moves"
    bare = last.alpha == 0
    assert np.abs(last.frame.astype(int) - last.plate)[bare].mean() < 6, "noise"
    found = looks_of_set(DifferenceEngine(size=ENGINE_SIZE), clip)
    assert found["frames"] == 5
    assert 0 < found["mad"] < 0.5
    assert found["dtssd"] > 0


def test_an_unknown_kind_of_set_is_refused_with_the_names(data: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["draw", "trees", str(data), "-o", str(tmp_path)])
    assert result.exit_code == 2
    assert all(name in result.output for name in NAMES)


def test_items_are_scored_with_and_without_the_refinement(sets: Path) -> None:
    engine = DifferenceEngine(size=ENGINE_SIZE)
    scores = list(item_scores(engine, read_set(sets / "moving")))
    assert [one.stem for one in scores] == ["0002"], "the others are empty"
    assert 0 < scores[0].share < 1
    assert scores[0].mad != scores[0].coarse_mad


def test_the_summary_names_small_items_and_those_that_got_worse() -> None:
    def item(number: int, share: float, iou: float, mad: float) -> ItemScore:
        return ItemScore(str(number), share, iou, mad, coarse_mad=0.010)

    found = summary(
        [item(n, 0.1 * (n + 1), 0.9, 0.009) for n in range(6)]
        + [item(6, 0.01, 0.5, 0.0104), item(7, 0.02, 0.7, 0.0106)]
    )
    assert found["least_foreground"] == {"items": 2, "share": 0.015, "iou": 0.6}
    assert found["made_worse"] == {"items": 1, "most": ["7"]}, "4 % is within the bound"


def test_looks_are_counted_by_frame() -> None:
    empty: Pixels = np.full((180, 320, 3), 90, np.uint8)
    rng = np.random.default_rng(0)
    empty[...] += rng.integers(0, 40, empty.shape, dtype=np.uint8)
    shown = empty.copy()
    shown[40:90, 100:130] = (220, 30, 30)
    pictures = [empty] * 4 + [shown] * 4
    frames = [Frame(picture, n, n) for n, picture in enumerate(pictures)]
    engine = DifferenceEngine(size=ENGINE_SIZE)
    found = looks_of_clip(engine, Plate(empty), frames)
    assert found["frames"] == 8
    assert found["with_foreground"] == 4
    assert found["frames_by_looks"]["0"] >= 5, "nothing changes but once; then a part is looked at"
    assert found["looks_per_frame"] < found["looks_per_frame_with_foreground"]
    whole = looks_of_clip(engine, Plate(empty), frames, look_settings(["reuse_most=0"]))
    assert whole["frames_by_looks"].get("0", 0) == 0


def test_the_looks_command_counts_a_clip_and_refuses_unknown_settings(tmp_path: Path) -> None:
    clip = Path(__file__).parents[1] / "data" / "people_walking.mp4"
    clip = clip if clip.exists() else next(clip.parent.rglob("*.mp4"))
    result = CliRunner().invoke(app, ["looks", str(clip), "--setting", "speed=3"])
    assert "speed=3" in str(result.exception)
    found = json.loads(typed("looks", clip, "--limit=3").splitlines()[-1])
    assert found["frames"] == 3
