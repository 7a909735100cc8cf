"""Reads the weights of the border's small regressions. Knows nothing about what they compute."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np

Weights = TypeVar("Weights", bound=NamedTuple)


def weights_from_file(path: Path, kind: type[Weights]) -> Weights:
    """The arrays of an .npz that are named as the fields of `kind`.

    Raises:
        OSError, ValueError, KeyError, BadZipFile: it is no such file.
    """
    with np.load(path) as file:
        return kind._make(file[name] for name in kind._fields)
