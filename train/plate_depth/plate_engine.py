"""The plate's network as edgeds uses it: its scores on plates, and its graph in an engine's folder.

This is where training of the plate's network meets `edgeds`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edgeds.engine.card import Card, read_card, sha256_of
from edgeds.engine.network import plate_depth_network
from edgeds.engine.network.export import STRIDE, check_size, export_plate_depth
from edgeds.engine.network.frame_network import DualHead
from edgeds.engine.network.plate_depth_network import PlateDepth
from edgeds.engine.network.weights_file import (
    WeightsError,
    checked_network,
    load_plate_depth,
    made_of_weights,
)
from edgeds.engine.plate_depth_engine import FILE_NAME, PlateDepthGraph
from edgeds.estimate.plate_depth import plate_depth_of
from edgeds.evaluation.dataset import Dataset
from edgeds.evaluation.evaluate import Report, evaluate
from edgeds.types import FloatMap, Frame, Maps, Pixels

TOLERANCE = 5e-3
"""On inverse depth, relative to its largest value: the graph's weights are float16."""


class TorchDepth:
    """A torch network with the interface that `edgeds.estimate.plate_depth` needs.

    The frame's network gets the plate as both frame and plate.
    """

    def __init__(self, network: DualHead | PlateDepth, size: tuple[int, int]) -> None:
        self.network, self.size = network.eval(), size
        self.identity = ""  # nothing is kept of it

    @torch.no_grad()
    def __call__(self, pixels: Pixels) -> FloatMap:
        plate = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].float()
        if isinstance(self.network, DualHead):
            _, inverse_depth = self.network(plate, self.network.encode_plate(plate))
        else:
            inverse_depth = self.network(plate)
        found: FloatMap = inverse_depth[0, 0].numpy()
        return found


def torch_depth(weights: Path, size: tuple[int, int]) -> TorchDepth:
    """The network of a weights file, for pictures of a size.

    Raises:
        WeightsError: the weights cannot be used.
        SizeError: the size is not a multiple of what the network needs.
    """
    network = checked_network(weights)
    check_size(size, plate_depth_network.STRIDE if isinstance(network, PlateDepth) else STRIDE)
    return TorchDepth(network, size)


def evaluated_on_plates(network: TorchDepth, dataset: Dataset) -> Report:
    """Score the plate's depth alone, on the plates whose depth is known.

    Raises:
        DatasetError: there are none.
    """

    def estimate_for_plate(plate: Pixels) -> Callable[[Frame], Maps]:
        depth = plate_depth_of(network, plate)
        return lambda _frame: Maps(np.zeros_like(depth), depth)

    return evaluate(dataset.of_plates(), estimate_for_plate)


def add_plate_depth(
    weights: Path,
    engine: Path,
    *,
    size: tuple[int, int],
    metrics: dict[str, Any] | None = None,
    made: dict[str, Any] | None = None,
) -> Card:
    """Put the plate's network into an engine's folder, and how it was made on the card.

    Raises:
        WeightsError: the weights cannot be used, or the graph computes something else than torch.
        EngineError: there is no engine.
        SizeError: a side of `size` is not a multiple of 64.
    """
    network, card = load_plate_depth(weights), read_card(engine)
    with tempfile.TemporaryDirectory(dir=engine) as folder:
        graph = Path(folder) / FILE_NAME
        export_plate_depth(network, size, graph)
        difference = difference_from_torch(network, graph, size)
        if not difference <= TOLERANCE:  # written so that NaN is refused, too
            raise WeightsError(
                f"the graph exported from {weights} differs from torch by {difference:.2g}, over "
                f"{TOLERANCE:g}: the engine is unchanged; look at the run's log, or train again"
            )
        graph.replace(engine / FILE_NAME)
    story = made_of_weights(weights) | (made or {}) | {"weights": sha256_of(weights)}
    story |= {"size": list(size), "largest_difference_from_torch": difference}
    card = replace(
        card,
        files=card.files | {FILE_NAME: sha256_of(engine / FILE_NAME)},
        metrics=card.metrics | ({"plate_depth": metrics} if metrics else {}),
        made=card.made | {"plate_depth": story},
    )
    card.write(engine)
    return card


def difference_from_torch(network: PlateDepth, graph: Path, size: tuple[int, int]) -> float:
    """The largest difference on a made-up plate, relative to the largest inverse depth."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (size[0] // 16, size[1] // 16, 3), np.uint8)
    plate = np.ascontiguousarray(coarse.repeat(16, 0).repeat(16, 1))
    wanted, found = TorchDepth(network, size)(plate), PlateDepthGraph(graph)(plate)
    return float(f"{np.abs(found - wanted).max() / np.abs(wanted).max():.2g}")
