"""The plate's own depth network, `plate_depth.onnx`, in the folders of the engines that have one.

It runs once per plate, on the CPU, whatever the engine runs on. Loads a backend when opened.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgeds.engine import COMPILERS
from edgeds.engine.arithmetic import split_name
from edgeds.engine.card import check_files, read_card, sha256_of
from edgeds.engine.choose_engine import engine_for
from edgeds.engine.engine_folders import default_engine, engine_folder
from edgeds.errors import EngineError
from edgeds.types import FloatMap, Pixels, Size

if TYPE_CHECKING:
    from edgeds.plate.plate import Plate

FILE_NAME = "plate_depth.onnx"
Run = Callable[[Pixels], FloatMap]


class PlateDepthGraph:
    """The network for one size of picture.

    Its graph is compiled when it is first needed: not at all where a plate file keeps the depth,
    and beside the first frames of a live run. Threads may share it: they use it in turn.
    """

    def __init__(self, path: Path, digest: str = "") -> None:
        """`digest`: the file's SHA-256 where it is known; the compiled graph is kept under it."""
        self._path, self._digest = path, digest
        self._turn = threading.RLock()
        self._kept: tuple[Size, Run] | None = None
        self.identity = (digest or sha256_of(path))[:16]
        """Another one for each network and size."""

    def compile(self) -> None:
        """Compile the graph now.

        Raises:
            EngineError: as `compiled_graph`.
        """
        _ = self._compiled

    @property
    def size(self) -> Size:
        """
        Raises:
            EngineError: as `compiled_graph`.
        """
        return self._compiled[0]

    def __call__(self, pixels: Pixels) -> FloatMap:
        """uint8 RGB (h, w, 3) at `size` to inverse depth (h, w), relative, over 0.

        Raises:
            EngineError: as `compiled_graph`.
        """
        with self._turn:
            return self._compiled[1](pixels)

    @property
    def _compiled(self) -> tuple[Size, Run]:
        if self._kept is None:
            with self._turn:  # cached_property would let two threads compile
                self._kept = self._kept or compiled_graph(self._path, self._digest)
        return self._kept


def open_plate_depth(
    engine: str | Path | None = None, *, device: str = "auto"
) -> PlateDepthGraph | None:
    """The depth network of an engine; None where the engine has none.

    Engines that were built of the shipped network, and torch with the shipped weights, use the one
    beside the shipped engine.

    Args:
        engine: as for `open_engine`.

    Raises:
        EngineError: no such engine, or a file of it is damaged.
    """
    chosen, _ = split_name(str(engine_for(device) if engine is None else engine))
    compiler, _, weights = chosen.partition(":")
    if chosen == "difference" or weights or chosen.endswith(".safetensors"):
        return None
    shipped = not chosen or compiler in COMPILERS
    folder = default_engine() if shipped else engine_folder(chosen)
    card = read_card(folder)
    if FILE_NAME not in card.files:
        folder, own = default_engine(), card.network_hash
        card = read_card(folder)
        if card.network_hash != own or FILE_NAME not in card.files:
            return None
    check_files(card, folder, only=FILE_NAME)
    return PlateDepthGraph(folder / FILE_NAME, card.files[FILE_NAME])


def plate_with_depth(plate: Plate, engine: str | Path | None, device: str) -> Plate:
    """The plate with what an engine's depth network says of it: runs with its file begin sooner.

    Raises:
        EngineError: as `open_plate_depth`.
    """
    from edgeds.estimate.kept_depth import depth_by, kept_in

    network = open_plate_depth(engine, device=device)
    return plate if network is None else kept_in(plate, depth_by(network, plate))


def compiled_graph(path: Path, digest: str = "") -> tuple[Size, Run]:
    """The size of the graph's picture, and the graph on OpenVINO.

    Args:
        digest: as for `edgeds.engine.openvino.compiled`.

    Raises:
        EngineError: OpenVINO is not installed, or it is not a graph of this kind.
    """
    try:
        from edgeds.engine.openvino import compiled
    except ImportError as error:
        raise EngineError(
            f"cannot load {path.name!r}",
            why="openvino is not installed",
            fix="pip install openvino",
        ) from error
    graph = compiled(path, digest=digest)
    shape = tuple(graph.input("plate").shape)
    if len(shape) != 4 or shape[0] != 1 or shape[3] != 3:
        raise EngineError(
            f"cannot load {path.name!r}",
            why=f"it takes {shape}, and not one picture of 8-bit RGB",
            fix="copy the engine's folder again",
        )

    def run(pixels: Pixels) -> FloatMap:
        (inverse_depth,) = graph({"plate": pixels[None]}).values()
        depth: FloatMap = np.array(inverse_depth, np.float32)[0, 0]
        return depth

    return (shape[1], shape[2]), run
