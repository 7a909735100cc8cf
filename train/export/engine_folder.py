"""Makes an engine folder from weights: two ONNX graphs, checked against torch, and a card.

This is where training meets `edgeds.engine`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edgeds.engine.card import Card, read_card, sha256_of
from edgeds.engine.network.export import PLATE_NAMES, export_onnx
from edgeds.engine.network.frame_network import DualHead
from edgeds.engine.network.weights_file import WeightsError, load_weights, made_of_weights
from edgeds.engine.plate_depth_engine import FILE_NAME
from edgeds.engine.plate_noise import NOISE, noise_input

TOLERANCE = 2e-3
"""For alpha, and for inverse depth relative to its largest value. fp32 kernels differ by 1e-5, a
wrong graph by far more.
"""


def engine_from_weights(
    weights: Path,
    folder: Path,
    *,
    size: tuple[int, int] = (192, 320),
    metrics: dict[str, Any] | None = None,
    made: dict[str, Any] | None = None,
) -> Card:
    """Export `weights` at `size` into `folder`, compare with torch, write the card.

    Raises:
        WeightsError: the weights cannot be used, or a graph computes
            something else than torch.
        SizeError: `size` is not a multiple of 32.
    """
    network = load_weights(weights)
    plate, frame = export_onnx(network, size, folder)
    differences = compared(network, plate, frame, size)
    # written so that NaN is refused, too
    if not all(difference <= TOLERANCE for difference in differences.values()):
        raise WeightsError(
            f"the graphs exported from {weights} differ from torch by {differences}, over "
            f"{TOLERANCE:g}: no engine was written; look at the run's log, or train again"
        )
    card = Card(
        name=folder.name,
        size=size,
        takes_noise=network.config.hints,
        network_hash=sha256_of(weights),
        files={path.name: sha256_of(path) for path in (plate, frame)},
        metrics=metrics or {},
        made=made_of_weights(weights)
        | (made or {})
        | {"largest_difference_from_torch": differences},
    )
    if (folder / FILE_NAME).is_file():
        card = _with_plate_depth(card, read_card(folder))
    card.write(folder)
    return card


def _with_plate_depth(card: Card, before: Card) -> Card:
    """The card with the plate's own depth as it was: it does not depend on these weights."""
    parts = ((card.metrics, before.metrics), (card.made, before.made))
    metrics, made = (
        mine | {key: old[key] for key in ("plate_depth",) if key in old} for mine, old in parts
    )
    files = card.files | {FILE_NAME: before.files[FILE_NAME]}
    return replace(card, files=files, metrics=metrics, made=made)


@contextmanager
def engine_for_a_while(weights: Path, *, size: tuple[int, int] = (192, 320)) -> Iterator[Path]:
    """A temporary engine folder, to score a checkpoint with the code that scores engines."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / weights.parent.name
        engine_from_weights(weights, target, size=size)
        yield target


def compared(
    network: DualHead, plate_path: Path, frame_path: Path, size: tuple[int, int]
) -> dict[str, float]:
    """Largest differences from torch on a made-up plate and frame, by installed backend."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (1, size[0] // 16, size[1] // 16, 3), np.uint8)
    plate = np.ascontiguousarray(coarse.repeat(16, 1).repeat(16, 2))
    frame = plate.copy()
    frame[:, size[0] // 4 : size[0] // 2, size[1] // 4 : size[1] // 2] = 128
    plates = {"plate": plate}
    if network.config.hints:
        noise = rng.uniform(0, 9, size).astype(np.float32)
        plates[NOISE] = noise_input(noise, size)
    wanted = by_torch(network, plates, frame)
    differences = {}
    for name, run in (("onnxruntime", by_onnxruntime), ("openvino", by_openvino)):
        try:
            alpha, inverse_depth = run(plate_path, frame_path, plates, frame)
        except ModuleNotFoundError:
            continue
        of_alpha = np.abs(alpha - wanted[0]).max()
        of_depth = np.abs(inverse_depth - wanted[1]).max() / np.abs(wanted[1]).max()
        # np.maximum keeps NaN, Python's max may drop it
        differences[name] = float(f"{np.maximum(of_alpha, of_depth):.2g}")
    return differences


Pair = tuple[NDArray[np.float32], NDArray[np.float32]]
Plates = Mapping[str, NDArray[Any]]
"""Inputs of a plate graph."""


def by_torch(network: DualHead, plates: Plates, frame: NDArray[np.uint8]) -> Pair:
    with torch.no_grad():
        plate_pixels, frame_pixels = (
            torch.from_numpy(x).permute(0, 3, 1, 2).float() for x in (plates["plate"], frame)
        )
        hints = torch.from_numpy(plates[NOISE]) if NOISE in plates else None
        alpha, depth = network(frame_pixels, network.encode_plate(plate_pixels, hints))
    return alpha.numpy(), depth.numpy()


def by_onnxruntime(
    plate_path: Path, frame_path: Path, plates: Plates, frame: NDArray[np.uint8]
) -> Pair:
    import onnxruntime

    cpu = ["CPUExecutionProvider"]
    features = onnxruntime.InferenceSession(plate_path, providers=cpu).run(None, dict(plates))
    inputs = {"frame": frame, **dict(zip(PLATE_NAMES, features, strict=True))}
    alpha, depth = onnxruntime.InferenceSession(frame_path, providers=cpu).run(None, inputs)
    return alpha, depth


def by_openvino(
    plate_path: Path, frame_path: Path, plates: Plates, frame: NDArray[np.uint8]
) -> Pair:
    from edgeds.engine.openvino import shared_core

    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    core = shared_core()
    encode = core.compile_model(plate_path, "CPU", exact)
    features = encode(dict(plates))
    inputs = {name: np.array(features[encode.output(name)]) for name in PLATE_NAMES}
    estimate = core.compile_model(frame_path, "CPU", exact)
    maps = estimate({"frame": frame, **inputs})
    return np.array(maps[estimate.output("alpha")]), np.array(
        maps[estimate.output("inverse_depth")]
    )
