"""A library of models that holds only what a test puts into it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from train.worlds.library import Library


def bare_library(data: Path, **held: Any) -> Library:
    """Of the training side; what is not given is empty."""
    bare = Library(
        data=data, split="train", backgrounds=[], foregrounds=[], furniture=[], tiles={},
        outdoors={}, beings=[],
    )  # fmt: skip
    return replace(bare, **held)
