"""The network on plain torch: its weights, a GPU, and no build step.

    pixels -> page-locked ring -> frame step (one CUDA graph) -> maps -> page-locked ring -> Maps
                                       ^ features of the plate, which stay on the GPU

It runs on every GPU that torch supports. All memory has fixed addresses and all work goes through
one stream, in order. On the CPU device it computes the same, which is how it is tested where
there is no GPU. Knows nothing about TensorRT or cards.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edgeds.engine.cuda_driver import Cuda, Gpu, find_cuda, gpu_index
from edgeds.engine.cuda_stream import CpuStream, CudaStream, DeviceStream, said_by
from edgeds.engine.fits_this_machine import torch_fix, torch_gpu, torch_problem
from edgeds.engine.frames_in_flight import Pending, Ring
from edgeds.engine.in_turn import InTurn, closed, in_turn
from edgeds.engine.network.export import folded
from edgeds.engine.network.frame_network import DualHead
from edgeds.engine.network.weights_file import WeightsError, load_weights
from edgeds.engine.plate_noise import noise_input
from edgeds.engine.torch_compile import Compiler, what_compiles
from edgeds.errors import EngineError, RunError
from edgeds.types import FloatMap, Maps, Pixels, PlateFeatures, Size

Compile = Callable[[nn.Module, tuple[Tensor, ...]], Callable[..., Any]]
"""A module and example inputs to what computes the same, faster."""


class TorchEngine(InTurn):
    """The network on a torch device. Threads may share it."""

    def __init__(
        self,
        network: DualHead,
        stream: DeviceStream,
        *,
        size: Size,
        name: str,
        dtype: torch.dtype = torch.float16,
        compiled: Compile | None = None,
        is_compiled: bool = False,
        like: TorchEngine | None = None,
    ) -> None:
        """
        Args:
            size: (height, width), multiples of 32.
            compiled: makes the frame step faster; None runs it as it is.
            is_compiled: what is done with the frames around it is to be compiled, too.
            like: the engine at another size that works in the same stream.
        """
        super().__init__(like)
        self.size, self._name, self._stream = size, name, stream
        self.is_compiled = is_compiled
        self.takes_noise = network.config.hints
        self._made_of = {
            "name": name, "dtype": dtype, "compiled": compiled, "is_compiled": is_compiled,
        }  # fmt: skip
        self._weights, self._others = network, dict[Size, TorchEngine]()
        with stream, torch.no_grad():
            step = FrameStep(_on_device(network, stream.device, dtype))
            self._network, self._dtype = step.network, dtype
            self._pixels = torch.zeros((1, *size, 3), dtype=torch.uint8, device=stream.device)
            self._noise = torch.from_numpy(noise_input(None, size)).to(stream.device)
            # alpha and inverse depth side by side: one copy brings both
            self._maps = torch.empty((2, *size), dtype=torch.float32, device=stream.device)
            self._encoded = [f.clone() for f in self._plate_features()]
            self._plate = [torch.zeros_like(f) for f in self._encoded]
            self._step: Callable[..., Any] = step
            if compiled is not None:
                self._step = compiled(step.eval(), (self._pixels, *self._plate))
                self._run_frame()  # compiles; the capture below must not
            self._ring = Ring(stream, size)
            self._encode = stream.captured(self._run_plate)
            self._infer = stream.captured(self._run_frame)
            stream.record_event().wait()
        self._loaded: tuple[Tensor, ...] | None = None

    @property
    def name(self) -> str:
        return f"{self._name} ({self._stream.note})" if self._stream.note else self._name

    @in_turn
    def encode_plate(self, plate: Pixels, noise: FloatMap | None = None) -> PlateFeatures:
        """The features stay on the device, one set per plate."""
        with self._stream, torch.no_grad():
            self._ring.upload(plate, self._pixels)
            if self.takes_noise:
                self._stream.copy(self._noise, torch.from_numpy(noise_input(noise, self.size)))
            self._encode()
            features = tuple(torch.empty_like(f) for f in self._encoded)
            for mine, new in zip(features, self._encoded, strict=True):
                self._stream.copy(mine, new)
            self._stream.record_event().wait()
        return features

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        return self.submit(frame, plate).maps()

    @in_turn
    def submit(self, frame: Pixels, plate: PlateFeatures) -> Pending:
        """Ask for the maps of a frame and go on; a few frames may be under way at once."""
        with self._stream, torch.no_grad():
            self._load(plate)
            slot = self._ring.upload(frame, self._pixels)
            self._infer()
            return self._ring.download(slot, self._maps)

    @property
    def stream(self) -> DeviceStream:
        """All of the engine's work goes through it."""
        return self._stream

    @in_turn
    def infer_on_device(self, frame: Tensor, plate: PlateFeatures) -> Tensor:
        """Maps of a frame that is on the device, in the engine's stream: nothing waits.

        Args:
            frame: uint8 (1, h, w, 3).

        Returns:
            alpha and inverse depth, float32 (2, h, w); the next frame overwrites them.
        """
        with self._stream, torch.no_grad():
            self._load(plate)
            self._stream.copy(self._pixels, frame)
            self._infer()
        return self._maps

    @in_turn
    def at_size(self, size: Size) -> TorchEngine:
        """The same network at another (height, width), in this stream; closed with this one."""
        if size == self.size:
            return self
        if size not in self._others:
            made: Any = self._made_of
            self._others[size] = TorchEngine(
                self._weights, self._stream, size=size, like=self, **made
            )
        return self._others[size]

    @in_turn
    def device_secs(self, frame: Pixels, plate: PlateFeatures) -> float:
        """How long the device takes for one frame, copies and waiting left out."""
        self.infer(frame, plate)
        with self._stream, torch.no_grad():
            return self._stream.secs_of(self._infer)

    def _free(self) -> None:
        try:
            self._ring.close()
            for other in self._others.values():
                other.close()
        finally:
            # graphs before the tensors that they write to
            self._encode = self._infer = closed
            self._step = closed
            self._encoded, self._plate, self._loaded = [], [], None

    def _load(self, plate: tuple[Tensor, ...]) -> None:
        if plate is not self._loaded:
            for mine, new in zip(self._plate, plate, strict=True):
                self._stream.copy(mine, new)
            self._loaded = plate

    def _plate_features(self) -> tuple[Tensor, ...]:
        noise = self._noise.to(self._dtype) if self.takes_noise else None
        return self._network.encode_plate(_pixels(self._pixels, self._dtype), noise)

    def _run_plate(self) -> None:
        with torch.no_grad():
            for mine, value in zip(self._encoded, self._plate_features(), strict=True):
                mine.copy_(value)

    def _run_frame(self) -> None:
        with torch.no_grad():
            alpha, inverse_depth = self._step(self._pixels, *self._plate)
            self._maps[0].copy_(alpha[0, 0])
            self._maps[1].copy_(inverse_depth[0, 0])


