"""The foreground's depth as tensors, against that of the CPU, on made maps."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from edgeds.engine.gpu import depth_fit as on_device  # noqa: E402
from edgeds.estimate.depth_fit import Fit, fit_to_plate  # noqa: E402
from edgeds.estimate.foreground_depth import foreground_depth  # noqa: E402


@pytest.mark.parametrize("size", [(192, 320), (256, 224), (320, 192)])
@pytest.mark.parametrize("people", [0, 3])
def test_foreground_has_the_same_depth_on_a_device(size: tuple[int, int], people: int) -> None:
    rng = np.random.default_rng(people)
    alpha, depth = np.zeros(size, np.float32), rng.uniform(0.1, 0.4, size).astype(np.float32)
    plate = depth.copy()
    for number in range(people):
        top, left = (int(rng.integers(0, side - 70)) for side in size)
        top = size[0] - 70 if number == 0 else top  # the border cuts one
        alpha[top : top + 70, left : left + 30] = 1
        depth[top : top + 70, left : left + 30] *= 3 * number + 2
    alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), 1.5), np.float32)
    wanted = foreground_depth(depth, alpha, plate, 0.25)
    maps = (torch.from_numpy(one) for one in (depth, alpha, plate))
    got = on_device.foreground_depth(*maps, torch.tensor(0.25)).numpy()
    assert got == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("depths", [0.3, 0.03, 0.02, 0.0])
@pytest.mark.parametrize("people", [0.2, 0.99])
def test_the_fit_and_its_trust_are_the_same_on_a_device(depths: float, people: float) -> None:
    rng, size = np.random.default_rng(1), (192, 320)
    plate = (0.3 + depths * np.linspace(0, 1, size[1]) * np.ones(size)).astype(np.float32)
    frame = (0.8 * plate + rng.normal(0, 0.01, size)).astype(np.float32)
    alpha = np.zeros(size, np.float32)
    alpha[:, : int(people * size[1])] = 1
    wanted = fit_to_plate(frame, plate, alpha, before=Fit(1.5, -0.1))
    maps = (torch.from_numpy(one) for one in (frame, plate, alpha))
    got = on_device.fit_to_plate(*maps, torch.tensor([1.5, -0.1, 1.0])).tolist()
    assert got == pytest.approx([wanted.scale, wanted.shift, wanted.trust], abs=2e-3)
