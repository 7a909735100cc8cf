"""The float engine in lower precisions, as ONNX engine folders. The gate judges them, a CPU runs
them, TensorRT builds from them. Knows nothing about where engines are kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from edgeds.engine.build.accuracy_gate import Comparison, HeldOut
from edgeds.engine.build.calibration_set import CalibrationSet
from edgeds.engine.build.int8_ranges import METHODS, Method
from edgeds.engine.build.plate_encoder import PlateEncoder
from edgeds.engine.card import Card, read_card, sha256_of
from edgeds.engine.settings import GATE
from edgeds.errors import EngineError
from edgeds.evaluation.dataset import Item
from edgeds.evaluation.sample import load
from edgeds.sources.scaling import resized
from edgeds.types import Size

Precision = Literal["fp16", "int8", "fp32"]
GRAPHS = ("plate.onnx", "frame.onnx")
OnProgress = Callable[[str, int], None]
"""Called with the name of a stage and its number of steps."""
OnStep = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Callbacks that report progress."""

    stage: OnProgress = lambda _text, _steps: None
    step: OnStep = lambda: None


def check_tools() -> None:
    """Check that the packages that make graphs of other precisions are installed.

    Raises:
        EngineError: a package is missing; names the command that installs it.
    """
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError as error:
        raise EngineError(
            "cannot make an engine of another precision",
            why=f"{error.name} is not installed",
            fix='pip install "edgeds[build]"',
        ) from error


def half_engine(source: Path, folder: Path) -> Path:
    """Write the float engine's float16 form: graphs and card."""
    import onnx

    from edgeds.engine.build.half_precision import float_nodes, write_half

    folder.mkdir()
    for name in GRAPHS:
        write_half(source / name, folder / name)
    floats = [node for name in GRAPHS for node in float_nodes(onnx.load(folder / name))]
    return write_card(source, folder, "fp16", made={"float32_nodes": floats})


def int8_engine(
    source: Path, folder: Path, frames: CalibrationSet, choosing: HeldOut, listener: Listener
) -> Path:
    """Write the float engine's int8 form, with the calibration method whose maps are nearest to
    float's on the frames to choose by.
    """
    import onnx

    from edgeds.engine.build.int8 import int8_graph, limits, measured_ranges, quantized_nodes
    from edgeds.engine.onnxruntime import reference_engine

    model = onnx.load(source / "frame.onnx")
    size = read_card(source).size
    listener.stage(f"measuring ranges on {len(frames.calibration)} frames", len(frames.calibration))
    histograms = measured_ranges(
        model, _inputs(source, frames.calibration, size), on_frame=listener.step
    )
    tried: dict[Method, Comparison] = {}
    for method in METHODS:
        folder.mkdir(exist_ok=True)
        onnx.save(int8_graph(model, limits(model, histograms, method)), folder / "frame.onnx")
        shutil.copyfile(source / "plate.onnx", folder / "plate.onnx")
        write_card(source, folder, "int8")
        listener.stage(f"trying {method} ranges on {len(choosing)} frames", len(choosing))
        engine = reference_engine(folder, read_card(folder))
        tried[method] = choosing.compare(engine, on_frame=listener.step)
    best = min(tried, key=lambda method: _cost(tried[method]))
    onnx.save(int8_graph(model, limits(model, histograms, best)), folder / "frame.onnx")
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    inside = {node.name for node in quantized_nodes(model)}
    made = {
        "calibration": {
            "set": frames.name,
            "frames": len(frames.calibration),
            "choosing": len(frames.choosing),
            "held_out": len(frames.held_out),
            "method": best,
            "alpha_mad_from_float": {m: c.difference.alpha_mad for m, c in tried.items()},
            # what the method is chosen by: of alpha, IoU and depth the one nearest to its limit
            "share_of_limit": {m: _cost(c) for m, c in tried.items()},
        },
        "float_convolutions": [name for name in convolutions if name not in inside],
        "int8_convolutions": len(inside),
    }
    return write_card(source, folder, "int8", made=made, calibration_hash=frames.hash)


def write_card(
    source: Path,
    folder: Path,
    precision: Precision,
    *,
    made: dict[str, Any] | None = None,
    calibration_hash: str | None = None,
) -> Path:
    """Write the card of graphs made from the float engine `source`. Returns their folder."""
    card: Card = replace(
        read_card(source),
        name=folder.name,
        precision=precision,
        files={name: sha256_of(folder / name) for name in GRAPHS},
        calibration_hash=calibration_hash,
        metrics={},
        made=made or {},
    )
    card.write(folder)
    return folder


def _cost(comparison: Comparison) -> float:
    """The figure that is nearest to its limit, as a share of it."""
    of = comparison.difference
    shares = [of.alpha_mad / GATE.alpha_mad]
    if of.iou_loss is not None:
        shares.append(of.iou_loss / GATE.iou_loss)
    if of.depth_abs_rel is not None:
        shares.append(of.depth_abs_rel / GATE.depth_abs_rel)
    return max(shares)


def _inputs(source: Path, items: Sequence[Item], size: Size) -> Iterator[dict[str, Any]]:
    """Inputs of the frame graph, item by item."""
    from edgeds.engine.onnxruntime import OnnxRuntimeEngine, yielding_options

    engine = OnnxRuntimeEngine(source, read_card(source), yielding_options())
    encode = PlateEncoder(engine)
    for item in items:
        sample = load(item)
        features = encode(item.plate, resized(sample.plate, size))
        yield {"frame": resized(sample.frame, size)[None], **features}
