"""The network, its weights file and its export, on small random pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the network needs torch: pip install --group train")
pytest.importorskip("safetensors", reason="weights need safetensors: pip install --group train")

from edgeds.engine.network.encoder import (  # noqa: E402
    BATCH_NORM_EPS,
    CHANNELS,
    STAGES,
    Encoder,
    encoder_state_from_imagenet,
)
from edgeds.engine.network.export import PLATE_NAMES, export_onnx, folded  # noqa: E402
from edgeds.engine.network.frame_network import Config, DualHead  # noqa: E402
from edgeds.engine.network.plate_depth_network import PlateDepth  # noqa: E402
from edgeds.engine.network.weights_file import (  # noqa: E402
    WeightsError,
    load_plate_depth,
    load_weights,
    made_of_weights,
    read_weights,
    save_weights,
)

SIZE = (64, 96)


@pytest.fixture(scope="module")
def network() -> DualHead:
    """Random weights, with normalisation statistics that are not those of a fresh layer."""
    torch.manual_seed(0)
    network = DualHead().train()
    for _ in range(2):
        network(pixels(2), network.encode_plate(pixels(2)))
    return network.eval()


def pixels(batch: int = 1, size: tuple[int, int] = SIZE) -> torch.Tensor:
    return torch.randint(0, 256, (batch, 3, *size)).float()


def test_alpha_and_inverse_depth_have_the_size_of_the_frame(network: DualHead) -> None:
    with torch.no_grad():
        alpha, inverse_depth = network(pixels(2), network.encode_plate(pixels(2)))
    assert alpha.shape == inverse_depth.shape == (2, 1, *SIZE)
    assert 0 <= float(alpha.min()) <= float(alpha.max()) <= 1
    assert float(inverse_depth.min()) > 0


def test_features_shrink_by_two_a_scale() -> None:
    with torch.no_grad():
        features = Encoder()(torch.zeros(1, 3, *SIZE))
    expected = [(1, c, SIZE[0] >> i, SIZE[1] >> i) for i, c in enumerate(CHANNELS, start=1)]
    assert [tuple(f.shape) for f in features] == expected


def test_a_batch_of_frames_is_estimated_as_each_frame_alone(network: DualHead) -> None:
    frames, plates = pixels(2), pixels(2)
    with torch.no_grad():
        together, _ = network(frames, network.encode_plate(plates))
        alone, _ = network(frames[1:], network.encode_plate(plates[1:]))
    torch.testing.assert_close(together[1:], alone, atol=1e-5, rtol=1e-4)


def test_the_plate_matters(network: DualHead) -> None:
    frame = pixels()
    with torch.no_grad():
        same, _ = network(frame, network.encode_plate(frame))
        other, _ = network(frame, network.encode_plate(255 - frame))
    assert float((same - other).abs().max()) > 1e-4


def test_folding_normalisation_changes_nothing(network: DualHead) -> None:
    frame, plate = pixels(), pixels()
    plain = folded(network)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in plain.modules())
    with torch.no_grad():
        wanted = network(frame, network.encode_plate(plate))
        got = plain(frame, plain.encode_plate(plate))
    for a, b in zip(wanted, got, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


def test_imagenet_tensors_fold_to_convolution_then_normalisation() -> None:
    """The folded stem computes what the published stem and its batch normalisation compute."""
    source = published_tensors()
    encoder = Encoder()
    encoder.load_state_dict(encoder_state_from_imagenet(source))
    x = torch.rand(1, 3, 32, 32)
    norm = torch.nn.BatchNorm2d(32, eps=BATCH_NORM_EPS).eval()
    norm.load_state_dict(
        {k: source[f"_bn0.{k}"] for k in ("weight", "bias", "running_mean", "running_var")},
        strict=False,
    )
    with torch.no_grad():
        conv = torch.nn.functional.conv2d(x, source["_conv_stem.weight"], stride=2, padding=1)
        torch.testing.assert_close(encoder.stem(x), norm(conv), atol=1e-5, rtol=1e-4)


def published_tensors() -> dict[str, torch.Tensor]:
    """Random tensors with the names and shapes of the published EfficientNet-Lite0."""
    torch.manual_seed(1)
    source: dict[str, torch.Tensor] = {}

    def layer(conv: str, norm: str, *shape: int) -> None:
        source[f"{conv}.weight"] = torch.randn(*shape) * 0.1
        for name in ("weight", "bias", "running_mean", "running_var"):
            source[f"{norm}.{name}"] = torch.rand(shape[0]) + 0.5

    layer("_conv_stem", "_bn0", 32, 3, 3, 3)
    number, width = 0, 32
    for stage in STAGES:
        for _ in range(stage.blocks):
            block, hidden = f"_blocks.{number}", width * stage.expand
            if stage.expand > 1:
                layer(f"{block}._expand_conv", f"{block}._bn0", hidden, width, 1, 1)
            kernel = (stage.kernel, stage.kernel)
            layer(f"{block}._depthwise_conv", f"{block}._bn1", hidden, 1, *kernel)
            layer(f"{block}._project_conv", f"{block}._bn2", stage.channels, hidden, 1, 1)
            width, number = stage.channels, number + 1
    return source


def test_weights_come_back_from_their_file(network: DualHead, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_weights(network, path, made={"steps": 3})
    again = load_weights(path)
    assert made_of_weights(path) == {"steps": 3}
    frame, plate = pixels(), pixels()
    with torch.no_grad():
        wanted, _ = network(frame, network.encode_plate(plate))
        got, _ = again(frame, again.encode_plate(plate))
    # float16 keeps 11 bits of a weight; a wrong tensor would be off by more than .1
    torch.testing.assert_close(got, wanted, atol=1e-2, rtol=0)


def test_weights_of_other_widths_rebuild_their_own_network(tmp_path: Path) -> None:
    config = Config(widths=(8, 16, 16, 16, 16), depth_widths=(16, 8))
    save_weights(DualHead(config), tmp_path / "small.safetensors")
    assert load_weights(tmp_path / "small.safetensors").config == config


def test_a_variance_too_large_for_float16_survives_its_file(tmp_path: Path) -> None:
    """It became infinite, and its channel a constant."""
    network = DualHead().eval()
    variance = network.trunk5[0][1].running_var
    variance[3] = 94_710.0
    save_weights(network, tmp_path / "weights.safetensors")
    again = load_weights(tmp_path / "weights.safetensors").trunk5[0][1].running_var
    assert torch.equal(again, variance)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 70_000.0])
def test_weights_that_would_not_be_finite_are_not_written(tmp_path: Path, value: float) -> None:
    network = DualHead()
    with torch.no_grad():
        network.context.weight[0, 0] = value
    with pytest.raises(WeightsError, match=r"1 of 16384 values of context\.weight"):
        save_weights(network, tmp_path / "weights.safetensors")
    assert not list(tmp_path.iterdir())


def test_weights_that_are_not_finite_are_refused_by_name(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = tmp_path / "weights.safetensors"
    save_weights(DualHead(), path)
    metadata, _ = read_weights(path)
    tensors = load_file(path)
    tensors["trunk5.0.1.running_var"][:10] = float("inf")
    save_file(tensors, path, metadata=metadata)
    with pytest.raises(WeightsError, match=r"10 of 128 values of trunk5.*download again"):
        load_weights(path)


def test_weights_of_the_other_network_are_named(tmp_path: Path) -> None:
    save_weights(PlateDepth(), tmp_path / "plate.safetensors")
    save_weights(DualHead(), tmp_path / "frame.safetensors")
    with pytest.raises(WeightsError, match="for the network plate-depth"):
        load_weights(tmp_path / "plate.safetensors")
    with pytest.raises(WeightsError, match="for the network dual-head"):
        load_plate_depth(tmp_path / "frame.safetensors")
    assert load_plate_depth(tmp_path / "plate.safetensors").config == PlateDepth().config


def test_a_missing_weights_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"gone\.safetensors"):
        load_weights(tmp_path / "gone.safetensors")


def test_a_truncated_weights_file_is_refused(network: DualHead, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_weights(network, path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(WeightsError, match="cut short"):
        load_weights(path)


def test_foreign_safetensors_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="format"):
        load_weights(tmp_path / "other.safetensors")


def test_the_exported_graphs_compute_what_torch_computes(network: DualHead, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime", reason="compares under ONNX Runtime")
    plate_path, frame_path = export_onnx(network, SIZE, tmp_path)
    rng = np.random.default_rng(0)
    plate, frame = (rng.integers(0, 256, (1, *SIZE, 3), np.uint8) for _ in range(2))
    cpu = ["CPUExecutionProvider"]
    features = onnxruntime.InferenceSession(plate_path, providers=cpu).run(None, {"plate": plate})
    got = onnxruntime.InferenceSession(frame_path, providers=cpu).run(
        None, {"frame": frame, **dict(zip(PLATE_NAMES, features, strict=True))}
    )
    plate_pixels, frame_pixels = (
        torch.from_numpy(x).permute(0, 3, 1, 2).float() for x in (plate, frame)
    )
    with torch.no_grad():
        wanted = network(frame_pixels, network.encode_plate(plate_pixels))
    for a, b in zip(wanted, got, strict=True):
        np.testing.assert_allclose(a.numpy(), b, atol=1e-4, rtol=1e-3)


def test_the_frame_graph_casts_bytes_before_anything_else(
    network: DualHead, tmp_path: Path
) -> None:
    """TensorRT refuses any other operator on uint8."""
    onnx = pytest.importorskip("onnx", reason="reads the exported graph")
    _, frame_path = export_onnx(network, SIZE, tmp_path)
    graph = onnx.load(frame_path).graph
    users = [node.op_type for node in graph.node if "frame" in node.input]
    assert users == ["Cast"]
    shapes = [d.dim_value for i in graph.input for d in i.type.tensor_type.shape.dim]
    assert all(size > 0 for size in shapes), "every input has a static shape"


def test_export_refuses_a_size_the_network_cannot_halve_five_times(
    network: DualHead, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        export_onnx(network, (180, 320), tmp_path)
