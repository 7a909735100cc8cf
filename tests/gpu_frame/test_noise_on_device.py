"""A network that takes the plate's noise gets the same on a GPU as on a CPU, of whole and parts."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from edgeds.engine.cuda_stream import CpuStream  # noqa: E402
from edgeds.engine.engine_folders import shipped_weights  # noqa: E402
from edgeds.engine.gpu.estimator import DeviceEstimator  # noqa: E402
from edgeds.engine.network.frame_network import DualHead  # noqa: E402
from edgeds.engine.network.weights_file import load_weights  # noqa: E402
from edgeds.engine.torch_cuda import TorchEngine  # noqa: E402
from edgeds.estimate.estimator import Estimator  # noqa: E402
from edgeds.estimate.kept_depth import no_depth  # noqa: E402
from edgeds.plate.plate import Plate  # noqa: E402
from edgeds.sources import VideoSource  # noqa: E402
from edgeds.sources.images import pixels_from_image  # noqa: E402
from tests.network.plain_network import with_hints  # noqa: E402

DATA = Path(__file__).parents[1] / "data"


def network_with_noise() -> DualHead:
    return with_hints(load_weights(shipped_weights()), 0.3)


def test_the_same_noise_reaches_the_network_on_both_ways() -> None:
    with VideoSource(DATA / "moving_person.mp4") as source:
        frames = list(islice(source, 9, 13))  # somebody enters
    pixels = pixels_from_image(DATA / "moving_person_plate.jpg")
    ramp = np.linspace(1, 9, pixels.shape[0], dtype=np.float32)[:, None]
    plate = Plate(pixels, origin="capture", noise=np.repeat(ramp, pixels.shape[1], 1))
    known = no_depth(plate.size)
    network = network_with_noise()
    engine = TorchEngine(
        network, CpuStream(), size=(192, 320), name="with noise", dtype=torch.float32
    )
    colour = frames[0].picture.colour  # type: ignore[attr-defined]
    with engine:
        on_cpu = Estimator(engine, plate, known=known)
        on_device = DeviceEstimator(engine, plate, colour, known=known)
        without_noise = Estimator(engine, replace(plate, noise=None), known=known)
        for frame in frames:
            wanted, got, other = on_cpu(frame), on_device(frame), without_noise(frame)
            assert np.abs(got.alpha - wanted.alpha).mean() < 3e-4
        assert on_device._device_looks._use.place is not None, "a part was looked at"
        assert np.abs(other.alpha - wanted.alpha).mean() > 1e-3
