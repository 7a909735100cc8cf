"""The material of worlds, found in folders. Validation material is never used for training."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from train.worlds.avatars import Avatar, avatar, stands
from train.worlds.furniture import BEINGS, OUTDOORS, VEHICLES, Model, models_in
from train.worlds.glb import Prop, props_in
from train.worlds.raycast import Vectors
from train.worlds.textures import Cloth, cloth_in, light_of
from train.worlds.track_models import TRACKS

Thing = Prop | Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Models, tiles and photographs of one side of the split."""

    data: Path
    """The folder: backgrounds, foregrounds, textures, outdoor_models, interiors_3d, splits.json."""
    split: str
    backgrounds: list[Path]
    foregrounds: list[Path]
    furniture: list[Model]
    outdoors: dict[str, list[Thing]]
    """Models for outdoors by kind: building, vehicle, tree, post, sign, prop, garden."""
    beings: list[Model]
    """People and animals."""
    tiles: dict[str, list[Path]]
    tracks: Path = TRACKS
    """SuperTuxKart's data: tracks/, library/, textures/."""

    def photo(self, rng: np.random.Generator) -> Vectors | None:
        """A photograph of outdoors with a bright upper part, for the horizon."""
        skies = _with_sky(tuple(self.backgrounds))
        return light_of(skies[int(rng.integers(len(skies)))], 320) if skies else None

    def person(self, rng: np.random.Generator) -> Avatar | None:
        """A cut-out of a standing person, with depth."""
        standing = _standing(tuple(self.foregrounds), self.data / "people_depth")
        if not standing:
            return None
        path = standing[int(rng.integers(len(standing)))]
        return avatar(path, self.data / "people_depth" / f"{path.stem}.png")

    def has_people(self) -> bool:
        standing = _standing(tuple(self.foregrounds), self.data / "people_depth")
        return bool(standing) or bool(self.beings)

    def cloth(self, rng: np.random.Generator) -> Cloth:
        """The tiles, and four photographs to hang up or to cover things with."""
        count = len(self.backgrounds)
        chosen = rng.integers(count, size=4) if count else ()
        return Cloth([light_of(self.backgrounds[i]) for i in chosen], self.tiles)


def library_in(
    data: Path, furniture: Path | None, *, split: str = "train", tracks: Path = TRACKS
) -> Library:
    """The folder's parts that exist.

    Raises:
        FileNotFoundError: there is no splits.json, or no furniture in the given folder.
    """
    names = json.loads((data / "splits.json").read_text())
    textures = data / "textures"
    return Library(
        data=data,
        split=split,
        backgrounds=[data / "backgrounds" / n for n in names["backgrounds"][split]],
        foregrounds=[data / "foregrounds" / n for n in names["foregrounds"][split]],
        furniture=models_in(furniture) if furniture else [],
        outdoors=_outdoors(data / "outdoor_models", furniture),
        beings=models_in(furniture, BEINGS, largest_bytes=8_000_000) if furniture else [],
        tiles=cloth_in(textures if textures.exists() else None),
        tracks=tracks,
    )


def _outdoors(models: Path, furniture: Path | None) -> dict[str, list[Thing]]:
    found: dict[str, list[Thing]] = {kind: list(props) for kind, props in props_in(models).items()}
    if furniture:
        found.setdefault("vehicle", []).extend(models_in(furniture, VEHICLES, largest_m=22))
        for model in models_in(furniture, OUTDOORS, largest_m=22):
            wanted = any(word in model.name for word in _TREES)
            if not any(word in model.name for word in _UNWANTED):
                found.setdefault("tree" if wanted else "garden", []).append(model)
    return found


_TREES = ("tree", "maple", "pine", "poplar", "cypress", "acacia", "beech", "ficus", "palm", "coco")
_UNWANTED = ("snow", "pool", "rail", "slot", "arrow", "crossing", "sidewalk", "pier", "diving")


@lru_cache(maxsize=4)
def _with_sky(photos: tuple[Path, ...]) -> list[Path]:
    """Photographs of outdoors: their upper fifth is bright, smooth, blue or grey, like sky."""
    found = []
    for path in photos:
        small = light_of(path, 64) ** np.float32(0.45)
        grey = small.mean(-1)
        sky, rest = small[: len(small) // 5], grey[len(grey) // 3 :]
        red, _, blue = sky.reshape(-1, 3).mean(0)
        rough = float(np.abs(np.diff(sky.mean(-1), axis=1)).mean())
        bright = sky.mean() > 0.5 and sky.mean() > 1.1 * rest.mean()
        if bright and rough < 0.03 and blue > 0.97 * red and grey.std() < 0.3:
            found.append(path)
    return found


@lru_cache(maxsize=4)
def _standing(cutouts: tuple[Path, ...], depths: Path) -> list[Path]:
    return [path for path in cutouts if stands(path, depths / f"{path.stem}.png")]
