"""The network from its weights, compiled in this process by torch_tensorrt: FP16, nothing on disk.

For people with a CUDA build of torch who want no engine folder; it compiles for a minute at every
start, and has no card, gate or INT8. Speed: not measured. torch_tensorrt does not even import
without a GPU, so what is tested of this is everything but its one call.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edgeds.engine.cuda import Cuda, find_cuda
from edgeds.engine.network.checkpoint import WeightsError, load_weights
from edgeds.engine.network.dual_head import DualHead
from edgeds.engine.network.export import folded
from edgeds.engine.target import torch_problem
from edgeds.errors import EngineError
from edgeds.types import Closing, Engine, Maps, Pixels, PlateFeatures, Size

Compile = Callable[[nn.Module, tuple[Tensor, ...]], Callable[..., Any]]


def open_weights(path: Path, *, device: str, size: Size, cuda: Cuda | None = None) -> Engine:
    """Compile a weights file for a GPU.

    Args:
        device: "auto", "cuda" or "cuda:N".
        cuda: what the driver says; it is asked where this is not given.

    Raises:
        EngineError: no GPU, no torch_tensorrt, or no such weights.
    """
    what = f"cannot compile the weights {path.name!r}"
    if device == "cpu":
        fix = f"python -m train export {path} -o FOLDER makes an engine for the CPU"
        raise EngineError(what, why="torch_tensorrt runs on a GPU", fix=fix)
    if problem := (cuda or find_cuda()).problem or torch_problem():
        fix = "see edgeds doctor; without --engine the network runs on the CPU"
        raise EngineError(what, why=problem, fix=fix)
    compiler = _compiler(what)
    try:
        network = load_weights(path)
    except WeightsError as error:
        raise EngineError(what, why=str(error), fix="give weights that train fit wrote") from error
    on = torch.device("cuda:0" if device in ("auto", "cuda") else device)
    return InProcessEngine(
        network, size=size, device=on, dtype=torch.float16, compiled=compiler, name=path.stem
    )


class InProcessEngine(Closing):
    """The network on torch. The plate's features stay on the device."""

    def __init__(
        self,
        network: DualHead,
        *,
        size: Size,
        device: torch.device,
        dtype: torch.dtype,
        compiled: Compile,
        name: str,
    ) -> None:
        self.size = size
        self.name = f"{name} on torch_tensorrt, {device}"
        self._device, self._dtype = device, dtype
        self._network = folded(network).to(device, dtype)
        frame = torch.zeros((1, *size, 3), dtype=torch.uint8, device=device)
        features = self.encode_plate(frame[0].cpu().numpy())
        self._infer = compiled(FrameStep(self._network).eval(), (frame, *features))

    def encode_plate(self, plate: Pixels) -> PlateFeatures:
        with torch.no_grad():
            return self._network.encode_plate(_pixels(self._on_device(plate), self._dtype))

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        with torch.no_grad():
            alpha, inverse_depth = self._infer(self._on_device(frame), *plate)
        return Maps(alpha[0, 0].cpu().numpy(), inverse_depth[0, 0].cpu().numpy())

    def close(self) -> None:
        """torch frees its memory with the object."""

    def _on_device(self, pixels: Pixels) -> Tensor:
        return torch.from_numpy(pixels[None].copy()).to(self._device)


class FrameStep(nn.Module):
    """Bytes of a frame and the plate's features to float32 maps. The last step is float32 in a
    float16 network too: see engine/precision.py for why.
    """

    def __init__(self, network: DualHead) -> None:
        super().__init__()
        self.network = network

    def forward(self, frame: Tensor, *plate: Tensor) -> tuple[Tensor, Tensor]:
        alpha, inverse_depth = self.network.logits(_pixels(frame, plate[0].dtype), plate)
        return torch.sigmoid(alpha.float()), F.softplus(inverse_depth.float())


def _pixels(frame: Tensor, dtype: torch.dtype) -> Tensor:
    """(1, H, W, 3) uint8 to (1, 3, H, W); the cast first, as in network/export.py."""
    return frame.to(dtype).permute(0, 3, 1, 2)


def _compiler(what: str) -> Compile:
    try:
        import torch_tensorrt
    except Exception as error:  # its import starts CUDA, which raises what it likes
        raise EngineError(
            what,
            why=f"torch_tensorrt does not load: {str(error).strip().splitlines()[0]}",
            fix='pip install "edgeds[torch-tensorrt]"',
        ) from error

    def compiled(module: nn.Module, example: tuple[Tensor, ...]) -> Callable[..., Any]:
        # since 2.13 the module's own types are the engine's; there is no precision to ask for
        step: Callable[..., Any] = torch_tensorrt.compile(
            module, ir="dynamo", arg_inputs=list(example)
        )
        return step

    return compiled
