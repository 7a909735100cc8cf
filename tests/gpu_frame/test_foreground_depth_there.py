"""The foreground's depth as tensors, against that of the CPU, on made maps."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from edgeds.engine.gpu import depth_fit as there  # noqa: E402
from edgeds.estimate.foreground_depth import foreground_depth  # noqa: E402


@pytest.mark.parametrize("size", [(192, 320), (256, 224), (320, 192)])
@pytest.mark.parametrize("people", [0, 3])
def test_foreground_has_the_same_depth_on_a_device(size: tuple[int, int], people: int) -> None:
    rng = np.random.default_rng(people)
    alpha, depth = np.zeros(size, np.float32), rng.uniform(0.1, 0.4, size).astype(np.float32)
    plate = depth.copy()
    for number in range(people):
        top, left = (int(rng.integers(0, side - 70)) for side in size)
        alpha[top : top + 70, left : left + 30] = 1
        depth[top : top + 70, left : left + 30] *= 3 * number + 2
    alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), 1.5), np.float32)
    wanted = foreground_depth(depth, alpha, plate, 0.25)
    maps = (torch.from_numpy(one) for one in (depth, alpha, plate))
    got = there.foreground_depth(*maps, torch.tensor(0.25)).numpy()
    assert got == pytest.approx(wanted, rel=1e-3)
