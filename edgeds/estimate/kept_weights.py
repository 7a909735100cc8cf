"""Reads the weights of the border's small regressions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt


def kept_weights(path: Path, names: tuple[str, ...]) -> list[npt.NDArray[np.float32]]:
    """The arrays of these names in an .npz, in this order."""
    with np.load(path) as kept:
        return [kept[name] for name in names]
