"""An ONNX engine on ONNX Runtime. Loads `onnxruntime` when imported."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from edgeds.engine.card import Card
from edgeds.types import Closing, Maps, Pixels, PlateFeatures


class OnnxRuntimeEngine(Closing):
    def __init__(self, folder: Path, card: Card) -> None:
        self.size = card.size
        self.name = f"{card.name} on ONNX Runtime CPU"
        providers = ["CPUExecutionProvider"]
        self._plate_graph = onnxruntime.InferenceSession(
            str(folder / "plate.onnx"), providers=providers
        )
        self._frame_graph = onnxruntime.InferenceSession(
            str(folder / "frame.onnx"), providers=providers
        )
        self._plate_names = [output.name for output in self._plate_graph.get_outputs()]

    def encode_plate(self, plate: Pixels) -> PlateFeatures:
        features = self._plate_graph.run(self._plate_names, {"plate": plate[None]})
        return dict(zip(self._plate_names, features, strict=True))

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        alpha, inverse_depth = self._frame_graph.run(
            ["alpha", "inverse_depth"], {"frame": frame[None], **plate}
        )
        return Maps(alpha[0, 0], inverse_depth[0, 0])

    def close(self) -> None:
        """ONNX Runtime frees its sessions with the object."""
