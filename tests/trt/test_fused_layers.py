"""The account of a plan, read from a builder's log."""

from __future__ import annotations

from edgeds.engine.build.fused_layers import (
    convolutions_by_precision,
    fused_layers,
    kernel_count,
)


def tensor(dtype: str, dims: str = "1,8,4,4") -> str:
    return (
        f"{{ Name: t_{dtype}, Dimensions: [{dims}], Strides: [128,16,4,1], "
        f"StrideOrder: [3,2,1,0], Datatype: {dtype}, Format: (Linear) Row major linear format }}"
    )


def line(name: str, kind: str, reads: str, weights: str | None, node: str) -> str:
    constants = f"{tensor(weights)}, {tensor('Float', '1')}" if weights else ""
    return (
        f"Name: {name}, LayerType: {kind}, Inputs: [ {tensor(reads)}, {tensor('Float')}], "
        f"Constants: [ {constants}], Outputs: [ {tensor('Half')}], TacticName: x, StreamId: 0, "
        f"Metadata: [ONNX Layer: {node}][ONNX Layer: /net/act/Clip]"
    )


LOG = "\n".join(
    [
        "Total Activation Memory: 42",
        "Layers:",
        line("/net/a/Conv_myl0_1", "correlation", "Half", "Half", "/net/a/Conv"),
        line("/net/b/Conv_myl0_2", "correlation", "Int8", "Int8", "/net/b/Conv"),
        line("__myl_CorrAddRelu_myl0_3", "runtime_fusion", "Half", "Half", "/net/c/Conv"),
        line("/net/d/Conv_myl0_4", "correlation", "Half", "Float", "/net/d/Conv"),
        line("__myl_ResiCast_myl0_5", "kgen", "UInt8", None, "/net/Resize"),
        "Name: wait_6, LayerType: wait, Inputs: [], Constants: [], Outputs: [], TacticName: , "
        "StreamId: 0, EventId: 3, Metadata: ",
        "I/O Tensors:",
        " Name: frame, IOMode: Input, DataType: UInt8, Dimensions: [1,4,4,3]",
    ]
)


def test_layers_are_read_with_the_types_of_all_their_tensors() -> None:
    layers = fused_layers(LOG)
    assert len(layers) == 6
    assert layers[1].inputs == ("int8", "float32")
    assert layers[1].constants == ("int8", "float32")
    assert layers[1].outputs == ("float16",)
    assert layers[1].nodes == ("/net/b/Conv", "/net/act/Clip")
    assert layers[4].precision == "uint8"


def test_waiting_is_no_kernel() -> None:
    assert kernel_count(fused_layers(LOG)) == 5


def test_convolutions_are_sorted_by_what_they_compute_in() -> None:
    assert convolutions_by_precision(fused_layers(LOG)) == {
        "float16": ("/net/a/Conv", "/net/c/Conv"),
        "int8": ("/net/b/Conv",),
        "float32": ("/net/d/Conv",),
    }


def test_a_log_without_layers_gives_none() -> None:
    assert fused_layers("nothing of the kind") == ()
    assert convolutions_by_precision(()) == {}
