"""The in-process engine, all but the one call that needs a GPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("safetensors", reason="safetensors is not installed")

from edgeds.engine import open_engine  # noqa: E402
from edgeds.engine.cuda import Cuda, Gpu  # noqa: E402
from edgeds.engine.network.checkpoint import load_weights  # noqa: E402
from edgeds.engine.torch_tensorrt import InProcessEngine, open_weights  # noqa: E402
from edgeds.errors import EngineError  # noqa: E402
from edgeds.sources import SyntheticSource  # noqa: E402
from edgeds.types import Pixels  # noqa: E402

WEIGHTS = Path(__file__).parents[2] / "engines" / "edgeds.safetensors"
GPU = Cuda(gpus=(Gpu(index=0, name="some GPU", sm="sm86", memory_bytes=1),))


@pytest.mark.timeout(300)  # tracing alone is ten seconds of work
def test_in_float16_it_gives_the_maps_of_the_float_network() -> None:
    traced = []

    def compiled(module: torch.nn.Module, example: tuple[torch.Tensor, ...]) -> torch.nn.Module:
        """What torch_tensorrt does first: trace the module to a graph; then run that."""
        traced.append(torch.export.export(module, example))
        return traced[-1].module()

    size = (64, 96)
    scene = SyntheticSource(size=size, frame_count=5)
    frame = list(scene)[-2].pixels
    network = load_weights(WEIGHTS)
    with torch.no_grad():
        plate = network.encode_plate(as_tensor(scene.plate))
        alpha, inverse_depth = network(as_tensor(frame), plate)
    on = torch.device("cpu")
    with InProcessEngine(
        network, size=size, device=on, dtype=torch.float16, compiled=compiled, name="edgeds"
    ) as engine:
        maps = engine.infer(frame, engine.encode_plate(scene.plate))
    # float16 has 11 bits
    assert np.abs(maps.alpha - alpha[0, 0].numpy()).mean() < 5e-3
    assert np.abs(maps.inverse_depth - inverse_depth[0, 0].numpy()).mean() < 5e-2
    assert maps.alpha.dtype == maps.inverse_depth.dtype == np.float32
    assert maps.size == size
    assert len(traced) == 1


def as_tensor(pixels: Pixels) -> torch.Tensor:
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float()


@pytest.mark.parametrize(
    ("device", "cuda", "why"),
    [
        ("cpu", GPU, "runs on a GPU"),
        ("auto", Cuda(problem="the NVIDIA driver sees no GPU"), "sees no GPU"),
    ],
)
def test_without_a_gpu_it_says_so(device: str, cuda: Cuda, why: str) -> None:
    with pytest.raises(EngineError, match="cannot compile the weights") as caught:
        open_weights(WEIGHTS, device=device, size=(192, 320), cuda=cuda)
    assert why in caught.value.why
    assert caught.value.fix


def test_weights_are_opened_by_their_file_name() -> None:
    with pytest.raises(EngineError, match="cannot compile the weights"):
        open_engine(WEIGHTS, device="cpu")
