"""The int8 form of the frame graph: explicit Q/DQ nodes, symmetric, per-channel weights.

The convolutions do nearly all the work, so only they are quantized: int8 inputs, int8 weights,
float sums. The first block, which reads pixels, and the heads, which write the maps, stay float.
The plate graph stays float too, since it runs once per plate. The same graph runs on OpenVINO and
ONNX Runtime and builds in TensorRT. Knows nothing about sets or engines. Needs `onnx` and
`onnxruntime`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from edgeds.engine.build.int8_ranges import Histogram, Method

if TYPE_CHECKING:
    import onnx

FLOAT_FIRST = 3
"""The first convolutions stay float: the stem and the depthwise block behind it. That block's
folded weights reach 18 and multiply the rounding of its input. With it in int8 alpha was .95e-3 off
float's on held-out frames, without it .49e-3, at the same speed (.66 of float's time).
"""
_ENCODER = "/encoder/"
"""In the names of the encoder's nodes."""
Inputs = Mapping[str, npt.NDArray[Any]]
"""A frame and its plate's features, as the frame graph takes them."""


def measured_ranges(
    model: onnx.ModelProto,
    frames: Iterable[Inputs],
    *,
    on_frame: Callable[[], None] = lambda: None,
) -> dict[str, Histogram]:
    """Histograms of every tensor that `int8_graph` quantizes, over frames run in float."""
    import onnx
    import onnxruntime

    from edgeds.engine.onnxruntime import yielding_options

    names = _activations(model)
    open_model = onnx.ModelProto()
    open_model.CopyFrom(onnx.shape_inference.infer_shapes(model))
    known = {value.name: value for value in open_model.graph.value_info}
    open_model.graph.output.extend(known[name] for name in names)
    session = onnxruntime.InferenceSession(
        open_model.SerializeToString(), yielding_options(), providers=["CPUExecutionProvider"]
    )
    histograms = {name: Histogram() for name in names}
    for inputs in frames:
        for name, values in zip(names, session.run(names, dict(inputs)), strict=True):
            histograms[name].add(values)
        on_frame()
    return histograms


def limits(
    model: onnx.ModelProto, histograms: Mapping[str, Histogram], method: Method
) -> dict[str, float]:
    """The largest |x| of each convolution's input that int8 represents.

    The method decides it in the encoder. Behind the encoder large values are the answer: nearness.
    Sets have few close-ups, which saturate a range of 99.99 % of the values: a head at 13 cm lost
    an eighth of its inverse depth. The maximum costs nothing there: on the frames to choose by
    alpha was .696e-3 off float's with it, .703e-3 with 99.99 %.
    """
    of_encoder = {node.input[0] for node in quantized_nodes(model) if _ENCODER in node.name}
    return {
        name: histogram.limit(method if name in of_encoder else "max")
        for name, histogram in histograms.items()
    }


def int8_graph(model: onnx.ModelProto, largest: Mapping[str, float]) -> onnx.ModelProto:
    """The graph with Q/DQ nodes around its inner convolutions, from `limits`."""
    import onnx
    from onnxruntime.quantization import QDQQuantizer, QuantType
    from onnxruntime.quantization.calibrate import CalibrationMethod, TensorData, TensorsData

    data = {
        name: TensorData(lowest=np.float32(-limit), highest=np.float32(limit))
        for name, limit in largest.items()
    }
    copy = onnx.ModelProto()
    copy.CopyFrom(onnx.shape_inference.infer_shapes(model))
    quantizer = QDQQuantizer(
        copy,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=QuantType.QInt8,
        tensors_range=TensorsData(CalibrationMethod.MinMax, data),
        nodes_to_quantize=[node.name for node in quantized_nodes(model)],
        nodes_to_exclude=[],
        op_types_to_quantize=["Conv"],
        extra_options={
            "ActivationSymmetric": True,
            "WeightSymmetric": True,
            "QuantizeBias": False,
            "QDQDisableWeightAdjustForInt32Bias": True,
            # A convolution's sum stays float until the next convolution needs int8: what is
            # between (activation, addition) is then fused instead of rounded twice.
            "OpTypesToExcludeOutputQuantization": ["Conv"],
        },
    )
    quantizer.quantize_model()
    quantizer.model.topological_sort()
    int8: onnx.ModelProto = quantizer.model.model
    onnx.checker.check_model(int8, full_check=True)
    return int8


def quantized_nodes(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """The convolutions that become int8: with FLOAT_FIRST before them, and another one behind."""
    nodes = list(model.graph.node)
    before: dict[str, int] = {}  # tensor -> convolutions on the longest way to it
    for node in nodes:
        longest = max((before.get(name, 0) for name in node.input), default=0)
        before.update(dict.fromkeys(node.output, longest + (node.op_type == "Conv")))
    feeding: set[str] = set()  # tensors with a convolution somewhere behind them
    for node in reversed(nodes):
        if node.op_type == "Conv" or feeding.intersection(node.output):
            feeding.update(node.input)
    return [
        node
        for node in nodes
        if node.op_type == "Conv"
        and before.get(node.input[0], 0) >= FLOAT_FIRST
        and node.output[0] in feeding
    ]


def _activations(model: onnx.ModelProto) -> list[str]:
    """Inputs of the quantized convolutions, each once."""
    return list(dict.fromkeys(node.input[0] for node in quantized_nodes(model)))
