"""OpenCV's arithmetic for 8 bits, level by level."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs torch: pip install edgeds[cuda]")

from edgeds.engine.gpu.eight_bit import enlarge, gaussian_kernel, to_level  # noqa: E402

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (90, 130, 3), dtype=np.uint8)


@pytest.mark.parametrize("larger", [(180, 260), (270, 390), (360, 333)])
def test_enlarging_has_the_levels_of_resize(picture: np.ndarray, larger: tuple[int, int]) -> None:
    planes = torch.from_numpy(picture.transpose(2, 0, 1).copy())
    got = enlarge((90, 130), larger, CPU)(planes).numpy().transpose(1, 2, 0)
    wanted = cv2.resize(picture, larger[::-1], interpolation=cv2.INTER_LINEAR)
    off = np.abs(got - wanted)
    assert off.max() <= 1
    assert off.mean() < 0.005  # with torch's interpolate: .08 to .13


@pytest.mark.parametrize("sigma", [0.7, 1.4, 2.9])
def test_a_gaussian_has_the_levels_of_gaussian_blur(picture: np.ndarray, sigma: float) -> None:
    reach = round(6 * sigma + 1) // 2
    kernel = gaussian_kernel(sigma, reach, CPU)
    assert float(kernel.sum()) == 1
    planes = torch.from_numpy(picture.transpose(2, 0, 1).copy()).float()[:, None]
    padded = torch.nn.functional.pad(planes, (reach,) * 4, mode="reflect")
    along = torch.nn.functional.conv2d(padded, kernel.view(1, 1, 1, -1))
    got = to_level(torch.nn.functional.conv2d(along, kernel.view(1, 1, -1, 1)))
    wanted = cv2.GaussianBlur(picture, (0, 0), sigma)
    assert np.abs(got[:, 0].numpy().transpose(1, 2, 0) - wanted).mean() < 0.002
