"""Plans that tensorrt_rtx really builds, for GPUs that are not here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edgeds.engine import default_engine, read_card
from edgeds.engine.build.fused_layers import (
    convolutions_by_precision,
)
from edgeds.engine.build.tensorrt_build import Plan, plan_from_onnx
from edgeds.engine.cuda_driver import Cuda, Gpu
from edgeds.errors import EngineError

pytest.importorskip("tensorrt_rtx", reason="tensorrt_rtx is not installed (Linux x86-64 only)")
onnx = pytest.importorskip("onnx", reason="onnx is not installed")

KERNELS = json.loads((Path(__file__).parent / "kernels.json").read_text())
GPUS = ("sm86", "sm89", "sm120")
INT8_LEAVES = {
    "/network/encoder/stem/Conv",
    "/network/encoder/stages.0/stages.0.0/depthwise/Conv",
    "/network/encoder/stages.0/stages.0.0/project/Conv",
    "/network/detail/Conv",
    "/network/alpha1/alpha1.1/Conv",
    "/network/depth2/depth2.1/Conv",
}
"""What sees pixels, and the heads."""


@pytest.fixture(scope="session")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Precision -> folder with plate.onnx and frame.onnx of the shipped network, as build-engine
    gives them to TensorRT: the int8 one has float16 around its Q/DQ nodes.
    """
    from edgeds.engine.build.half_precision import half_graph, write_half
    from edgeds.engine.build.int8 import int8_graph, quantized_nodes

    shipped, half = default_engine(), tmp_path_factory.mktemp("fp16")
    for name in ("plate.onnx", "frame.onnx"):
        write_half(shipped / name, half / name)
    int8 = tmp_path_factory.mktemp("int8")
    shutil.copyfile(half / "plate.onnx", int8 / "plate.onnx")
    frame = onnx.load(shipped / "frame.onnx")
    # ranges are numbers in the graph: which ones changes nothing of what is fused
    limits = {node.input[0]: 6.0 for node in quantized_nodes(frame)}
    onnx.save(half_graph(int8_graph(frame, limits)), int8 / "frame.onnx")
    return {"fp32": shipped, "fp16": half, "int8": int8}


@pytest.fixture(scope="session")
def plans(graphs: dict[str, Path]) -> dict[tuple[str, str, str], Plan]:
    return {
        (precision, graph, gpu): plan_from_onnx(folder / f"{graph}.onnx", gpu=gpu)
        for precision, folder in graphs.items()
        for graph in ("plate", "frame")
        if (precision, graph) != ("int8", "plate")  # it is the float16 one
        for gpu in (GPUS if graph == "frame" else GPUS[:1])
    }


def test_every_shipped_graph_builds_for_every_gpu(
    plans: dict[tuple[str, str, str], Plan],
) -> None:
    for (_, _, gpu), plan in plans.items():
        assert len(plan.data) > 1e6
        assert plan.target["gpu"] == gpu
        assert plan.target["library"] == "tensorrt_rtx"


def test_every_convolution_of_the_graph_is_found_in_the_log_once(
    graphs: dict[str, Path], plans: dict[tuple[str, str, str], Plan]
) -> None:
    for (precision, graph, _), plan in plans.items():
        nodes = onnx.load(graphs[precision] / f"{graph}.onnx").graph.node
        wanted = sorted(node.name for node in nodes if node.op_type == "Conv")
        found = convolutions_by_precision(plan.layers).values()
        assert sorted(name for names in found for name in names) == wanted


def test_fp16_leaves_no_convolution_in_float32(plans: dict[tuple[str, str, str], Plan]) -> None:
    for (precision, _, _), plan in plans.items():
        if precision == "fp16":
            assert "float32" not in convolutions_by_precision(plan.layers)
        if precision == "fp32":
            assert set(convolutions_by_precision(plan.layers)) == {"float32"}


def test_int8_computes_all_convolutions_in_int8_but_the_named_ones(
    plans: dict[tuple[str, str, str], Plan],
) -> None:
    for gpu in GPUS:
        layers = plans["int8", "frame", gpu].layers
        found = convolutions_by_precision(layers)
        assert set(found) == {"int8", "float16"}
        assert set(found["float16"]) == INT8_LEAVES
        assert len(found["int8"]) == 59


def test_plans_have_no_more_kernels_than_the_committed_figure(
    plans: dict[tuple[str, str, str], Plan],
) -> None:
    takes_noise = read_card(default_engine()).takes_noise
    for (precision, graph, gpu), plan in plans.items():
        name = "plate with noise" if takes_noise and graph == "plate" else graph
        assert 0 < plan.kernels <= KERNELS[precision][name], (precision, graph, gpu)


def test_stages_are_told_in_order(graphs: dict[str, Path]) -> None:
    told: list[str] = []
    plan_from_onnx(graphs["fp16"] / "plate.onnx", gpu="sm86", on_stage=told.append)
    assert [stage.split()[0] for stage in told] == ["reading", "building"]


@pytest.mark.parametrize("content", [b"", b"hello, this is not a graph", None])
def test_a_file_that_is_no_graph_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "frame.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EngineError, match="cannot read the graph") as caught:
        plan_from_onnx(path, gpu="sm86")
    assert caught.value.why


def test_a_truncated_graph_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "frame.onnx"
    path.write_bytes((default_engine() / "frame.onnx").read_bytes()[:100_000])
    with pytest.raises(EngineError, match="cannot read the graph"):
        plan_from_onnx(path, gpu="sm86")


def test_a_gpu_the_library_does_not_build_for_is_refused_with_those_it_does(
    graphs: dict[str, Path],
) -> None:
    with pytest.raises(EngineError, match="sm61") as caught:
        plan_from_onnx(graphs["fp32"] / "plate.onnx", gpu="sm61")
    assert "sm75" in caught.value.why


def test_auto_without_a_gpu_says_so_and_how_to_name_one(graphs: dict[str, Path]) -> None:
    cuda = Cuda(problem="the NVIDIA driver sees no GPU")
    with pytest.raises(EngineError, match="this machine's GPU") as caught:
        plan_from_onnx(graphs["fp32"] / "plate.onnx", gpu="auto", cuda=cuda)
    assert "sees no GPU" in caught.value.why
    assert "--gpu sm86" in caught.value.fix


def test_auto_builds_for_the_first_gpu_with_the_library_that_is_there(
    graphs: dict[str, Path],
) -> None:
    gpu = Gpu(index=0, name="a GPU", sm="sm89", memory_bytes=1)
    plan = plan_from_onnx(graphs["fp16"] / "plate.onnx", gpu="auto", cuda=Cuda(gpus=(gpu,)))
    assert plan.gpu == "sm89"
    assert plan.library == "tensorrt_rtx"
