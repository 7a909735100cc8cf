"""An engine of two TensorRT plans: one copy in and one copy out per frame.

    pixels -> page-locked ring -> frame plan -> maps -> page-locked ring -> Maps
                                     ^ features of the plate, which stay on the GPU

All memory has fixed addresses, all work goes through one stream, in order; the frame plan is
replayed as a CUDA graph. Works with `tensorrt` 10, 11 and `tensorrt_rtx`. Knows nothing about
building plans. What is loaded was checked before, by engine/target.py.
"""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgeds.engine.card import Card
from edgeds.engine.interface import Shapes, check_graphs
from edgeds.engine.settings import GPU
from edgeds.engine.tensorrt_library import (
    ICudaEngine,
    IExecutionContext,
    IRuntimeCache,
    Log,
    Runtime,
    TensorRt,
)
from edgeds.errors import EngineError, RunError
from edgeds.sinks.replacing import replace_file
from edgeds.types import Closing, Maps, Pixels, PlateFeatures

if TYPE_CHECKING:
    import torch

    from edgeds.engine.cuda_stream import DeviceStream, StreamEvent

MAPS = ("alpha", "inverse_depth")
PLATE_PLAN, FRAME_PLAN = "plate.plan", "frame.plan"


class TensorRtEngine(Closing):
    """Plans of an engine folder on a stream. Call it from one thread at a time."""

    def __init__(
        self, trt: TensorRt, folder: Path, card: Card, stream: DeviceStream, *, name: str
    ) -> None:
        import torch

        self.size = card.size
        self._name, self._stream = name, stream
        height, width = card.size
        log = Log()
        self._logger = log.logger(trt)  # the library does not keep it alive
        with stream:
            runtime: Runtime = trt.Runtime(self._logger)
            # alpha and inverse depth side by side: one copy brings both
            self._maps = torch.empty((2, height, width), dtype=torch.float32, device=stream.device)
            given = {"alpha": self._maps[0], "inverse_depth": self._maps[1]}
            self._plate = _Graph(trt, runtime, folder / PLATE_PLAN, stream, log)
            self._frame = _Graph(trt, runtime, folder / FRAME_PLAN, stream, log, given)
            check_graphs(card, plate=self._plate.shapes(), frame=self._frame.shapes())
            self._ring = deque(_Slot(stream, card.size) for _ in range(GPU.frames_in_flight))
            self._encode = stream.captured(self._plate.enqueue)
            self._infer = stream.captured(self._frame.enqueue)
            stream.record_event().wait()
        self._loaded: _Features | None = None

    @property
    def name(self) -> str:
        return f"{self._name} ({self._stream.note})" if self._stream.note else self._name

    def encode_plate(self, plate: Pixels) -> PlateFeatures:
        """The features stay on the GPU, one set per plate."""
        import torch

        with self._stream:
            slot = self._next_slot()
            np.copyto(slot.pixels.numpy()[0], plate)
            self._stream.copy(self._plate.tensors["plate"], slot.pixels)
            self._encode()
            names = [name for name in self._plate.tensors if name in self._frame.tensors]
            features = _Features({n: torch.empty_like(self._plate.tensors[n]) for n in names})
            for name, tensor in features.tensors.items():
                self._stream.copy(tensor, self._plate.tensors[name])
            self._stream.record_event().wait()
        return features

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        return self.submit(frame, plate).maps()

    def submit(self, frame: Pixels, plate: PlateFeatures) -> Pending:
        """Ask for the maps of a frame and go on; a few frames may be under way at once."""
        with self._stream:
            if plate is not self._loaded:
                for name, tensor in plate.tensors.items():
                    self._stream.copy(self._frame.tensors[name], tensor)
                self._loaded = plate
            slot = self._next_slot()
            np.copyto(slot.pixels.numpy()[0], frame)
            self._stream.copy(self._frame.tensors["frame"], slot.pixels)
            self._infer()
            self._stream.copy(slot.maps, self._maps)
            slot.pending = Pending(slot, self._stream.record_event())
        return slot.pending

    def close(self) -> None:
        """Finish what is under way and free the GPU's memory; a second time is harmless."""
        for slot in self._ring:
            slot.finish()
        for graph in (self._plate, self._frame):
            graph.keep_rtx_kernels()
        self._ring.clear()
        self._plate.tensors.clear()
        self._frame.tensors.clear()
        self._loaded = None

    def _next_slot(self) -> _Slot:
        """The slot that waits the longest; what it still holds is brought to safety first."""
        slot = self._ring[0]
        self._ring.rotate(-1)
        slot.finish()
        return slot


class Pending:
    """Maps that are on their way."""

    def __init__(self, slot: _Slot, event: StreamEvent) -> None:
        self._slot, self._event = slot, event
        self._maps: Maps | None = None

    def maps(self) -> Maps:
        """Wait for them. They are the caller's."""
        if self._maps is None:
            self._event.wait()
            alpha, inverse_depth = self._slot.maps.numpy().copy()
            self._maps = Maps(alpha, inverse_depth)
        return self._maps


class _Slot:
    """Page-locked memory for one frame under way."""

    def __init__(self, stream: DeviceStream, size: tuple[int, int]) -> None:
        import torch

        self.pixels = stream.host((1, *size, 3), torch.uint8)
        self.maps = stream.host((2, *size), torch.float32)
        self.pending: Pending | None = None

    def finish(self) -> None:
        if self.pending is not None:
            self.pending.maps()
            self.pending = None


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
        if hasattr(trt, "IRuntimeCache"):
            context = self._rtx_context(engine)
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
        """Of inputs and of outputs, by the names that edgeds gives them."""
        given = MAPS if self._path.name == FRAME_PLAN else set(self._shapes) - {"plate"}
        return (
            {name: shape for name, shape in self._shapes.items() if name not in given},
            {name: shape for name, shape in self._shapes.items() if name in given},
        )

    def enqueue(self) -> None:
        if not self._context.execute_async_v3(self._stream.handle):
            raise RunError(
                "the GPU refused a frame",
                why=f"TensorRT could not start {self._path.name}",
                fix="see edgeds doctor; --device cpu works without the GPU",
            )

    def _rtx_context(self, engine: ICudaEngine) -> IExecutionContext | None:
        """tensorrt_rtx compiles its kernels when it loads a plan: remember them beside it."""
        config = engine.create_runtime_config()
        self._kernels = config.create_runtime_cache()
        path = self._path.with_suffix(".kernels")
        if path.is_file():
            self._kernels.deserialize(path.read_bytes())
        config.set_runtime_cache(self._kernels)
        return engine.create_execution_context(config)

    def keep_rtx_kernels(self) -> None:
        """Write what tensorrt_rtx compiled, where the folder may be written to."""
        path = self._path.with_suffix(".kernels")
        if self._kernels is None or path.exists() or not os.access(path.parent, os.W_OK):
            return
        replace_file(path, bytes(self._kernels.serialize()), durable=False)
        self._kernels = None


def _unloadable(path: Path, trt: TensorRt, why: str) -> EngineError:
    return EngineError(
        f"cannot load the plan {str(path)!r}",
        why=f"{trt.__name__} {trt.__version__}: {why}",
        fix="build it again: edgeds build-engine",
    )
