"""An ONNX engine on OpenVINO: the CPU of any machine. Loads `openvino` when imported."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from edgeds.engine.arithmetic import Arithmetic
from edgeds.engine.card import Card, named_at
from edgeds.engine.graph_check import Shapes, check_graphs, shape_at
from edgeds.engine.in_turn import InTurn, in_turn
from edgeds.engine.kept_graphs import kept_or_compiled
from edgeds.engine.plate_noise import noise_inputs
from edgeds.errors import EngineError
from edgeds.sources.threads import threads_wanted
from edgeds.types import FloatMap, Maps, Pixels, PlateFeatures, Size

# OpenVINO would report to its maker that it is used, over the network and from a forked process,
# which hung where a video was open. It does without where this package cannot be imported.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
# Its converter of other frameworks' models, which nothing here needs, takes half of the import.
_CONVERTER = "openvino.tools.ovc"
_without_converter = _CONVERTER not in sys.modules and "openvino" not in sys.modules
if _without_converter:
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]

import openvino  # noqa: E402

from edgeds.engine import openvino_rewrites  # noqa: E402

if _without_converter:
    del sys.modules[_CONVERTER]  # an import by its name still loads it

# OpenVINO would choose by the processor, without being asked.
_HINTS: dict[Arithmetic, str] = {"float": "f32", "bf16": "bf16"}


class OpenVinoEngine(InTurn):
    def __init__(
        self,
        folder: Path,
        card: Card,
        *,
        size: Size | None = None,
        threads: int | None = None,
        arithmetic: Arithmetic | None = "float",
        depth: bool = True,
        like: OpenVinoEngine | None = None,
    ) -> None:
        """
        Args:
            size: run the graphs at this size (multiples of 32) instead of the card's.
            arithmetic: of plate and frame; None is the fastest of this processor.
            depth: False leaves out what only depth needs: a frame's inverse depth is 0.
            like: the engine at another size; it uses the same cores.

        Raises:
            EngineError: this processor does not have it.
        """
        super().__init__(like)
        self._folder, self._card, self._threads = folder, card, threads
        self._arithmetic, self._depth = arithmetic or fastest_arithmetic(), depth
        _check_arithmetic(card, self._arithmetic)
        self._others: dict[Size, OpenVinoEngine] = {}
        self.size, self.takes_noise = size or card.size, card.takes_noise
        bfloat = " in bfloat16" if self._arithmetic == "bf16" else ""
        self.name = f"{named_at(card, self.size)}{bfloat} on OpenVINO CPU"
        self._plate_graph, frame_graph = (
            compiled(
                folder / name,
                scaled=(card.size, self.size),
                threads=threads,
                digest=card.files.get(name, ""),
                arithmetic=self._arithmetic,
                without="" if depth else "inverse_depth",
            )
            for name in ("plate.onnx", "frame.onnx")
        )
        maps = ("alpha", "inverse_depth") if depth else ("alpha",)
        check_graphs(replace(card, size=self.size), **_shapes(self._plate_graph, frame_graph, maps))
        self._request = frame_graph.create_infer_request()
        self._plate: PlateFeatures | None = None
        """The features that the request holds."""
        self._maps = maps
        # To give the request another array, and to have its answers in a dict, took .2 ms.
        self._frame = np.zeros((1, *self.size, 3), np.uint8)
        self._request.set_tensor("frame", openvino.Tensor(self._frame, shared_memory=True))

    @in_turn
    def encode_plate(self, plate: Pixels, noise: FloatMap | None = None) -> PlateFeatures:
        sigma = noise_inputs(noise, self.size, takes=self.takes_noise)
        results = self._plate_graph({"plate": plate[None], **sigma})
        return {
            port.get_any_name(): np.array(value)  # a copy: the graph's own buffers are reused
            for port, value in results.items()
        }

    @in_turn
    def infer(self, frame: Pixels, plate: PlateFeatures) -> Maps:
        if plate is not self._plate:  # each input that is set again costs some 20 us
            for name, values in plate.items():
                self._request.set_tensor(
                    name, openvino.Tensor(np.ascontiguousarray(values), shared_memory=True)
                )
            self._plate = plate
        np.copyto(self._frame[0], frame)
        self._request.infer(share_outputs=True)
        alpha, *depth = (np.array(self._request.get_tensor(name).data[0, 0]) for name in self._maps)
        return Maps(alpha, depth[0] if depth else np.zeros_like(alpha))

    @in_turn
    def at_size(self, size: Size) -> OpenVinoEngine:
        """The same network at another size, compiled once."""
        if size not in self._others:
            self._others[size] = OpenVinoEngine(
                self._folder,
                self._card,
                size=size,
                threads=self._threads,
                arithmetic=self._arithmetic,
                depth=self._depth,
                like=self,
            )
        return self._others[size]

    def _free(self) -> None:
        """OpenVINO frees its graphs with the object."""
        for other in self._others.values():
            other.close()


def compiled(
    path: Path,
    *,
    scaled: tuple[Size, Size] | None = None,
    threads: int | None = None,
    batch: int = 1,
    digest: str = "",
    arithmetic: Arithmetic = "float",
    without: str = "",
) -> openvino.CompiledModel:
    """A graph for this CPU, answering as soon as it can.

    Args:
        scaled: the size that the graph was made for, and the size to run it at.
        batch: how many frames it takes at once.
        digest: the file's SHA-256, checked just before; with it the compiled graph is kept for the
            next run, and read where it was kept.
        without: an output that is left out, with what only it needs.
    """
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": _HINTS[arithmetic],
    }
    threads = threads_wanted() or threads
    if threads is not None:
        settings["INFERENCE_NUM_THREADS"] = str(threads)

    def made() -> openvino.CompiledModel:
        return _compiled_anew(path, settings, scaled, batch, without)

    if not digest:
        return made()
    what = (digest, scaled, batch, without, openvino_rewrites.VERSION)
    return kept_or_compiled(shared_core(), what, settings, made)


def _compiled_anew(
    path: Path, settings: dict[str, str], scaled: tuple[Size, Size] | None, batch: int,
    without: str,
) -> openvino.CompiledModel:  # fmt: skip
    model = shared_core().read_model(str(path))
    for port in model.outputs:
        if without in port.names:
            model.remove_result(port.node)
    if batch != 1 or (scaled is not None and scaled[0] != scaled[1]):
        shapes = {port: tuple(port.shape) for port in model.inputs}
        if scaled is not None:
            shapes = {port: shape_at(shape, *scaled) for port, shape in shapes.items()}
        model.reshape({port: [batch, *shape[1:]] for port, shape in shapes.items()})
    return shared_core().compile_model(openvino_rewrites.rewritten(model), "CPU", settings)


_ONE_CORE = threading.Lock()


def shared_core() -> openvino.Core:
    """The only Core of the process.

    Each Core with a CPU graph gives the thread a stack for signal handlers and restores the former
    stack when it is freed. Where two Cores are not freed in reverse order, the later one restores
    a stack that is gone, and the next signal ends the process.
    """
    with _ONE_CORE:  # `cache` alone would let two threads make one each
        return _core()


@cache
def _core() -> openvino.Core:
    return openvino.Core()


def fastest_arithmetic() -> Arithmetic:
    """The fastest one of this processor that is accurate enough."""
    has = shared_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return "bf16" if "BF16" in has else "float"


def _check_arithmetic(card: Card, arithmetic: Arithmetic) -> None:
    if arithmetic == "bf16" and fastest_arithmetic() != "bf16":
        raise EngineError(
            f"cannot run the engine {card.name!r} in bfloat16",
            why="this processor has no instructions for it (AVX512_BF16, AMX)",
            fix=f"the engine {card.name!r} (--engine {card.name}) runs it in float",
        )


def _shapes(
    plate: openvino.CompiledModel, frame: openvino.CompiledModel, given: tuple[str, ...]
) -> dict[str, tuple[Shapes, Shapes]]:
    """Shapes by name, as far as there are such tensors. A tensor may have several names; this asks
    for the one that edgeds uses.
    """
    takes, plate_takes = (
        {port.get_any_name(): tuple(port.shape) for port in graph.inputs}
        for graph in (frame, plate)
    )
    plate_gives, frame_gives = (
        {name: tuple(port.shape) for port in graph.outputs for name in port.names}
        for graph in (plate, frame)
    )
    features = {name: plate_gives[name] for name in takes if name in plate_gives}
    maps = {name: frame_gives[name] for name in given if name in frame_gives}
    if "inverse_depth" not in given and "alpha" in maps:
        maps["inverse_depth"] = maps["alpha"]
    return {"plate": (plate_takes, features), "frame": (takes, maps)}
