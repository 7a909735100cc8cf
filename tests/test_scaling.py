"""Sizes as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeds.errors import InputError
from edgeds.sources.scaling import size_from_text, text_from_size

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
