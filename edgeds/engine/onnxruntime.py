"""An ONNX engine on ONNX Runtime, which judges and calibrates engines that are built; runs are on
OpenVINO. Loads `onnxruntime` when imported.
"""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from edgeds.engine.card import Card, named_at
from edgeds.engine.graph_check import Shapes, check_graphs
from edgeds.engine.in_turn import InTurn, in_turn
from edgeds.engine.plate_noise import noise_inputs
from edgeds.types import FloatMap, Maps, Pixels, PlateFeatures


class OnnxRuntimeEngine(InTurn):
    def __init__(
        self,
        folder: Path,
        card: Card,
        options: onnxruntime.SessionOptions | None = None,
    ) -> None:
        super().__init__()
        self.size, self.takes_noise = card.size, card.takes_noise
        self.name = f"{named_at(card, self.size)} on ONNX Runtime CPU"
        self._plate_graph, self._frame_graph = (
            onnxruntime.InferenceSession(
                str(folder / name), options, providers=["CPUExecutionProvider"]
            )
            for name in ("plate.onnx", "frame.onnx")
        )
        check_graphs(card, plate=_shapes(self._plate_graph), frame=_shapes(self._frame_graph))
        self._plate_names = [output.name for output in self._plate_graph.get_outputs()]

    @in_turn
    def encode_plate(self, plate: Pixels, noise: FloatMap | None = None) -> PlateFeatures:
        sigma = noise_inputs(noise, self.size, takes=self.takes_noise)
        features = self._plate_graph.run(self._plate_names, {"plate": plate[None], **sigma})
        return dict(zip(self._plate_names, features, strict=True))

    @in_turn
    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        maps = ["alpha", "inverse_depth"]
        alpha, depth = self._frame_graph.run(maps, {"frame": frame[None], **plate})
        return Maps(alpha[0, 0], depth[0, 0])


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
