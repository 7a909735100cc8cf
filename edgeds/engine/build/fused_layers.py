"""The fused layers that a TensorRT builder made of a graph, read from its VERBOSE log.

With ProfilingVerbosity.DETAILED the builder logs a line for every fused layer, with the types of
all its tensors and the ONNX nodes that it replaces. Without a GPU there is no other description of
a plan. NVIDIA does not document the format; this module reads what tensorrt_rtx 1.7 writes. Knows
nothing about the library that wrote the log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_LAYER = re.compile(r"^Name: (?P<name>.*?), LayerType: (?P<kind>\w+), (?P<rest>Inputs: .*)$", re.M)
_SECTION = re.compile(r"(Inputs|Constants|Outputs): \[(.*?)\](?=, (?:Constants|Outputs|Tactic)|$)")
_DTYPE = re.compile(r"Dat[ae] ?[Tt]ype: (\w+)")
_NODE = re.compile(r"\[ONNX Layer: (.*?)\]")
_DTYPES = {
    "Float": "float32",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Int8": "int8",
    "UInt8": "uint8",
    "Int32": "int32",
    "Int64": "int64",
    "Bool": "bool",
}
_NO_KERNEL = frozenset({"signal", "wait", "NoOp", "Constant"})
"""Layers in which streams only wait for each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedLayer:
    """One step of a plan."""

    name: str
    kind: str
    """The builder's word for it: "correlation", "kgen", "runtime_fusion", ..."""
    inputs: tuple[str, ...]
    """Types of what it reads: "float16", "int8", ..."""
    constants: tuple[str, ...]
    """Types of its weights, biases and scales."""
    outputs: tuple[str, ...]
    nodes: tuple[str, ...]
    """ONNX nodes that it replaces; a node may be spread over several layers."""

    @property
    def is_kernel(self) -> bool:
        return self.kind not in _NO_KERNEL

    @property
    def is_convolution(self) -> bool:
        """The layer holds a convolution's weights, alone or fused with what follows."""
        return self.kind in ("correlation", "conv", "convolution", "CaskConvolution") or (
            self.is_kernel and bool(self.constants) and "Corr" in self.name
        )

    @property
    def precision(self) -> str:
        """The type of what it reads first: for a convolution, of its activations."""
        return self.inputs[0] if self.inputs else "none"

    @property
    def weights(self) -> str:
        """The type of a convolution's weights."""
        return self.constants[0] if self.constants else self.precision


def fused_layers(log: str) -> tuple[FusedLayer, ...]:
    """The layers in a builder's log, in the order of execution."""
    return tuple(
        _layer(match["name"], match["kind"], match["rest"]) for match in _LAYER.finditer(log)
    )


def kernel_count(layers: Iterable[FusedLayer]) -> int:
    """The number of layers that are work for the GPU."""
    return sum(layer.is_kernel for layer in layers)


def convolutions_by_precision(layers: Iterable[FusedLayer]) -> dict[str, tuple[str, ...]]:
    """Precision -> the ONNX convolutions (or, where the log names none, layers) computed in it.

    A convolution counts as the wider of the types of its activations and its weights.
    """
    found: dict[str, list[str]] = {}
    for layer in layers:
        if layer.is_convolution:
            pair = {layer.precision, layer.weights}
            precision = next((p for p in ("float32", "float16") if p in pair), layer.precision)
            found.setdefault(precision, []).append(_convolution_name(layer))
    return {precision: tuple(names) for precision, names in found.items()}


def _layer(name: str, kind: str, rest: str) -> FusedLayer:
    body, _, metadata = rest.partition(", Metadata: ")
    sections = {
        section: tuple(_DTYPES.get(dtype, dtype.lower()) for dtype in _DTYPE.findall(tensors))
        for section, tensors in _SECTION.findall(body)
    }
    return FusedLayer(
        name=name,
        kind=kind,
        inputs=sections.get("Inputs", ()),
        constants=sections.get("Constants", ()),
        outputs=sections.get("Outputs", ()),
        nodes=tuple(_NODE.findall(metadata)),
    )


def _convolution_name(layer: FusedLayer) -> str:
    convolutions = (node for node in layer.nodes if node.rpartition("/")[2].startswith("Conv"))
    return next(convolutions, layer.name)
