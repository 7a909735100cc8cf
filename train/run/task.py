"""What differs between training the frame's network and the plate's: the network, the batches, the
losses and the pictures. The training loop is the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, TypeAlias

from torch import Tensor
from torch.utils.data import Dataset

from edgeds.engine.network.frame_network import DualHead
from edgeds.engine.network.plate_depth_network import PlateDepth

Network: TypeAlias = DualHead | PlateDepth
Batch: TypeAlias = Any
"""A batch of the task's samples; only the task knows its contents."""


class Task(Protocol):
    """One network to train, with its samples and losses."""

    loss_names: tuple[str, ...]
    """The entries of a step's record that are drawn as curves."""
    reread_secs: float | None
    """Time after which the loop asks for the samples again, since their source may have grown."""

    def build(self) -> Any:
        """A new network with random weights."""

    def samples(self, size: tuple[int, int], /) -> Dataset[Any]:
        """The endless sequence of samples, as it is now."""

    def losses(self, network: Any, batch: Batch, /, *, device: str) -> dict[str, Tensor]:
        """One number for each name; training minimises "loss"."""

    def write_predictions(self, network: Any, path: Path, /) -> None:
        """Write a picture of the network's predictions for some samples of another seed."""

    def validation(self, network: Any, size: tuple[int, int], /) -> dict[str, float]:
        """Scores on validation material, at the size of the phase, for the log; may be empty."""
