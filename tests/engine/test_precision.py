"""The shipped network in float16: what it computes, and that nothing stays float32 unnamed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason='needs onnx: pip install "edgeds[build]"')

from edgeds.engine import default_engine, read_card  # noqa: E402
from edgeds.engine.build.half_precision import float_nodes, half_graph, write_half  # noqa: E402
from edgeds.engine.card import Card, sha256_of  # noqa: E402
from edgeds.engine.plate_noise import NOISE  # noqa: E402
from edgeds.errors import EngineError  # noqa: E402
from edgeds.sources import SyntheticSource  # noqa: E402
from edgeds.sources.scaling import resized  # noqa: E402
from edgeds.types import Engine, Maps  # noqa: E402

GRAPHS = ("plate.onnx", "frame.onnx")


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("half")
    for name in GRAPHS:
        write_half(default_engine() / name, folder / name)
    files = {name: sha256_of(folder / name) for name in GRAPHS}
    card = replace(read_card(default_engine()), name="half", precision="fp16", files=files)
    card.write(folder)
    return folder


def opened(backend: str, folder: Path) -> Engine:
    pytest.importorskip(backend, reason=f"{backend} is not installed")
    card: Card = read_card(folder)
    if backend == "openvino":
        from edgeds.engine.openvino import OpenVinoEngine

        return OpenVinoEngine(folder, card)
    from edgeds.engine.onnxruntime import OnnxRuntimeEngine

    return OnnxRuntimeEngine(folder, card)


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_float16_gives_the_maps_of_float32(half: Path, backend: str) -> None:
    scene = SyntheticSource(size=(192, 320), frame_count=6)
    frame = list(scene)[-1].pixels

    def maps(folder: Path) -> Maps:
        with opened(backend, folder) as engine:
            features = engine.encode_plate(resized(scene.plate, engine.size))
            return engine.infer(resized(frame, engine.size), features)

    wanted, found = maps(default_engine()), maps(half)
    assert found.alpha.dtype == found.inverse_depth.dtype == np.float32
    # Real pictures differ by 1e-5 on average and 2e-3 at most, depth by 1.4e-4 of itself.
    assert np.abs(found.alpha - wanted.alpha).mean() < 1e-4
    assert np.abs(found.alpha - wanted.alpha).max() < 1e-2
    assert np.abs(found.inverse_depth / wanted.inverse_depth - 1).mean() < 1e-3


def test_only_the_named_nodes_stay_float32(half: Path) -> None:
    plate, frame = (onnx.load(half / name) for name in GRAPHS)
    assert float_nodes(plate) == ()
    kinds = {node.name: node.op_type for node in frame.graph.node}
    assert sorted(kinds[name] for name in float_nodes(frame)) == ["Sigmoid", "Softplus"]


def test_bytes_go_in_float32_maps_come_out_and_plate_tensors_are_float16(half: Path) -> None:
    def types(values: object) -> dict[str, int]:
        return {v.name: v.type.tensor_type.elem_type for v in values}  # type: ignore[attr-defined]

    plate, frame = (onnx.load(half / name).graph for name in GRAPHS)
    kinds = onnx.TensorProto
    wanted = {"plate": kinds.UINT8}
    if read_card(default_engine()).takes_noise:
        wanted[NOISE] = kinds.FLOAT
    assert types(plate.input) == wanted
    between = types(plate.output)
    assert set(between.values()) == {kinds.FLOAT16}
    assert types(frame.input) == {"frame": kinds.UINT8, **between}
    assert types(frame.output) == {"alpha": kinds.FLOAT, "inverse_depth": kinds.FLOAT}


def test_a_weight_beyond_float16_is_refused_by_name() -> None:
    model = onnx.load(default_engine() / "plate.onnx")
    weight = model.graph.initializer[0]
    values = onnx.numpy_helper.to_array(weight).copy()
    values.flat[0] = 1e6
    weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    with pytest.raises(EngineError, match=weight.name):
        half_graph(model)
