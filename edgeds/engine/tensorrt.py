"""An engine of two TensorRT plans: one copy in and one copy out per frame.

    pixels -> page-locked ring -> frame plan -> maps -> page-locked ring -> Maps
                                     ^ features of the plate, which stay on the GPU

All memory has fixed addresses, all work goes through one stream, in order; the frame plan is
replayed as a CUDA graph. Works with `tensorrt` 10, 11 and `tensorrt_rtx`. Knows nothing about
building plans. What is loaded was checked before, by engine/fits_this_machine.py.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from edgeds.engine.card import Card
from edgeds.engine.frames_in_flight import Pending, Ring
from edgeds.engine.graph_check import Shapes, check_graphs
from edgeds.engine.in_turn import InTurn, closed, in_turn
from edgeds.engine.plate_noise import NOISE, PLATE_INPUTS, noise_input
from edgeds.engine.tensorrt_library import (
    ICudaEngine,
    IExecutionContext,
    IRuntimeCache,
    Log,
    Runtime,
    TensorRt,
    process_logger,
)
from edgeds.errors import EngineError, RunError
from edgeds.sinks.atomic_files import replace_file
from edgeds.types import FloatMap, Maps, Pixels, PlateFeatures

if TYPE_CHECKING:
    import torch

    from edgeds.engine.cuda_stream import DeviceStream, Work

MAPS = ("alpha", "inverse_depth")
PLATE_PLAN, FRAME_PLAN = "plate.plan", "frame.plan"


class TensorRtEngine(InTurn):
    """Plans of an engine folder on a stream. Threads may share it."""

    is_compiled = False

    def __init__(
        self, trt: TensorRt, folder: Path, card: Card, stream: DeviceStream, *, name: str
    ) -> None:
        import torch

        super().__init__()
        self.size, self.takes_noise = card.size, card.takes_noise
        self._name, self._stream = name, stream
        height, width = card.size
        with stream, Log() as log:
            runtime: Runtime = trt.Runtime(process_logger(trt))
            # alpha and inverse depth side by side: one copy brings both
            self._maps = torch.empty((2, height, width), dtype=torch.float32, device=stream.device)
            given = {"alpha": self._maps[0], "inverse_depth": self._maps[1]}
            self._plate = _Graph(trt, runtime, folder / PLATE_PLAN, stream, log)
            self._frame = _Graph(trt, runtime, folder / FRAME_PLAN, stream, log, given)
            check_graphs(card, plate=self._plate.shapes(), frame=self._frame.shapes())
            self._ring = Ring(stream, card.size)
            self._encode, self._infer = self._plate.captured(), self._frame.captured()
            stream.record_event().wait()
        self._loaded: _Features | None = None

    @property
    def name(self) -> str:
        return f"{self._name} ({self._stream.note})" if self._stream.note else self._name

    @in_turn
    def encode_plate(self, plate: Pixels, noise: FloatMap | None = None) -> PlateFeatures:
        """The features stay on the GPU, one set per plate."""
        import torch

        with self._stream:
            self._ring.upload(plate, self._plate.tensors["plate"])
            if self.takes_noise:
                sigma = torch.from_numpy(noise_input(noise, self.size))
                self._stream.copy(self._plate.tensors[NOISE], sigma)
            self._encode()
            names = [name for name in self._plate.tensors if name in self._frame.tensors]
            features = _Features({n: torch.empty_like(self._plate.tensors[n]) for n in names})
            for name, tensor in features.tensors.items():
                self._stream.copy(tensor, self._plate.tensors[name])
            self._stream.record_event().wait()
        return features

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        return self.submit(frame, plate).maps()

    @in_turn
    def submit(self, frame: Pixels, plate: PlateFeatures) -> Pending:
        """Ask for the maps of a frame and go on; a few frames may be under way at once."""
        with self._stream:
            self._load(plate)
            slot = self._ring.upload(frame, self._frame.tensors["frame"])
            self._infer()
            return self._ring.download(slot, self._maps)

    @property
    def stream(self) -> DeviceStream:
        """All of the engine's work goes through it."""
        return self._stream

    @in_turn
    def infer_on_device(self, frame: torch.Tensor, plate: PlateFeatures) -> torch.Tensor:
        """As the torch engine's: uint8 (1, h, w, 3) to float32 (2, h, w), nothing waits."""
        with self._stream:
            self._load(plate)
            self._stream.copy(self._frame.tensors["frame"], frame)
            self._infer()
        return self._maps

    @in_turn
    def device_secs(self, frame: Pixels, plate: PlateFeatures) -> float:
        """How long the GPU takes for one frame, copies and waiting left out."""
        self.infer(frame, plate)
        with self._stream:
            return self._stream.secs_of(self._infer)

    def _free(self) -> None:
        """
        Raises:
            RunError: the GPU reported an error. Everything is freed all the same.
        """
        self._loaded = None
        first: BaseException | None = None
        # frames under way, then graphs, before the contexts that these replay
        for step in (self._ring.close, self._drop_graphs, self._frame.close, self._plate.close):
            try:
                step()
            except Exception as error:  # the first one says what happened; the rest follow from it
                first = first or error
        if first is not None:
            raise first

    def _drop_graphs(self) -> None:
        self._encode = self._infer = closed

    def _load(self, plate: _Features) -> None:
        if plate is not self._loaded:
            for name, tensor in plate.tensors.items():
                self._stream.copy(self._frame.tensors[name], tensor)
            self._loaded = plate


