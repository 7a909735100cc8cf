"""Sizes as people write them, and single pixels of a picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeds.errors import InputError
from edgeds.sources.scaling import size_from_text, text_from_size
from edgeds.types.picture import pixels_at

SIDES = st.integers(1, 99_999)


@given(height=SIDES, width=SIDES)
def test_a_size_is_written_as_width_by_height_and_read_back(height: int, width: int) -> None:
    assert text_from_size((height, width)) == f"{width}x{height}"
    assert size_from_text(text_from_size((height, width))) == (height, width)


@pytest.mark.parametrize("text", ["1280X720", " 1280x720 ", "1280×720", "1280*720"])
def test_a_size_may_be_written_in_other_ways(text: str) -> None:
    assert size_from_text(text) == (720, 1280)


@pytest.mark.parametrize("text", ["", "big", "1280", "1280x", "0x720", "-1x5", "1x2x3", "1e3x2"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="WIDTHxHEIGHT") as caught:
        size_from_text(text)
    assert "1280x720" in caught.value.fix


def test_a_side_must_be_a_multiple_where_one_is_needed() -> None:
    assert size_from_text("512x288", multiple_of=32) == (288, 512)
    with pytest.raises(InputError, match="multiples of 32") as caught:
        size_from_text("500x288", multiple_of=32)
    size_from_text(caught.value.fix.split()[-1], multiple_of=32)


@pytest.mark.parametrize("count", [0, 1, 40_000])
def test_single_pixels_are_those_that_numpy_reads(count: int) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (300, 500, 3), np.uint8)
    rows, columns = (rng.integers(0, side, count).astype(np.int32) for side in (200, 310))
    for values in (pixels[50:250, 100:410], pixels[50:250, 100:410, 1].copy(), pixels[:200, :310]):
        found = pixels_at(values, rows, columns)
        assert found.dtype == np.uint8
        assert np.array_equal(found, values[rows, columns])
