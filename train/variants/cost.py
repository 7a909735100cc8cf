"""What the frame graph costs: multiply-accumulates, and time compared with EfficientNet-Lite0.

The classifier, at 224x224, runs in the same engine and the same run, in turns with the frame graph,
so that a busy machine slows both.
"""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from edgeds.engine.network.encoder import CHANNELS, Encoder, InvertedResidual, Stage
from edgeds.engine.network.export import OPSET, export_onnx, pixels_from_bytes
from edgeds.engine.network.frame_network import DualHead


def measured_cost(
    network: DualHead, size: tuple[int, int], folder: Path, *, threads: int = 2, turns: int = 200
) -> dict[str, Any]:
    """GMAC of the frame graph; milliseconds of it, of the plate graph and of Lite0 in OpenVINO.

    Medians and first deciles over `turns`; the decile is close to the time of an idle machine.
    """
    plate, frame = export_onnx(network, size, folder)
    classifier = folder / "lite0_224.onnx"
    pixels = torch.zeros(1, 224, 224, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(Lite0().eval(), (pixels,), classifier, opset_version=OPSET, dynamo=False)
    requests = {
        name: prepared_request(path, threads)
        for name, path in (("lite0_224", classifier), ("frame", frame), ("plate", plate))
    }
    taken: dict[str, list[float]] = {name: [] for name in requests}
    for _ in range(turns + 20):
        for name, request in requests.items():
            began = time.perf_counter()
            request.infer()
            taken[name].append(1000 * (time.perf_counter() - began))
    deciles = {name: np.percentile(t[20:], [10, 50]).round(2) for name, t in taken.items()}
    fast, median = (deciles["frame"] / deciles["lite0_224"]).round(2)
    return {
        "size": list(size),
        "gmac": round(frame_gmac(network, size), 3),
        "ms_p10_p50": {name: pair.tolist() for name, pair in deciles.items()},
        "frame_to_lite0_p10_p50": [float(fast), float(median)],
        "threads": threads,
    }


def frame_gmac(network: DualHead, size: tuple[int, int]) -> float:
    """Multiply-accumulates of one frame, in 10^9, without those of the plate."""
    pixels = torch.zeros(1, 3, *size)
    with torch.no_grad():
        features = network.encode_plate(pixels)
        with FlopCounterMode(display=False) as counter:
            network(pixels, features)
    return float(counter.get_total_flops()) / 2e9


class Lite0(nn.Module):
    """The whole EfficientNet-Lite0 classifier with random weights: only its time matters."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.last = InvertedResidual(CHANNELS[-1], Stage(1, 3, 1, 6, 320), stride=1)
        self.head = nn.Sequential(nn.Conv2d(320, 1280, 1), nn.ReLU6())
        self.classes = nn.Linear(1280, 1000)

    def forward(self, pixels: Tensor) -> Tensor:
        f5 = self.encoder((pixels_from_bytes(pixels) - 127) / 128)[-1]
        scores: Tensor = self.classes(self.head(self.last(f5)).mean((2, 3)))
        return scores


def prepared_request(path: Path, threads: int) -> Any:
    import openvino

    from edgeds.engine.openvino import shared_core

    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    model = shared_core().compile_model(path, "CPU", settings)
    request = model.create_infer_request()
    rng = np.random.default_rng(0)
    for port in model.inputs:
        values = rng.integers(0, 256, list(port.shape))
        is_bytes = port.element_type == openvino.Type.u8
        array = values.astype(np.uint8) if is_bytes else (values / 128 - 1).astype(np.float32)
        request.set_tensor(port, openvino.Tensor(array))
    return request