class _Features:
    """What the frame plan needs of a plate: tensors on the GPU."""

    def __init__(self, tensors: dict[str, torch.Tensor]) -> None:
        self.tensors = tensors


class _Graph:
    """A plan, with a tensor at a fixed address for each of its inputs and outputs."""

    def __init__(
        self,
        trt: TensorRt,
        runtime: Runtime,
        path: Path,
        stream: DeviceStream,
        log: Log,
        given: dict[str, torch.Tensor] | None = None,
    ) -> None:
        import torch

        self._stream, self._path = stream, path
        engine: ICudaEngine | None = runtime.deserialize_cuda_engine(path.read_bytes())
        if engine is None:
            raise _unloadable(path, trt, log.errors())
        self._kernels: IRuntimeCache | None = None
        self._kernels_fit = False
        self._library = trt
        if hasattr(trt, "IRuntimeCache"):
            context = self._rtx_context(trt, engine)
        else:
            context = engine.create_execution_context()
        if context is None:
            raise _unloadable(path, trt, log.errors())
        self._engine, self._context = engine, context
        dtypes = {
            trt.DataType.FLOAT: torch.float32,
            trt.DataType.HALF: torch.float16,
            trt.DataType.INT8: torch.int8,
            trt.DataType.UINT8: torch.uint8,
        }
        self.tensors = dict(given or {})
        self._shapes: dict[str, tuple[int, ...]] = {}
        for index in range(engine.num_io_tensors):
            name = engine.get_tensor_name(index)
            self._shapes[name] = tuple(engine.get_tensor_shape(name))
            dtype = dtypes.get(engine.get_tensor_dtype(name))
            there = self.tensors.get(name)
            if dtype is None or (there is not None and there.dtype != dtype):
                raise _unloadable(path, trt, f"{name} is of a type that edgeds does not use there")
            if there is None:
                self.tensors[name] = torch.zeros(
                    self._shapes[name], dtype=dtype, device=stream.device
                )
            context.set_tensor_address(name, self.tensors[name].data_ptr())

    def shapes(self) -> tuple[Shapes, Shapes]:
        """Shapes of the inputs and of the outputs, by the names that edgeds gives them."""
        given = MAPS if self._path.name == FRAME_PLAN else set(self._shapes) - set(PLATE_INPUTS)
        return (
            {name: shape for name, shape in self._shapes.items() if name not in given},
            {name: shape for name, shape in self._shapes.items() if name in given},
        )

    def enqueue(self) -> None:
        if not self._context.execute_async_v3(self._stream.handle):
            raise RunError(
                "the GPU refused a frame",
                why=f"TensorRT could not start {self._path.name}",
                fix="see edgeds doctor; device cpu (--device cpu) works without the GPU",
            )

    def captured(self) -> Work:
        """The plan's run as a CUDA graph, where the library says that it can be captured."""
        self.enqueue()  # tensorrt_rtx knows whether it can be captured once it has run
        self._stream.record_event().wait()
        if self._kernels is not None and not self._rtx_can_be_captured():
            return self._with_rtx_graphs()
        return self._stream.captured_calls(self.enqueue)

    def _rtx_can_be_captured(self) -> bool:
        return bool(self._context.is_stream_capturable(self._stream.handle))

    def _with_rtx_graphs(self) -> Work:
        """Leave the capture to tensorrt_rtx, which allocates for this plan while it runs."""
        self._stream.note = "no CUDA graph of edgeds': tensorrt_rtx makes its own"
        context: IExecutionContext | None = self._rtx_context(
            self._library, self._engine, own_graphs=True
        )
        if context is None:
            self._stream.note = "no CUDA graph: tensorrt_rtx cannot capture this plan"
            return self.enqueue
        self._context = context
        for name in self._shapes:
            context.set_tensor_address(name, self.tensors[name].data_ptr())
        self.enqueue()
        return self.enqueue

    def close(self) -> None:
        """Keep tensorrt_rtx's kernels, then free context and engine in this order."""
        try:
            self._keep_rtx_kernels()
        finally:
            self._context = self._engine = self._kernels = None
            self.tensors.clear()

    def _rtx_context(
        self, rtx: TensorRt, engine: ICudaEngine, *, own_graphs: bool = False
    ) -> IExecutionContext | None:
        """tensorrt_rtx compiles its kernels when it loads a plan: remember them beside it."""
        config = engine.create_runtime_config()
        if own_graphs:
            config.cuda_graph_strategy = rtx.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
        self._kernels = config.create_runtime_cache()
        path = self._path.with_suffix(".kernels")
        self._kernels_fit = path.is_file() and self._kernels.deserialize(path.read_bytes())
        config.set_runtime_cache(self._kernels)
        return engine.create_execution_context(config)

    def _keep_rtx_kernels(self) -> None:
        """Write what tensorrt_rtx compiled, unless the file that is there served."""
        path = self._path.with_suffix(".kernels")
        if self._kernels is None or self._kernels_fit or not os.access(path.parent, os.W_OK):
            return
        replace_file(path, bytes(self._kernels.serialize()), durable=False)


def _unloadable(path: Path, trt: TensorRt, why: str) -> EngineError:
    return EngineError(
        f"cannot load the plan {str(path)!r}",
        why=f"{trt.__name__} {trt.__version__}: {why}",
        fix="build it again: edgeds build-engine",
    )
