"""Matrix products of the regressions run in one thread; those of the caller's own keep theirs."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

import edgeds.estimate.border_regression as border_regression
from edgeds.estimate.border_features import squares_of
from edgeds.estimate.border_regression import regressed


def _threads() -> list[int]:
    return [one["num_threads"] for one in ThreadpoolController().select(user_api="blas").info()]


def test_the_border_is_regressed_in_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    within: list[int] = []

    def counted(around: np.ndarray, *_: object) -> np.ndarray:
        within.extend(_threads())
        return np.zeros((len(around), 4), np.float32)

    monkeypatch.setattr(border_regression, "evaluated", counted)
    alpha = np.full((16, 16), 0.5, np.float32)
    colours = np.zeros((16, 16, 3), np.float32)
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        before = _threads()
        regressed(alpha, colours, colours, squares_of(np.ones((16, 16), np.uint8)))
        assert _threads() == before
    if not before:
        pytest.skip("NumPy has a BLAS whose threads nobody can set")
    assert set(within) == {1}
