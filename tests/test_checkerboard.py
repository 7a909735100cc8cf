"""The checkerboard under a cutout."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeds.views.checkerboard import over_checkerboard


def test_what_is_opaque_stays_and_what_is_clear_is_the_board() -> None:
    pixels = np.zeros((48, 64, 4), np.uint8)
    pixels[:, 32:] = (200, 30, 30, 255)
    shown = over_checkerboard(pixels)
    assert (shown[:, 32:] == (200, 30, 30)).all()
    assert set(np.unique(shown[:, :32])) == {153, 204}
    assert (shown[0, 0] != shown[0, 16]).all()


def test_an_empty_cutout_is_the_board_alone_and_the_board_is_never_drawn_upon() -> None:
    empty = over_checkerboard(np.zeros((40, 40, 4), np.uint8))
    over_checkerboard(np.full((40, 40, 4), 255, np.uint8))
    empty[:] = 0
    assert (over_checkerboard(np.zeros((40, 40, 4), np.uint8)) > 150).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 2**32 - 1))
def test_it_is_the_mixing_equation_to_one_level(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)
    pixels[::3, :, 3] = 0
    board = over_checkerboard(np.zeros_like(pixels)).astype(float)
    alpha = pixels[..., 3:] / 255
    wanted = alpha * pixels[..., :3] + (1 - alpha) * board
    assert np.abs(over_checkerboard(pixels) - wanted).max() <= 1
