"""The same network for pictures of another size. Every layer is a convolution or works pixel by
pixel, so only the shapes of inputs and outputs change. Needs `onnx`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgeds.engine.build.variants import GRAPHS, check_tools
from edgeds.engine.card import read_card, sha256_of
from edgeds.types import Size

if TYPE_CHECKING:
    import onnx

STRIDE = 32
"""Sizes are multiples of 32, since the network halves them five times."""


def engine_of_size(source: Path, folder: Path, size: Size) -> Path:
    """Write the float engine `source` for pictures of `size` (multiples of 32). Returns its folder.

    Raises:
        EngineError: onnx is not installed.
    """
    check_tools()
    import onnx

    card = read_card(source)
    folder.mkdir(parents=True)
    for name in GRAPHS:
        model = onnx.load(source / name)
        for value in (*model.graph.input, *model.graph.output):
            _rescale(value.type.tensor_type, card.size, size)
        del model.graph.value_info[:]
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, folder / name)
    replace(
        card,
        name=f"edgeds-{size[0]}x{size[1]}-fp32",
        size=size,
        files={name: sha256_of(folder / name) for name in GRAPHS},
        metrics={},
        made={**card.made, "rescaled_from": list(card.size)},
    ).write(folder)
    return folder


def _rescale(tensor: onnx.TypeProto.Tensor, before: Size, after: Size) -> None:
    """Height and width of one tensor at any scale: bytes are NHWC, all other tensors are NCHW."""
    from onnx import TensorProto

    first = 1 if tensor.elem_type == TensorProto.UINT8 else 2
    for axis in (0, 1):
        dim = tensor.shape.dim[first + axis]
        dim.dim_value = dim.dim_value * after[axis] // before[axis]
