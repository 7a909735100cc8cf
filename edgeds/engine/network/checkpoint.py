"""Weights on disk: one safetensors file that says which network it is for. Knows nothing about
training or engines.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from edgeds.engine.network.dual_head import Config, DualHead

FORMAT = "edgeds-weights-1"


class WeightsError(ValueError):
    """A weights file that cannot be used; the message says why and what to do."""


def save_weights(network: DualHead, path: Path, *, made: dict[str, Any] | None = None) -> None:
    """Write the network's tensors as float16 with its configuration; whole or not at all.

    `made` is whatever should be remembered of how the weights came to be; it must be JSON.
    """
    tensors = {
        name: (tensor.half() if tensor.dtype.is_floating_point else tensor).cpu().contiguous()
        for name, tensor in network.state_dict().items()
    }
    metadata = {
        "format": FORMAT,
        "config": json.dumps(asdict(network.config)),
        "made": json.dumps(made or {}),
    }
    part = path.with_name(path.name + ".part")
    save_file(tensors, part, metadata=metadata)
    part.replace(path)


def load_weights(path: Path) -> DualHead:
    """Rebuild the network a weights file is for, in float32 and ready for inference.

    Raises:
        WeightsError: not a weights file, of another format, or its tensors do not fit.
    """
    metadata, tensors = read_weights(path)
    if metadata.get("format") != FORMAT:
        found = metadata.get("format", "none")
        raise WeightsError(
            f"{path} has format {found}, this edgeds reads {FORMAT}: train or download again"
        )
    config = {key: tuple(value) for key, value in json.loads(metadata["config"]).items()}
    try:
        network = DualHead(Config(**config))
        network.load_state_dict(
            {k: v.float() if v.dtype.is_floating_point else v for k, v in tensors.items()}
        )
    except (TypeError, RuntimeError) as error:
        raise WeightsError(f"{path} does not fit this network: {error}") from error
    return network.eval()


def made_of_weights(path: Path) -> dict[str, Any]:
    """What `save_weights` was told about how the weights came to be."""
    metadata, _ = read_weights(path)
    made: dict[str, Any] = json.loads(metadata.get("made", "{}"))
    return made


def read_weights(path: Path) -> tuple[dict[str, str], dict[str, torch.Tensor]]:
    if not path.exists():
        raise WeightsError(
            f"no weights at {path}: name a .safetensors file that `python -m train fit` wrote"
        )
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            return dict(file.metadata() or {}), {name: file.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise WeightsError(f"{path} is no safetensors file, or was cut short: {error}") from error
