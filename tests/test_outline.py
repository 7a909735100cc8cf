"""The line around the foreground."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeds.types import FloatMap
from edgeds.views.outline import outline


def a_shape() -> FloatMap:
    y, x = np.mgrid[:180, :320]
    waves = 30 * np.sin(x / 19) + 20 * np.sin(y / 15 + x / 31)
    return ((np.hypot(y - 90, x - 160) + waves < 70) | (x + y < 60)).astype(np.float32)


@pytest.mark.parametrize("thickness", [1, 2, 3, 4, 6])
def test_it_has_the_weight_of_the_line_that_opencv_draws(thickness: int) -> None:
    alpha = a_shape()
    borders, _ = cv2.findContours(alpha.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    drawn = np.zeros(alpha.shape, np.uint8)
    cv2.drawContours(drawn, borders, -1, 255, thickness, cv2.LINE_AA)
    line = outline(alpha, thickness)
    # At corners OpenCV lays one step over the other.
    assert line.sum() == pytest.approx(drawn.sum(), rel=0.08 if thickness > 1 else 0.15)
    assert np.abs(line.astype(int) - drawn)[drawn > 0].mean() < 40


def test_it_lies_along_the_picture_s_border_and_nowhere_if_nothing_is_shown() -> None:
    everywhere = outline(np.ones((40, 60), np.float32), 1)
    assert everywhere[0].min() > 200
    assert everywhere[:, -1].min() > 200
    assert not everywhere[2:-2, 2:-2].any()
    assert not outline(np.full((40, 60), 0.5, np.float32), 2).any()
