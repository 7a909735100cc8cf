"""Maps that go on past their edges."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edgeds.estimate.padded_maps import REACH, merged_and_padded, padded


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (40, 30)])
def test_maps_merged_and_padded_at_once_are_those_merged_and_then_padded(
    size: tuple[int, int],
) -> None:
    rng = np.random.default_rng(0)
    one, colours, last = (rng.random(shape, np.float32) for shape in (size, (*size, 3), size))
    slowly = padded(cv2.merge([one, *cv2.split(colours), last]))
    assert slowly.shape == (size[0] + 2 * REACH, size[1] + 2 * REACH, 5)
    assert np.array_equal(merged_and_padded(one, colours, last), slowly)
