"""A network that is told nothing beside frame and plate."""

from __future__ import annotations

from dataclasses import replace

from edgeds.engine.network.frame_network import DualHead


def without_hints(network: DualHead) -> DualHead:
    plain = DualHead(replace(network.config, hints=False))
    kept = plain.state_dict().keys()
    plain.load_state_dict({n: t for n, t in network.state_dict().items() if n in kept})
    return plain.eval()
