"""The same network for pictures of another size. Every layer is a convolution or works pixel by
pixel, so only the shapes of inputs and outputs change. Needs `onnx`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edgeds.engine.build.onnx_variants import GRAPHS, check_tools
from edgeds.engine.card import read_card, sha256_of
from edgeds.engine.graph_check import shape_at
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
        onnx.save(model_of_size(source / name, card.size, size), folder / name)
    replace(
        card,
        name=f"edgeds-{size[0]}x{size[1]}-fp32",
        size=size,
        files={name: sha256_of(folder / name) for name in GRAPHS},
        metrics={},
        made={**card.made, "rescaled_from": list(card.size)},
    ).write(folder)
    return folder


def model_of_size(path: Path, before: Size, after: Size) -> onnx.ModelProto:
    """A graph for pictures of size `after`, from the file of one for size `before`.

    Raises:
        ImportError: onnx is not installed.
    """
    import onnx

    model: onnx.ModelProto = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        dims = value.type.tensor_type.shape.dim
        shape = shape_at(tuple(dim.dim_value for dim in dims), before, after)
        for dim, side in zip(dims, shape, strict=True):
            dim.dim_value = side
    del model.graph.value_info[:]
    onnx.checker.check_model(model, full_check=True)
    return model
