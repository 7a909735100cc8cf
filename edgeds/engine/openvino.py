"""An ONNX engine on OpenVINO: the CPU of any machine. Loads `openvino` when imported."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from edgeds.engine.card import Card, named_at
from edgeds.engine.graph_check import Shapes, check_graphs, shape_at
from edgeds.engine.kept_graphs import kept_or_compiled
from edgeds.sources.threads import threads_wanted
from edgeds.types import Closing, Maps, Pixels, PlateFeatures, Size

# OpenVINO would report to its maker that it is used, over the network and from a forked process,
# which hung where a video was open. It does without where this package cannot be imported.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
# Its converter of other frameworks' models, which nothing here needs, takes half of the import.
_CONVERTER = "openvino.tools.ovc"
_without_converter = _CONVERTER not in sys.modules and "openvino" not in sys.modules
if _without_converter:
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]

import openvino  # noqa: E402

if _without_converter:
    del sys.modules[_CONVERTER]  # who imports it by its name gets it

# Float means float: on processors with bfloat16 OpenVINO would use that by default.
_FLOAT = {"INFERENCE_PRECISION_HINT": "f32"}


class OpenVinoEngine(Closing):
    def __init__(
        self, folder: Path, card: Card, *, size: Size | None = None, threads: int | None = None
    ) -> None:
        """`size`: run the graphs at this size (multiples of 32) instead of the card's."""
        self._folder, self._card, self._threads = folder, card, threads
        self._others: dict[Size, OpenVinoEngine] = {}
        self.size = size or card.size
        self.name = f"{named_at(card, self.size)} on OpenVINO CPU"
        self._plate_graph, frame_graph = (
            compiled(
                folder / name,
                scaled=(card.size, self.size),
                threads=threads,
                digest=card.files.get(name, ""),
            )
            for name in ("plate.onnx", "frame.onnx")
        )
        check_graphs(replace(card, size=self.size), **_shapes(self._plate_graph, frame_graph))
        self._request = frame_graph.create_infer_request()
        self._outputs = {name: frame_graph.output(name) for name in ("alpha", "inverse_depth")}

    def encode_plate(self, plate: Pixels) -> PlateFeatures:
        results = self._plate_graph({"plate": plate[None]})
        return {
            port.get_any_name(): np.array(value)  # a copy: the graph's own buffers are reused
            for port, value in results.items()
        }

    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        results = self._request.infer({"frame": frame[None], **plate}, share_inputs=True)
        alpha, inverse_depth = (
            np.array(results[self._outputs[name]])[0, 0] for name in ("alpha", "inverse_depth")
        )
        return Maps(alpha, inverse_depth)

    def at_size(self, size: Size) -> OpenVinoEngine:
        """The same network at another size, compiled once."""
        if size not in self._others:
            self._others[size] = OpenVinoEngine(
                self._folder, self._card, size=size, threads=self._threads
            )
        return self._others[size]

    def close(self) -> None:
        """OpenVINO frees its graphs with the object."""


def compiled(
    path: Path,
    *,
    scaled: tuple[Size, Size] | None = None,
    threads: int | None = None,
    batch: int = 1,
    digest: str = "",
) -> openvino.CompiledModel:
    """A graph for this CPU, answering as soon as it can.

    Args:
        scaled: the size that the graph was made for, and the size to run it at.
        batch: how many frames it takes at once.
        digest: the file's SHA-256, checked just before; with it the compiled graph is kept for the
            next run, and read where it was kept.
    """
    settings = {"PERFORMANCE_HINT": "LATENCY", **_FLOAT}
    threads = threads_wanted() or threads
    if threads is not None:
        settings["INFERENCE_NUM_THREADS"] = str(threads)

    def made() -> openvino.CompiledModel:
        return _compiled_anew(path, settings, scaled, batch)

    if not digest:
        return made()
    return kept_or_compiled(shared_core(), (digest, scaled, batch), settings, made)


def _compiled_anew(
    path: Path, settings: dict[str, str], scaled: tuple[Size, Size] | None, batch: int
) -> openvino.CompiledModel:
    if batch == 1 and (scaled is None or scaled[0] == scaled[1]):
        return shared_core().compile_model(str(path), "CPU", settings)
    model = shared_core().read_model(str(path))
    shapes = {port: tuple(port.shape) for port in model.inputs}
    if scaled is not None:
        shapes = {port: shape_at(shape, *scaled) for port, shape in shapes.items()}
    model.reshape({port: [batch, *shape[1:]] for port, shape in shapes.items()})
    return shared_core().compile_model(model, "CPU", settings)


@cache
def shared_core() -> openvino.Core:
    """The only Core of the process.

    Each Core with a CPU graph gives the thread a stack for signal handlers and restores the former
    stack when it is freed. Where two Cores are not freed in reverse order, the later one restores
    a stack that is gone, and the next signal ends the process.
    """
    return openvino.Core()


def _shapes(
    plate: openvino.CompiledModel, frame: openvino.CompiledModel
) -> dict[str, tuple[Shapes, Shapes]]:
    """Shapes by name. A tensor may have several names; this asks for the one that edgeds uses.
    Raises RuntimeError where no tensor has that name.
    """
    takes, plate_takes = (
        {port.get_any_name(): tuple(port.shape) for port in graph.inputs}
        for graph in (frame, plate)
    )
    features = {name: tuple(plate.output(name).shape) for name in takes if name != "frame"}
    maps = {name: tuple(frame.output(name).shape) for name in ("alpha", "inverse_depth")}
    return {"plate": (plate_takes, features), "frame": (takes, maps)}
