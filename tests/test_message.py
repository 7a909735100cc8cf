"""A message on a picture can be read on any ground."""

from __future__ import annotations

import numpy as np
import pytest

from edgeds.views.message import with_message

TEXT = "leave the picture: the plate is taken in 3 s"


@pytest.mark.parametrize("size", [(180, 320), (576, 768)])
@pytest.mark.parametrize("signs", [3, 4])
def test_the_outline_lies_around_the_letters(size: tuple[int, int], signs: int) -> None:
    """OpenCV 5 draws thicker letters wider: an outline drawn that way lies beside the text."""
    ground = np.full((*size, signs), 128, np.uint8)
    ground[..., 3:] = 0
    picture = with_message(ground, TEXT)
    changed = (picture != ground).any(2)
    rows, columns = (np.flatnonzero(changed.any(axis)) for axis in (1, 0))
    bright = (picture[..., :3] > 200).all(2)
    letter_rows, letter_columns = (np.flatnonzero(bright.any(axis)) for axis in (1, 0))
    for outer, inner in ((rows, letter_rows), (columns, letter_columns)):
        assert 0 < inner[0] - outer[0] <= 8
        assert 0 < outer[-1] - inner[-1] <= 8
    if signs == 4:
        assert (picture[..., 3][~changed] == 0).all()
        assert (picture[..., 3][bright] > 200).all()
