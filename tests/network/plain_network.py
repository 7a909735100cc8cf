"""Networks that are told nothing beside frame and plate, or more, for tests of hints."""

from __future__ import annotations

from dataclasses import replace

import torch

from edgeds.engine.network.frame_network import DualHead


def without_hints(network: DualHead) -> DualHead:
    plain = DualHead(replace(network.config, hints=False))
    kept = plain.state_dict().keys()
    plain.load_state_dict({n: t for n, t in network.state_dict().items() if n in kept})
    return plain.eval()


def with_hints(plain: DualHead, spread: float) -> DualHead:
    """The network with hints that count: their weights are drawn with this deviation."""
    told = DualHead(replace(plain.config, hints=True))
    torch.manual_seed(0)
    told.load_state_dict(told.state_dict() | plain.state_dict())
    for name, weight in told.named_parameters():
        if name.startswith("plate_hints"):
            torch.nn.init.normal_(weight, 0, spread)
    return told.eval()
