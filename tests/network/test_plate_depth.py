"""The plate's network: its shapes, its export, and its start as the frame network's depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the network needs torch: pip install edgeds[train]")
pytest.importorskip("safetensors", reason="weights need safetensors: pip install edgeds[train]")

from edgeds.engine.network.attention import Attention  # noqa: E402
from edgeds.engine.network.export import export_plate_depth  # noqa: E402
from edgeds.engine.network.frame_network import DualHead  # noqa: E402
from edgeds.engine.network.plate_depth_network import Config, PlateDepth  # noqa: E402
from edgeds.engine.network.weights_file import load_plate_depth, save_weights  # noqa: E402
from train.export.average_weights import average_weights  # noqa: E402
from train.plate_depth.grow_plate_network import plate_depth_from_frame_network  # noqa: E402
from train.run.recipe import Recipe  # noqa: E402
from train.run.run_state import Run  # noqa: E402

SIZE = (64, 128)


def pixels(batch: int = 1) -> torch.Tensor:
    return torch.randint(0, 256, (batch, 3, *SIZE)).float()


@pytest.fixture(scope="module")
def network() -> PlateDepth:
    """Random weights whose normalisations and silent branches are not those of a fresh network."""
    torch.manual_seed(0)
    network = PlateDepth().train()
    for parameter in (*network.far.parameters(), *network.fine.parameters()):
        if parameter.ndim == 1 or parameter.shape[0] == 1:
            torch.nn.init.normal_(parameter)
    for _ in range(2):
        network(pixels(2))
    return network.eval()


def test_inverse_depth_has_the_size_of_the_plate_and_is_over_0(network: PlateDepth) -> None:
    with torch.no_grad():
        inverse_depth = network(pixels(2))
    assert inverse_depth.shape == (2, 1, *SIZE)
    assert float(inverse_depth.min()) > 0


def with_attention(network: PlateDepth) -> PlateDepth:
    """The same network, and attention that changes what it returns."""
    torch.manual_seed(2)
    wider = PlateDepth(Config(attention=2))
    assert wider.attention is not None
    wider.load_state_dict(wider.state_dict() | network.state_dict())
    torch.nn.init.normal_(wider.attention.out.weight, std=0.05)
    return wider.eval()


def test_attention_lets_a_corner_see_the_corner_across() -> None:
    torch.manual_seed(3)
    attention = Attention(16, 1)
    torch.nn.init.normal_(attention.out.weight)
    features = torch.randn(1, 16, 2, 4)
    changed = features.clone()
    changed[..., 0, 0] = -changed[..., 0, 0]
    with torch.no_grad():
        before, after = (attention(x)[0, :, -1, -1] for x in (features, changed))
    assert float((before - after).abs().max()) > 1e-3


def test_equal_features_at_other_places_are_told_apart() -> None:
    attention = Attention(16, 1)
    torch.nn.init.normal_(attention.out.weight)
    with torch.no_grad():
        floor = attention(torch.ones(1, 16, 2, 4))[0]
    assert not torch.allclose(floor[:, 0, 0], floor[:, 1, 0], atol=1e-3)
    assert not torch.allclose(floor[:, 0, 0], floor[:, 0, 1], atol=1e-3)


def test_a_run_with_attention_starts_as_the_network_without(
    network: PlateDepth, tmp_path: Path
) -> None:
    save_weights(network, tmp_path / "before.safetensors")
    run = Run(Recipe(steps=1), tmp_path, build=lambda: PlateDepth(Config(attention=2)))
    run.start_from_weights(tmp_path / "before.safetensors")
    plate = pixels()
    with torch.no_grad():
        wanted = load_plate_depth(tmp_path / "before.safetensors")(plate)
        torch.testing.assert_close(run.network.eval()(plate), wanted)
    run.save()
    assert load_plate_depth(tmp_path / "weights.safetensors").config.attention == 2


def test_the_mean_with_a_network_without_attention_adds_its_share_of_it(
    network: PlateDepth, tmp_path: Path
) -> None:
    save_weights(network, tmp_path / "before.safetensors")
    save_weights(with_attention(network), tmp_path / "after.safetensors")
    mean = tmp_path / "mean.safetensors"
    plate = pixels()
    with torch.no_grad():
        for share, like in ((0.0, "before"), (1.0, "after")):
            average_weights(
                tmp_path / "before.safetensors", tmp_path / "after.safetensors", mean, share=share
            )
            wanted = load_plate_depth(tmp_path / f"{like}.safetensors")(plate)
            torch.testing.assert_close(load_plate_depth(mean)(plate), wanted)
        average_weights(tmp_path / "before.safetensors", tmp_path / "after.safetensors", mean)
        ends = [
            load_plate_depth(tmp_path / f"{n}.safetensors") for n in ("before", "after", "mean")
        ]
        out = [n.attention.out.weight for n in ends if n.attention is not None]
    torch.testing.assert_close(out[1], out[0] / 2, atol=1e-4, rtol=1e-2)


def test_it_starts_as_the_depth_of_the_frame_network() -> None:
    torch.manual_seed(1)
    frame_network = DualHead().train()
    for _ in range(2):
        frame_network(pixels(2), frame_network.encode_plate(pixels(2)))
    frame_network.eval()
    plate = pixels()
    with torch.no_grad():
        _, wanted = frame_network(plate, frame_network.encode_plate(plate))
        found = plate_depth_from_frame_network(frame_network).eval()(plate)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-4)


def test_a_network_that_is_too_narrow_cannot_start_so() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        plate_depth_from_frame_network(DualHead(), Config(widths=(16, 48, 64, 96, 64)))


@pytest.mark.parametrize("attention", [False, True])
def test_its_onnx_computes_what_torch_computes(
    network: PlateDepth, tmp_path: Path, attention: bool
) -> None:
    from edgeds.engine.plate_depth_engine import PlateDepthGraph

    network = with_attention(network) if attention else network
    export_plate_depth(network, SIZE, tmp_path / "plate_depth.onnx")
    plate = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    graph = PlateDepthGraph(tmp_path / "plate_depth.onnx")
    assert graph.size == SIZE
    with torch.no_grad():
        wanted = network(torch.from_numpy(plate).permute(2, 0, 1)[None].float())[0, 0].numpy()
    np.testing.assert_allclose(graph(plate), wanted, atol=1e-3, rtol=1e-3)


def test_its_onnx_casts_bytes_before_anything_else(network: PlateDepth, tmp_path: Path) -> None:
    """TensorRT refuses any other operator on uint8."""
    onnx = pytest.importorskip("onnx", reason="reads the exported graph")
    export_plate_depth(network, SIZE, tmp_path / "plate_depth.onnx")
    graph = onnx.load(tmp_path / "plate_depth.onnx").graph
    assert [node.op_type for node in graph.node if "plate" in node.input] == ["Cast"]
    assert not [node for node in graph.node if node.op_type == "BatchNormalization"]


def test_export_refuses_a_size_that_cannot_be_halved_six_times(
    network: PlateDepth, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="multiples of 64"):
        export_plate_depth(network, (96, 128), tmp_path / "plate_depth.onnx")
