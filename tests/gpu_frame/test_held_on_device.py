"""Holes that flicker are closed on a GPU as on a CPU."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from edgeds.engine.gpu.field import crop_of  # noqa: E402
from edgeds.engine.gpu.held_foreground import CHANNELS, held  # noqa: E402
from edgeds.estimate.held_foreground import HeldForeground  # noqa: E402
from edgeds.types import Box  # noqa: E402

FULL, SIDE = (360, 640), 160


def test_both_close_the_same_holes() -> None:
    """A body that moves and flickers, in the whole, in a part, in another one."""
    rng = np.random.default_rng(2)
    room = cv2.GaussianBlur(rng.integers(60, 180, (*FULL, 3)).astype(np.uint8), (0, 0), 3)
    on_cpu = HeldForeground()
    before = torch.zeros((CHANNELS, SIDE // 2, SIDE // 2)), crop(Box(0, 0, *FULL), (96, 160))
    most = 0.0
    for number in range(8):
        alpha, frame = np.zeros(FULL, np.float32), room.copy()
        body = Box(60, 200 + 6 * number, 300, 330 + 6 * number).of
        alpha[body] = 1
        frame[body] = cv2.add(frame[body], (14.0, 10.0, 12.0, 0.0))
        if number % 3 == 1:
            alpha[120:200, 250:310] = 0.2
        part = Box(0, 0, *FULL) if number < 3 else Box(40, 160, 330, 440 + 8 * (number > 5))
        size = (96, 160) if number < 3 else (112, 112)
        small = cv2.resize(frame[part.of], size[::-1], interpolation=cv2.INTER_AREA)
        plate = cv2.resize(room[part.of], size[::-1], interpolation=cv2.INTER_AREA)
        coarse = cv2.resize(alpha[part.of], size[::-1], interpolation=cv2.INTER_AREA)
        on_cpu.begin_frame()
        wanted = on_cpu(coarse, small, plate, part)
        here = crop(part, size)
        got, kept = held(
            torch.from_numpy(coarse), torch.from_numpy(small)[None], *before,
            torch.from_numpy(plate.transpose(2, 0, 1).astype(np.float32)), here,
        )  # fmt: skip
        before = kept, here
        assert np.abs(got.numpy() - wanted).mean() < 2e-3
        most = max(most, float((wanted - coarse).max()))
    assert most > 0.7, "something was held"


def crop(part: Box, size: tuple[int, int]) -> torch.Tensor:
    return torch.from_numpy(crop_of(part, size))
