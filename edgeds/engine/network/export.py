"""Exports the networks to ONNX: plate.onnx and plate_depth.onnx, which run once per plate, and
frame.onnx, which runs once per frame.

The inputs are bytes, uint8 NHWC. Cast, layout and normalisation are nodes of the graph, so that no
backend has its own preprocessing. Static shapes, float32, batch normalisation folded. Knows nothing
about engines or their cards.
"""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from edgeds.engine.network import plate_depth_network
from edgeds.engine.network.frame_network import DualHead, Fuse
from edgeds.engine.network.plate_depth_network import PlateDepth
from edgeds.engine.plate_noise import PLATE_INPUTS

OPSET = 17
PLATE_TENSORS = 11
PLATE_NAMES = tuple(f"plate_{i}" for i in range(PLATE_TENSORS))
"""Outputs of plate.onnx and inputs of frame.onnx: pixels, p1..p5, and what each scale adds to its
fusion.
"""
STRIDE = 32
MANY_VALUES = 1024
Network = TypeVar("Network", bound=nn.Module)


class SizeError(ValueError):
    """A size that is not a multiple of what the network needs."""


def export_onnx(network: DualHead, size: tuple[int, int], folder: Path) -> tuple[Path, Path]:
    """Write `folder`/plate.onnx and `folder`/frame.onnx for pictures of `size` (height, width).

    Raises:
        SizeError: a side is not a multiple of 32.
    """
    if size[0] % STRIDE or size[1] % STRIDE:
        raise ValueError(f"size {size[1]}x{size[0]}: both sides must be multiples of {STRIDE}")
    folder.mkdir(parents=True, exist_ok=True)
    plain = folded(network)
    pixels = torch.zeros(1, *size, 3, dtype=torch.uint8)
    of_plate: tuple[torch.Tensor, ...] = (pixels,)
    names = ["plate"]
    if network.config.hints:
        of_plate, names = (pixels, torch.zeros(1, 1, *size)), list(PLATE_INPUTS)
    with torch.no_grad():
        features = PlateGraph(plain)(*of_plate)
    plate, frame = folder / "plate.onnx", folder / "frame.onnx"
    write_graph(PlateGraph(plain), of_plate, plate, names, list(PLATE_NAMES))
    write_graph(
        FrameGraph(plain),
        (pixels, *features),
        frame,
        ["frame", *PLATE_NAMES],
        ["alpha", "inverse_depth"],
    )
    return plate, frame


def export_plate_depth(network: PlateDepth, size: tuple[int, int], path: Path) -> None:
    """Write the graph from a plate's bytes to its inverse depth, for pictures of `size`.

    Raises:
        SizeError: a side is not a multiple of 64.
    """
    check_size(size, plate_depth_network.STRIDE)
    pixels = torch.zeros(1, *size, 3, dtype=torch.uint8)
    graph = PlateDepthGraph(without_norms(network))
    write_graph(graph, (pixels,), path, ["plate"], ["inverse_depth"])
    model = onnx.load(path)
    halve_weights(model.graph)
    onnx.save(model, path)


def check_size(size: tuple[int, int], stride: int) -> None:
    """Raises SizeError: a side is not a multiple of the stride, or is not over 0."""
    if min(size) <= 0 or size[0] % stride or size[1] % stride:
        raise SizeError(f"size {size[0]}x{size[1]}: both sides must be multiples of {stride}")


def folded(network: DualHead) -> DualHead:
    """A copy that computes the same without batch normalisation and without the fusion's gain."""
    plain = without_norms(network)
    for module in plain.modules():
        if isinstance(module, Fuse):
            module.of_pair.weight.data *= module.gain
            module.of_plate.weight.data *= module.gain
            module.gain.fill_(1.0)
    return plain


def without_norms(network: Network) -> Network:
    """A copy that computes the same, each normalisation folded into the convolution before it."""
    plain = copy.deepcopy(network).float().eval()
    for module in list(plain.modules()):
        if isinstance(module, nn.Sequential):
            for i in range(len(module) - 1):
                conv, norm = module[i], module[i + 1]
                if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    module[i], module[i + 1] = fuse_conv_bn_eval(conv, norm), nn.Identity()
    plain.requires_grad_(False)
    return plain


class PlateDepthGraph(nn.Module):
    """Bytes of a plate to its inverse depth."""

    def __init__(self, network: PlateDepth) -> None:
        super().__init__()
        self.network = network

    def forward(self, plate: Tensor) -> Tensor:
        inverse_depth: Tensor = self.network(pixels_from_bytes(plate))
        return inverse_depth


class PlateGraph(nn.Module):
    """Bytes of a plate, and its noise, to the tensors that frames are compared with."""

    def __init__(self, network: DualHead) -> None:
        super().__init__()
        self.network = network

    def forward(self, plate: Tensor, noise: Tensor | None = None) -> tuple[Tensor, ...]:
        return self.network.encode_plate(pixels_from_bytes(plate), noise)


class FrameGraph(nn.Module):
    """Bytes of a frame and the plate's tensors to alpha and inverse depth."""

    def __init__(self, network: DualHead) -> None:
        super().__init__()
        self.network = network

    def forward(self, frame: Tensor, *plate: Tensor) -> tuple[Tensor, Tensor]:
        alpha, inverse_depth = self.network(pixels_from_bytes(frame), plate)
        return alpha, inverse_depth


def pixels_from_bytes(pixels: Tensor) -> Tensor:
    """(1, H, W, 3) uint8 to (1, 3, H, W) float32; the cast comes first, since TensorRT does
    nothing else to uint8.
    """
    return pixels.float().permute(0, 3, 1, 2)


def write_graph(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    path: Path,
    names_in: list[str],
    names_out: list[str],
) -> None:
    with warnings.catch_warnings():
        # the TorchScript exporter is deprecated; its successor wants onnxscript and writes opset
        # 18 and later
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            inputs,
            path,
            input_names=names_in,
            output_names=names_out,
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(path)
    model.doc_string = ""
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def halve_weights(graph: onnx.GraphProto) -> None:
    """Keep large constants as float16 with a Cast behind each: half the file, and every backend
    computes in float32 as before, once it has folded the casts.
    """
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < MANY_VALUES:
            continue
        whole, half = tensor.name, f"{tensor.name}_half"
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [whole], to=onnx.TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
