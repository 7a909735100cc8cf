"""The float16 form of an ONNX graph. It is strongly typed, so the builder chooses no types.

Inputs are still bytes and the maps are float32. Every tensor between is float16, and so are the
plate's features, which halves the memory read per frame. FLOAT_OPS names the exceptions. Knows
nothing about int8, engines or cards. Needs `onnx`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgeds.engine.plate_noise import NOISE
from edgeds.errors import EngineError

if TYPE_CHECKING:
    import onnx

FLOAT_OPS = frozenset({"Sigmoid", "Softplus"})
"""Computed in float32, since they write the float32 maps. Near 1 float16 resolves alpha to 5e-4,
and exp in a float16 softplus overflows at 11.
"""
MAPS = ("alpha", "inverse_depth")
"""Outputs that stay float32."""
KEPT_INPUTS = (NOISE,)
"""Inputs that stay float32, once per plate: hosts have no float16."""
_FLOAT32_INPUTS = {"Resize": (1, 2)}
"""Inputs that ONNX wants in float32 always: roi and scales."""
_QUANTIZERS = frozenset({"QuantizeLinear", "DequantizeLinear"})
_SMALLEST = float(np.finfo(np.float16).smallest_subnormal)
"""The smallest scale: a channel of near-zero weights has a smaller one, which would round to 0."""
_FP16_SCALES_SINCE = 19
"""The first opset whose QuantizeLinear and DequantizeLinear take float16."""


def write_half(source: Path, target: Path) -> Path:
    """Read a float32 graph (or one with Q/DQ nodes), write its float16 form.

    Raises:
        EngineError: a weight does not fit into float16.
    """
    import onnx

    onnx.save(half_graph(onnx.load(source)), target)
    return target


def half_graph(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of the graph in float16; see the module for what stays float32.

    Raises:
        EngineError: a weight does not fit into float16.
    """
    import onnx
    from onnx import TensorProto

    half = onnx.ModelProto()
    half.CopyFrom(model)
    if any(node.op_type in _QUANTIZERS for node in half.graph.node):
        half = _with_opset(half, _FP16_SCALES_SINCE)
    graph = half.graph
    _narrow_behind_kept_inputs(graph)
    kept = {
        node.input[i]
        for node in graph.node
        for i in _FLOAT32_INPUTS.get(node.op_type, ())
        if i < len(node.input)
    }
    scales = {node.input[1] for node in graph.node if node.op_type in _QUANTIZERS}
    for tensor in graph.initializer:
        if tensor.name not in kept:
            smallest = _SMALLEST if tensor.name in scales else 0.0
            _halve_tensor(tensor, tensor.name, smallest)
    for node in graph.node:
        if node.op_type == "Constant" and node.output[0] not in kept:
            for attribute in node.attribute:
                _halve_tensor(attribute.t, node.output[0])
        elif node.op_type == "Cast" and node.attribute[0].i == TensorProto.FLOAT:
            node.attribute[0].i = TensorProto.FLOAT16
    given = (value for value in graph.input if value.name not in KEPT_INPUTS)
    for value in (*given, *(out for out in graph.output if out.name not in MAPS)):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.FLOAT16
    del graph.value_info[:]
    _widen_before_float_ops(graph)
    onnx.checker.check_model(half, full_check=True)
    return half


def float_nodes(model: onnx.ModelProto) -> tuple[str, ...]:
    """Names of the nodes that compute in float32, in the graph's order; for cards and checks."""
    import onnx
    from onnx import TensorProto

    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    floats = {
        value.name
        for value in (*inferred.value_info, *inferred.output, *inferred.input)
        if value.type.tensor_type.elem_type == TensorProto.FLOAT
    }
    quiet = {"Cast", "Constant", *_QUANTIZERS}
    loud = (node for node in inferred.node if node.op_type not in quiet)
    return tuple(node.name for node in loud if node.output[0] in floats)


def _halve_tensor(tensor: onnx.TensorProto, name: str, smallest: float = 0.0) -> None:
    from onnx import TensorProto, numpy_helper

    if tensor.data_type != TensorProto.FLOAT:
        return
    values = numpy_helper.to_array(tensor)
    # written so that NaN is refused too
    if not np.abs(values).max(initial=0.0) <= np.finfo(np.float16).max:
        raise EngineError(
            "cannot write the network in float16",
            why=f"{name!r} holds {np.abs(values).max():.3g}, float16 ends at 65504",
            fix="use --precision fp32, or weights trained with weight decay",
        )
    own_name = tensor.name
    halves = np.maximum(values, smallest) if smallest else values
    tensor.CopyFrom(numpy_helper.from_array(halves.astype(np.float16), own_name))


def _narrow_behind_kept_inputs(graph: onnx.GraphProto) -> None:
    """Put a Cast behind each of KEPT_INPUTS."""
    import onnx
    from onnx import TensorProto

    for name in {value.name for value in graph.input}.intersection(KEPT_INPUTS):
        narrow = f"{name}_narrow"
        for node in graph.node:
            for i, taken in enumerate(node.input):
                if taken == name:
                    node.input[i] = narrow
        cast = onnx.helper.make_node(  # to float16 in the end, as all that cast to float
            "Cast", [name], [narrow], name=f"{name}/narrow", to=TensorProto.FLOAT
        )
        graph.node.insert(0, cast)


def _widen_before_float_ops(graph: onnx.GraphProto) -> None:
    """Put a Cast to float32 before each of FLOAT_OPS."""
    import onnx
    from onnx import TensorProto

    def nodes() -> Iterator[onnx.NodeProto]:
        for node in graph.node:
            if node.op_type in FLOAT_OPS:
                wide = f"{node.input[0]}_float32"
                yield onnx.helper.make_node(
                    "Cast", [node.input[0]], [wide], name=f"{node.name}/widen", to=TensorProto.FLOAT
                )
                node.input[0] = wide
            yield node

    ordered = list(nodes())
    del graph.node[:]
    graph.node.extend(ordered)


def _with_opset(model: onnx.ModelProto, version: int) -> onnx.ModelProto:
    from onnx import version_converter

    if model.opset_import[0].version >= version:
        return model
    return version_converter.convert_version(model, version)
