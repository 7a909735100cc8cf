"""The mean of two trained networks of which one was trained on from the other.

Where fine-tuning has won something and lost something else, the mean often keeps both (Wortsman et
al. 2022, WiSE-FT). Knows nothing about training.
"""

from __future__ import annotations

from pathlib import Path

import torch

from edgeds.engine.network.checkpoint import (
    WeightsError,
    load_weights,
    made_of_weights,
    save_weights,
)


@torch.no_grad()
def average_weights(earlier: Path, later: Path, output: Path) -> None:
    """Write the mean; what it is made of adds up.

    Raises:
        WeightsError: one of them cannot be used, or they are not of one architecture.
    """
    network, other = load_weights(earlier), load_weights(later)
    if network.config != other.config:
        raise WeightsError(f"{earlier.name} and {later.name} are not of one architecture")
    for ours, theirs in zip(
        network.state_dict().values(), other.state_dict().values(), strict=True
    ):
        if ours.dtype.is_floating_point:
            ours.lerp_(theirs, 0.5)
        else:
            ours.copy_(theirs)
    made = [made_of_weights(path) for path in (earlier, later)]
    total = {key: sum(one.get(key, 0) for one in made) for key in ("steps", "samples", "secs")}
    save_weights(network, output, made=total)
