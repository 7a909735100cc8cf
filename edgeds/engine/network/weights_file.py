"""Weights on disk: one safetensors file that names its network. Knows nothing about training or
engines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from edgeds.engine.network.frame_network import Config, DualHead
from edgeds.engine.network.plate_depth_network import Config as PlateDepthConfig
from edgeds.engine.network.plate_depth_network import PlateDepth
from edgeds.sinks.atomic_files import replacing

N = TypeVar("N", DualHead, PlateDepth)

FORMAT = "edgeds-weights-1"
STATISTICS = ("running_mean", "running_var")
"""Batch normalisation's buffers. They stay float32: a variance of 65,520 is infinite in float16,
and a channel with an infinite variance is dead.
"""


class WeightsError(ValueError):
    """A weights file that cannot be used; the message says why and what to do."""


def save_weights(
    network: DualHead | PlateDepth, path: Path, *, made: dict[str, Any] | None = None
) -> None:
    """Write the network's tensors and its configuration; whole or not at all.

    Weights become float16, statistics stay float32. `made` is anything worth knowing about how the
    weights were made; it must be JSON.

    Raises:
        WeightsError: a tensor is not finite, or would not be as float16; nothing is written.
    """
    tensors = {name: kept(name, tensor) for name, tensor in network.state_dict().items()}
    if broken := non_finite(tensors):
        raise WeightsError(
            f"not writing {path}: {broken} would not be finite; go on from an earlier checkpoint, "
            "at a lower rate"
        )
    metadata = {
        "format": FORMAT,
        "network": network.kind,
        "config": json.dumps(asdict(network.config)),
        "made": json.dumps(made or {}),
    }
    with replacing(path) as part:
        save_file(tensors, part, metadata=metadata)


def kept(name: str, tensor: Tensor) -> Tensor:
    """The tensor as it is written."""
    if tensor.dtype.is_floating_point:
        tensor = tensor.float() if name.endswith(STATISTICS) else tensor.half()
    return tensor.cpu().contiguous()


def non_finite(tensors: Mapping[str, Tensor]) -> str:
    """The tensors that hold infinity or NaN, named; empty where all are finite."""
    counts = {
        name: int((~torch.isfinite(tensor)).sum())
        for name, tensor in tensors.items()
        if tensor.dtype.is_floating_point
    }
    return ", ".join(
        f"{count} of {tensors[name].numel()} values of {name}"
        for name, count in counts.items()
        if count
    )


def load_weights(path: Path) -> DualHead:
    """Rebuild the frame's network from its weights file, in float32 and ready for inference.

    Raises:
        WeightsError: not a weights file, for another network, its tensors do not fit, or one of
            them is not finite.
    """
    return _of_kind(DualHead, path)


def load_plate_depth(path: Path) -> PlateDepth:
    """`load_weights` for the plate's depth network."""
    return _of_kind(PlateDepth, path)


def _of_kind(kind: type[N], path: Path) -> N:
    network = checked_network(path)
    if not isinstance(network, kind):
        raise WeightsError(f"{path} is for the network {network.kind}: name that of {kind.kind}")
    return network


def checked_network(path: Path) -> DualHead | PlateDepth:
    """The network a weights file is for, every value of it finite.

    Raises:
        WeightsError: as for `load_weights`.
    """
    metadata, tensors = read_weights(path)
    if broken := non_finite(tensors):
        raise WeightsError(f"{path} holds {broken} that are not finite: train or download again")
    return network_of(path, metadata, tensors)


def network_of(
    path: Path, metadata: Mapping[str, str], tensors: Mapping[str, Tensor]
) -> DualHead | PlateDepth:
    """Rebuild a network from what `read_weights` read.

    Raises:
        WeightsError: another format, an unknown network, or tensors that do not fit.
    """
    if metadata.get("format") != FORMAT:
        found = metadata.get("format", "none")
        raise WeightsError(
            f"{path} has format {found}, this edgeds reads {FORMAT}: train or download again"
        )
    kind = metadata.get("network", DualHead.kind)
    try:
        fields = json.loads(metadata["config"])
        fields = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
        network: DualHead | PlateDepth
        if kind == DualHead.kind:
            network = DualHead(Config(**fields))
        elif kind == PlateDepth.kind:
            fields.pop("encoder", None)  # older files name it; there is one
            network = PlateDepth(PlateDepthConfig(**fields))
        else:
            raise WeightsError(f"{path} is for a network {kind!r}, which this edgeds does not have")
        network.load_state_dict(
            {k: v.float() if v.dtype.is_floating_point else v for k, v in tensors.items()}
        )
    except (TypeError, KeyError, RuntimeError) as error:
        raise WeightsError(f"{path} does not fit this network: {error}") from error
    return network.eval()


def kind_of_weights(path: Path) -> str:
    """Which network the file is for; older files are all of the frame's network.

    Raises:
        WeightsError: it is not a weights file.
    """
    metadata, _ = read_weights(path)
    return metadata.get("network", DualHead.kind)


def made_of_weights(path: Path) -> dict[str, Any]:
    """What `save_weights` stored about how the weights were made."""
    metadata, _ = read_weights(path)
    made: dict[str, Any] = json.loads(metadata.get("made", "{}"))
    return made


def read_weights(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Metadata and tensors as they are in the file, finite or not.

    Raises:
        WeightsError: there is no such file, or it is not a whole safetensors file.
    """
    if not path.exists():
        raise WeightsError(
            f"no weights at {path}: name a .safetensors file that `python -m train fit` wrote"
        )
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            return dict(file.metadata() or {}), {name: file.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise WeightsError(
            f"{path} is not a safetensors file, or was cut short: {error}"
        ) from error
