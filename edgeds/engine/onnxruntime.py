"""An ONNX engine on ONNX Runtime. Loads `onnxruntime` when imported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime

from edgeds.engine.arithmetic import Arithmetic
from edgeds.engine.card import Card, named_at
from edgeds.engine.graph_check import Shapes, check_graphs
from edgeds.engine.in_turn import InTurn, in_turn
from edgeds.engine.plate_noise import noise_inputs
from edgeds.types import FloatMap, Maps, Pixels, PlateFeatures, Size


class OnnxRuntimeEngine(InTurn):
    def __init__(
        self,
        folder: Path,
        card: Card,
        options: onnxruntime.SessionOptions | None = None,
        *,
        size: Size | None = None,
        threads: int | None = None,
        arithmetic: Arithmetic | None = "float",
        depth: bool = True,
    ) -> None:
        """
        Args:
            size: run the graphs at this size (multiples of 32) instead of the card's.
            arithmetic: None is float, too.
            depth: False gives a frame's inverse depth as 0.

        Raises:
            ImportError: another size needs `onnx`, which is not installed.
            ValueError: the arithmetic is another than float.
        """
        if arithmetic not in (None, "float"):
            raise ValueError("bfloat16 needs openvino")
        super().__init__()
        if threads is not None and options is None:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
        self.size, self.takes_noise = size or card.size, card.takes_noise
        self.name = f"{named_at(card, self.size)} on ONNX Runtime CPU"
        self._plate_graph, self._frame_graph = (
            onnxruntime.InferenceSession(
                _graph(folder / name, card.size, self.size),
                options,
                providers=["CPUExecutionProvider"],
            )
            for name in ("plate.onnx", "frame.onnx")
        )
        check_graphs(
            replace(card, size=self.size),
            plate=_shapes(self._plate_graph),
            frame=_shapes(self._frame_graph),
        )
        self._maps = ["alpha", "inverse_depth"] if depth else ["alpha"]
        self._plate_names = [output.name for output in self._plate_graph.get_outputs()]

    @in_turn
    def encode_plate(self, plate: Pixels, noise: FloatMap | None = None) -> PlateFeatures:
        sigma = noise_inputs(noise, self.size, takes=self.takes_noise)
        features = self._plate_graph.run(self._plate_names, {"plate": plate[None], **sigma})
        return dict(zip(self._plate_names, features, strict=True))

    @in_turn
    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        alpha, *depth = self._frame_graph.run(self._maps, {"frame": frame[None], **plate})
        return Maps(alpha[0, 0], depth[0][0, 0] if depth else np.zeros_like(alpha[0, 0]))


def _graph(path: Path, before: Size, after: Size) -> str | bytes:
    """The graph's file, or the graph itself with other shapes."""
    if before == after:
        return str(path)
    from edgeds.engine.build.other_size import model_of_size

    graph: bytes = model_of_size(path, before, after).SerializeToString()
    return graph


def _shapes(graph: onnxruntime.InferenceSession) -> tuple[Shapes, Shapes]:
    inputs, outputs = (
        {value.name: tuple(value.shape) for value in values}
        for values in (graph.get_inputs(), graph.get_outputs())
    )
    return inputs, outputs


def reference_engine(folder: Path, card: Card) -> OnnxRuntimeEngine:
    """An engine that runs the graph node by node, without optimisations. It is slow, and computes
    int8 without int8 kernels, which saturate on processors that lack VNNI.
    """
    options = yielding_options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return OnnxRuntimeEngine(folder, card, options)


def yielding_options() -> onnxruntime.SessionOptions:
    """Options for background work: waiting threads give their core away. On a busy machine a frame
    took half the time (.29 s against .61), and other programs are not slowed.
    """
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
