"""The views look as they did when somebody last looked at them (tests/golden/make.py)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

from edgeds.types import Pixels
from edgeds.views.settings import VIEWS

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def pictures() -> dict[str, Pixels]:
    spec = importlib.util.spec_from_file_location("golden_make", GOLDEN / "make.py")
    assert spec is not None
    assert spec.loader is not None
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    made: dict[str, Pixels] = make.pictures()
    return made


@pytest.mark.parametrize("name", ["plate", "replace-plate-off", *VIEWS])
def test_the_picture_is_the_golden_one(pictures: dict[str, Pixels], name: str) -> None:
    golden = cv2.imread(str(GOLDEN / f"{name}.png"), cv2.IMREAD_UNCHANGED)
    swap = cv2.COLOR_BGRA2RGBA if golden.shape[2] == 4 else cv2.COLOR_BGR2RGB
    difference = np.abs(pictures[name].astype(int) - cv2.cvtColor(golden, swap))
    # OpenCV's resize and colour map differ by a level between builds, a line's pixel by more.
    assert difference.mean() < 0.5
    assert (difference > 8).mean() < 2e-3