class FrameStep(nn.Module):
    """Bytes of a frame and the plate's features to float32 maps. The last step is float32 in a
    float16 network too: see engine/build/half_precision.py for why.
    """

    def __init__(self, network: DualHead) -> None:
        super().__init__()
        self.network = network

    def forward(self, frame: Tensor, *plate: Tensor) -> tuple[Tensor, Tensor]:
        alpha, inverse_depth = self.network.logits(_pixels(frame, plate[0].dtype), plate)
        return torch.sigmoid(alpha.float()), F.softplus(inverse_depth.float())


def open_weights(
    path: Path,
    *,
    device: str,
    size: Size,
    compiler: Compiler = "torch",
    cuda: Cuda | None = None,
) -> TorchEngine:
    """Run a weights file on a torch device: float16 on a GPU, float32 on the CPU.

    Args:
        device: "cuda:N", "cpu", or "auto": the first GPU, else the CPU.
        cuda: what the driver says; it is asked where this is not given.

    Raises:
        EngineError: no such weights, no such device, a package is missing, or the GPU refuses.
    """
    what = f"cannot run the weights {path.name!r}"
    try:
        network = load_weights(path)
    except WeightsError as error:
        raise EngineError(what, why=str(error), fix="give weights that train fit wrote") from error
    gpu = _gpu(device, cuda or find_cuda(), what)
    if compiler == "torch-tensorrt" and gpu is None:
        fix = 'use the engine "torch" (--engine torch)'
        raise EngineError(what, why="torch_tensorrt runs on a GPU", fix=fix)
    make = what_compiles(compiler, what)
    try:
        stream = CpuStream() if gpu is None else CudaStream(gpu.index)
        compiled = None if make is None else lambda *given: make(*given, stream)
        return TorchEngine(
            network,
            stream,
            size=size,
            name=f"{path.stem} on {compiler} {torch.__version__}, {gpu.name if gpu else 'CPU'}",
            dtype=torch.float32 if gpu is None else torch.float16,
            compiled=compiled,
            is_compiled=compiler == "torch-compile",
        )
    except (RuntimeError, RunError) as error:  # torch's: out of memory, a driver too old
        raise EngineError(
            what,
            why=said_by(error),
            fix="see edgeds doctor; device cpu (--device cpu) works without the GPU",
        ) from error


def _gpu(device: str, cuda: Cuda, what: str) -> Gpu | None:
    """The GPU that `device` names; None is the CPU."""
    if device == "cpu":
        return None
    index = gpu_index(device)
    if index is None:
        fix = "use device auto, cpu or cuda:0 (--device)"
        raise EngineError(what, why=f"there is no device {device!r}", fix=fix)
    problem = cuda.problem or torch_problem()
    found = problem or torch_gpu(device, cuda)
    if isinstance(found, Gpu):
        return found
    if device == "auto":
        return None
    fix = torch_fix(cuda) if problem and not cuda.problem else "see edgeds doctor"
    fix = f"{fix}; device cpu (--device cpu) works without the GPU"
    raise EngineError(what, why=found, fix=fix)


def _on_device(network: DualHead, device: torch.device, dtype: torch.dtype) -> DualHead:
    plain = folded(network).to(device, dtype)
    plain.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return plain


def _pixels(frame: Tensor, dtype: torch.dtype) -> Tensor:
    """(1, H, W, 3) uint8 to (1, 3, H, W); bytes in that order are channels_last already."""
    return frame.to(dtype).permute(0, 3, 1, 2)
