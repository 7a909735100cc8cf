"""What differs between training the frame's network and the plate's: how a network is built, what a
batch is, what is minimised, what is shown. The loop is the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, TypeAlias

from torch import Tensor
from torch.utils.data import Dataset

from edgeds.engine.network.dual_head import DualHead
from edgeds.engine.network.plate_depth import PlateDepth

Network: TypeAlias = DualHead | PlateDepth
Batch: TypeAlias = Any
"""What the task's samples are collated to; only the task looks inside."""


class Task(Protocol):
    """One thing to learn."""

    loss_names: tuple[str, ...]
    """The parts of a step's record that are drawn as curves."""
    reread_secs: float | None
    """After so long the samples are asked for again, since their source may have grown."""

    def build(self) -> Any:
        """A new network with random weights."""

    def samples(self, size: tuple[int, int], /) -> Dataset[Any]:
        """The endless sequence of samples, as it is now."""

    def losses(self, network: Any, batch: Batch, /, *, device: str) -> dict[str, Tensor]:
        """One number for each name; "loss" is what is minimised."""

    def write_predictions(self, network: Any, path: Path, /) -> None:
        """A picture of what the network says of some samples of another seed."""

    def validation(self, network: Any, size: tuple[int, int], /) -> dict[str, float]:
        """Scores on material that nothing is trained on, at the size of the phase, for the log; may
        be empty.
        """
