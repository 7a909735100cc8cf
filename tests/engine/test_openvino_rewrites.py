"""Graphs are written in another way before they are compiled, and compute the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

openvino = pytest.importorskip("openvino", reason="compiles graphs: pip install openvino")

from edgeds.engine import default_engine, open_engine, read_card  # noqa: E402
from edgeds.engine.openvino import shared_core  # noqa: E402
from edgeds.engine.openvino_rewrites import rewritten  # noqa: E402
from edgeds.engine.plate_noise import NOISE, noise_input  # noqa: E402
from edgeds.sources import SyntheticSource  # noqa: E402
from edgeds.sources.scaling import resized  # noqa: E402

FLOAT = {"INFERENCE_PRECISION_HINT": "f32"}


def computed(model: openvino.Model, given: dict[str, Any]) -> dict[str, Any]:
    results = shared_core().compile_model(model, "CPU", FLOAT)(given)
    return {name: np.array(value) for port, value in results.items() for name in port.get_names()}


def test_a_rewritten_engine_gives_the_same_maps() -> None:
    plate, frame = np.random.default_rng(0).integers(0, 256, (2, 1, 192, 320, 3), np.uint8)
    takes_noise = read_card(default_engine()).takes_noise
    noise = {NOISE: noise_input(None, (192, 320))} if takes_noise else {}
    found = []
    for change in (lambda model: model, rewritten):
        graphs = [
            change(shared_core().read_model(str(default_engine() / f"{name}.onnx")))
            for name in ("plate", "frame")
        ]
        given = computed(graphs[0], {"plate": plate, **noise})
        features = {f"plate_{i}": given[f"plate_{i}"] for i in range(11)}
        maps = computed(graphs[1], {"frame": frame, **features})
        found.append((features, maps))
    (features, maps), (features_last, maps_last) = found
    for name in ("alpha", "inverse_depth"):
        # Another processor may take other kernels for another layout, which round differently.
        assert np.abs(maps[name] - maps_last[name]).max() < 1e-3
    for name in features:  # channels last, so that no frame reorders them
        assert np.abs(np.moveaxis(features[name], 1, -1) - features_last[name]).max() < 1e-2


def test_a_map_of_one_channel_is_enlarged_without_channels() -> None:
    model = rewritten(shared_core().read_model(str(default_engine() / "frame.onnx")))
    found = [
        tuple(node.output(0).shape)
        for node in model.get_ordered_ops()
        if node.get_type_name() == "Interpolate"
    ]
    assert (1, 192, 320) in found
    assert (1, 1, 192, 320) not in found


def test_a_frame_is_compared_with_the_plate_that_it_is_given() -> None:
    """An engine keeps the features of the plate before, and must notice another one's."""
    scene = SyntheticSource(size=(360, 600), frame_count=9)
    with open_engine("edgeds-192x320-fp32", device="cpu") as engine:
        frame = resized(list(scene)[8].pixels, engine.size)
        bare = engine.encode_plate(resized(scene.plate, engine.size))
        same = engine.encode_plate(frame)
        shares = [float((engine.infer(frame, p).alpha > 0.5).mean()) for p in (bare, same, bare)]
    assert shares[0] == shares[2] > 0.02
    assert shares[1] < 0.001
