"""Sets as commands are given them: paths of sets, and which of their scenes count."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edgeds.evaluation.dataset import Dataset

Scenes = Annotated[str | None, typer.Option(help="score only these scenes, such as '*7'")]


def sets_of(paths: Sequence[Path], scenes: str | None) -> list[Dataset]:
    """The sets, with these scenes alone if a pattern is given."""
    from edgeds.evaluation.dataset import read_set

    read = [read_set(path) for path in paths]
    return read if scenes is None else [dataset.of_scenes(scenes) for dataset in read]
