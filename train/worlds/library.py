"""What worlds are made of, found in folders. Nothing of a validation split is used for training."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.worlds.furniture import Model, models_in
from train.worlds.textures import Cloth, cloth_in, light_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Models, tiles and photographs of one side of the split."""

    data: Path
    """The folder: backgrounds, foregrounds, textures, outdoor_models, interiors_3d, splits.json."""
    split: str
    backgrounds: list[Path]
    foregrounds: list[Path]
    furniture: list[Model]
    tiles: dict[str, list[Path]]

    def cloth(self, rng: np.random.Generator) -> Cloth:
        """The tiles, and four photographs to hang up and to cover things with."""
        count = len(self.backgrounds)
        chosen = rng.integers(count, size=4) if count else ()
        return Cloth([light_of(self.backgrounds[i]) for i in chosen], self.tiles)


def library_in(data: Path, furniture: Path | None, *, split: str = "train") -> Library:
    """The folder's parts that exist.

    Raises:
        FileNotFoundError: there is no splits.json, or no furniture where it is said to be.
    """
    names = json.loads((data / "splits.json").read_text())
    textures = data / "textures"
    return Library(
        data=data,
        split=split,
        backgrounds=[data / "backgrounds" / n for n in names["backgrounds"][split]],
        foregrounds=[data / "foregrounds" / n for n in names["foregrounds"][split]],
        furniture=models_in(furniture) if furniture else [],
        tiles=cloth_in(textures if textures.exists() else None),
    )
