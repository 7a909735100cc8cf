"""`python -m train colours`: how likely colours are weighed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from edgeds.engine import DifferenceEngine
from edgeds.errors import InputError
from edgeds.estimate.regression_weights import weights_from_file
from edgeds.estimate.weighed_colours import CANDIDATES, WEIGHTS, Weights, shares
from train.__main__ import app
from train.layers import colour_fit
from train.layers.colour_fit import Sample, fitted
from train.layers.small_network import write_weights


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(colour_fit, "_BATCH", 256)


def _sample(*, coded: bool) -> Sample:
    """The first feature says which of two candidates is right."""
    rng = np.random.default_rng(int(coded))
    likely, values = rng.uniform(0, 255, (3000, 2, 3)), rng.normal(0, 1, (3000, 4))
    truth = np.where(values[:, :1] > 0, likely[:, 0], likely[:, 1])
    given = likely, values, truth, np.ones(3000)
    likely, values, truth, counted = (one.astype(np.float16) for one in given)
    return Sample(likely, values, truth, counted, coded)


def test_the_right_candidate_is_learnt_as_numpy_evaluates_it() -> None:
    weights, error = fitted([_sample(coded=False), _sample(coded=True)], 600)
    held = _sample(coded=True)
    found = shares(held.values.T.astype(np.float32), weights)
    assert np.allclose(found.sum(axis=0), 1, atol=1e-5)
    right = np.where(held.values[:, 0] > 0, found[0], found[1])
    assert right.mean() > 0.9
    assert error < 20


def test_colours_are_fitted_to_composites(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colour_fit, "open_engine", lambda: DifferenceEngine(size=(96, 160)))
    seen: list[str] = []
    colour_fit.fit(data, tmp_path / "w.npz", count=2, steps=20, say=seen.append)
    assert 1 <= len(seen) <= 2
    with np.load(tmp_path / "w.npz") as made, np.load(WEIGHTS) as shipped:
        assert {name: made[name].shape for name in made} == {
            name: shipped[name].shape for name in shipped
        }
        assert shipped["last"].shape[1] == len(CANDIDATES)
        assert json.loads(str(shipped["made"]))["pixels"] > 100_000


def test_weights_are_written_whole_to_the_very_name_that_was_given(tmp_path: Path) -> None:
    path, shipped = tmp_path / "weights", weights_from_file(WEIGHTS, Weights)
    write_weights(path, shipped, {"steps": 1})
    with pytest.raises(TypeError):
        write_weights(path, shipped, {"steps": object()})
    assert [one.name for one in tmp_path.iterdir()] == ["weights"]
    for name, kept in weights_from_file(path, Weights)._asdict().items():
        assert np.array_equal(kept, getattr(shipped, name))


def test_a_place_for_the_weights_is_checked_before_the_pictures(data: Path, tmp_path: Path) -> None:
    given = ["colours", str(data), "-o", str(tmp_path)]
    result = CliRunner().invoke(app, given)
    assert isinstance(result.exception, InputError)
